// Folder: where the files of a node are, how they are read and written so that a crash leaves whole
// ones, and the lock that keeps two processes out of one folder. The commands of `parley` work on
// the folder of any program that keeps to this layout.
// Threading: any thread; errors are in words for the user.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/secret_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/as_map.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/start_error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::runtime {

struct Folder {
    std::string path;

    /// The path of a file in the folder, whether it exists or not. An absolute one stays as it is.
    std::string file(std::string_view name) const;
    std::string key() const { return file("node.key"); }
    std::string config() const { return file("parley.toml"); }
    std::string store() const { return file("store"); }
    std::string lock() const { return file("lock"); }
};

/// The text of parley.toml. Fails if the folder or the file is not there.
Result<std::string, StartError> read_config_text(const Folder& folder);

/// The whole of a file of at most a megabyte, or as the caller says.
Result<std::string, StartError> read_small_file(const std::string& path,
                                                std::size_t bytes_max = 1U << 20);
/// The map that the setting p2p.as_map names. An error tells the line.
Result<AsMap, StartError> read_as_map(const Folder& folder, std::string_view name);
/// Bits of a mode that no file with a secret may have. A group may read it: so systemd and
/// Kubernetes mount secrets.
inline constexpr unsigned secret_mode_too_open = 037;
/// Whether a file is there and has such bits.
bool others_can_read(const std::string& path);
/// The whole of a file of at most `bytes_max`. Fails if it is a regular file that is too open.
Result<SecretBytes, StartError> read_secret_file(const std::string& path, std::size_t bytes_max);

/// A new file of that mode, on disk when it returns; fails if there is one already.
Result<void, StartError> write_new_file(const std::string& path, std::string_view text,
                                        unsigned mode);
/// A file of that mode in the place of the one there is; after a crash it is one of the two.
/// Precondition: nobody else replaces it at the same time (lock_folder).
Result<void, StartError> replace_file(const std::string& path, std::string_view text,
                                      unsigned mode);

/// A new node's folder: settings, an empty store, and the key last, so that a folder with a key is
/// whole. With an empty `key_text` there is a key already.
Result<void, StartError> make_folder(const Folder& folder, std::string_view settings,
                                     std::string_view key_text);

/// For who runs a node in the folder, or changes it. Held as long as the descriptor is open; the
/// system gives it back when a process ends. Waits for commands that only read.
Result<UniqueFd, StartError> lock_folder(const Folder& folder, Duration patience = 10s);
/// For who reads the store while no node runs: any number of processes. Fails at once where one has
/// the other lock.
Result<UniqueFd, StartError> lock_folder_to_read(const Folder& folder);

/// "No such file or directory".
std::string system_message(int error);

}  // namespace parley::runtime
