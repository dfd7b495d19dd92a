// parley dht crawl.
#pragma once

#include "command.hpp"

namespace parley::app {

void add_dht_crawl(CLI::App& dht, Chosen& chosen);

}  // namespace parley::app
