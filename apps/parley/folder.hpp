// A node's folder: what is where, and the lock that keeps two processes out of one folder.
#pragma once

#include "command.hpp"
#include <parley/node/config/config.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <string>
#include <string_view>

namespace parley::app {

struct Folder {
    std::string path;

    std::string file(std::string_view name) const;
    std::string key() const { return file("node.key"); }
    std::string config() const { return file("parley.toml"); }
    std::string store() const { return file("store"); }
    std::string lock() const { return file("lock"); }
    /// Where the settings say, relative to the folder.
    std::string socket(const node::NodeConfig& settings) const;
};

/// The whole of a file of at most a megabyte.
Result<std::string, Failure> read_small_file(const std::string& path);

/// Fails if the folder or its settings are not there or wrong; the message names line and key.
Result<node::NodeConfig, Failure> read_config(const Folder& folder);

/// A new file of that mode, on disk when it returns; fails if there is one already.
Outcome write_new_file(const std::string& path, std::string_view text, unsigned mode);
/// A file of that mode in the place of the one there is; after a crash it is one of the two.
/// Precondition: nobody else replaces it at the same time (lock_folder).
Outcome replace_file(const std::string& path, std::string_view text, unsigned mode);

/// Held as long as the descriptor is open; the system gives it back when a process ends.
Result<runtime::UniqueFd, Failure> lock_folder(const Folder& folder);

/// "No such file or directory".
std::string system_message(int error);

}  // namespace parley::app
