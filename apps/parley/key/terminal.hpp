// Asks on the terminal for what must not be seen.
#pragma once

#include "command.hpp"
#include <parley/base/secret_bytes.hpp>

#include <cstddef>
#include <string>

namespace parley::app {

bool stdin_is_terminal();

/// Writes `prompt` to standard error and reads a line that is not echoed, without its end. The
/// terminal is as it was afterwards, also when a signal ends the program meanwhile. Precondition:
/// stdin_is_terminal(), and no other thread runs.
Result<SecretBytes, Failure> read_hidden_line(const std::string& prompt, std::size_t bytes_max);

}  // namespace parley::app
