// parley sim --dht: what lookups in the DHT come to.
#pragma once

#include "command.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::app {

/// `nodes`: of the network; nothing: 1,000, then 10,000. Prints a table.
Outcome run_dht(std::uint64_t seed, std::optional<std::size_t> nodes);

}  // namespace parley::app
