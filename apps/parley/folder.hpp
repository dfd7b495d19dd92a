// A node's folder, as the commands see it.
#pragma once

#include "command.hpp"
#include <parley/node/node.hpp>
#include <parley/runtime/folder/folder.hpp>

#include <string>

namespace parley::app {

using runtime::Folder;
using runtime::lock_folder;
using runtime::read_secret_file;
using runtime::read_small_file;
using runtime::replace_file;
using runtime::system_message;
using runtime::write_new_file;

/// The settings. Tables that Parley does not know are passed over: they belong to a program that
/// embeds it. Fails if the folder or its settings are not there or wrong; the message names line
/// and key.
Result<node::NodeConfig, Failure> read_config(const Folder& folder);

/// The Unix socket, where the settings say.
std::string socket_of(const Folder& folder, const node::NodeConfig& config);

}  // namespace parley::app
