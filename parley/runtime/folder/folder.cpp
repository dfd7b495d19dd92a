#include <parley/runtime/folder/folder.hpp>

#include <parley/runtime/clock.hpp>
#include <parley/runtime/io/sync_folder.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

namespace parley::runtime {

namespace {

/// The whole of a file.
Result<std::string, StartError> read_all(int fd, const std::string& path, std::size_t bytes_max) {
    std::string out;
    std::array<char, 1U << 16> buffer;
    while (true) {
        const auto got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(fmt::format("cannot read {}: {}", path, system_message(errno)));
        if (got == 0) return out;
        out.append(buffer.data(), static_cast<std::size_t>(got));
        if (out.size() > bytes_max) return failed(fmt::format("{} is too large", path));
    }
}

Result<void, StartError> write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const auto wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
            return failed(fmt::format("cannot write {}: {}", path, system_message(errno)));
        }
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

Result<UniqueFd, StartError> open_file(const std::string& path) {
    UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return failed(fmt::format("cannot open {}: {}", path, system_message(errno)));
    return fd;
}

}  // namespace

std::string system_message(int error) {
    return std::generic_category().message(error);
}

std::string Folder::file(std::string_view name) const {
    return (std::filesystem::path{path} / name).string();
}

Result<std::string, StartError> read_small_file(const std::string& path, std::size_t bytes_max) {
    const auto fd = open_file(path);
    if (!fd) return std::unexpected{fd.error()};
    return read_all(fd->get(), path, bytes_max);
}

Result<AsMap, StartError> read_as_map(const Folder& folder, std::string_view name) {
    const auto path = folder.file(name);
    const auto text = read_small_file(path, AsMap::text_bytes_max);
    if (!text) return std::unexpected{text.error()};
    auto map = AsMap::parse(*text);
    if (map) return *std::move(map);
    const auto& error = map.error();
    return failed(error.line == 0 ? fmt::format("{}: {}", path, message(error))
                                  : fmt::format("{}:{}: {}", path, error.line, message(error)));
}

bool others_can_read(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 && (info.st_mode & secret_mode_too_open) != 0;
}

Result<std::string, StartError> read_config_text(const Folder& folder) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder.path, ignored)) {
        return failed(
            fmt::format("there is no folder {0}; `parley init {0}` makes one", folder.path));
    }
    if (!std::filesystem::exists(folder.config(), ignored)) {
        return failed(
            fmt::format("{0} is no node's folder: it has no parley.toml; "
                        "`parley init {0}` makes one",
                        folder.path));
    }
    return read_small_file(folder.config());
}

Result<SecretBytes, StartError> read_secret_file(const std::string& path, std::size_t bytes_max) {
    const auto opened = open_file(path);
    if (!opened) return std::unexpected{opened.error()};
    const auto& fd = *opened;
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) {
        return failed(fmt::format("cannot read {}: {}", path, system_message(errno)));
    }
    if (S_ISREG(info.st_mode) && (info.st_mode & secret_mode_too_open) != 0) {
        return failed(
            fmt::format("{0} can be read by others (mode {1:04o}): whoever has read it "
                        "can pose as this node; `chmod 600 {0}`",
                        path, info.st_mode & 07777U));
    }
    SecretBytes out{bytes_max + 1};
    std::size_t size = 0;
    while (size < out.size()) {
        const auto rest = out.bytes().subspan(size);
        const auto got = ::read(fd.get(), rest.data(), rest.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(fmt::format("cannot read {}: {}", path, system_message(errno)));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > bytes_max) return failed(fmt::format("{} is too large", path));
    out.truncate(size);
    return out;
}

Result<void, StartError> write_new_file(const std::string& path, std::string_view text,
                                        unsigned mode) {
    const UniqueFd fd{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode))};
    if (!fd && errno == EEXIST) {
        return failed(fmt::format("{} is there already and is left as it is", path));
    }
    if (!fd) return failed(fmt::format("cannot make {}: {}", path, system_message(errno)));
    if (const auto written = write_all(fd.get(), text, path); !written) return written;
    if (::fsync(fd.get()) != 0) {
        return failed(fmt::format("cannot write {}: {}", path, system_message(errno)));
    }
    return {};
}

Result<void, StartError> replace_file(const std::string& path, std::string_view text,
                                      unsigned mode) {
    const auto next = path + ".new";
    ::unlink(next.c_str());  // of somebody who crashed
    if (auto ok = write_new_file(next, text, mode); !ok) return ok;
    if (::rename(next.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(next.c_str());
        return failed(fmt::format("cannot replace {}: {}", path, system_message(error)));
    }
    if (const int error = sync_folder_of(path)) {
        return failed(fmt::format("cannot write {}: {}", path, system_message(error)));
    }
    return {};
}

Result<void, StartError> make_folder(const Folder& folder, std::string_view settings,
                                     std::string_view key_text) {
    std::error_code error;
    std::filesystem::create_directories(folder.path, error);
    if (error) return failed(fmt::format("cannot make {}: {}", folder.path, error.message()));
    const auto store = LmdbStore::open(folder.store(), LmdbStore::Create::yes, {});
    if (!store) return failed(fmt::format("{}: {}", folder.store(), message(store.error())));
    if (auto ok = write_new_file(folder.config(), settings, 0600); !ok) return ok;
    return key_text.empty() ? Result<void, StartError>{}
                            : write_new_file(folder.key(), key_text, 0600);
}

namespace {

Result<UniqueFd, StartError> open_lock(const Folder& folder) {
    const auto path = folder.lock();
    UniqueFd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (!fd) return failed(fmt::format("cannot open {}: {}", path, system_message(errno)));
    return fd;
}

/// False if others hold a lock that excludes it.
Result<bool, StartError> try_lock(const Folder& folder, const UniqueFd& fd, int how) {
    if (::flock(fd.get(), how | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return failed(fmt::format("cannot lock {}: {}", folder.lock(), system_message(errno)));
}

}  // namespace

Result<UniqueFd, StartError> lock_folder(const Folder& folder, Duration patience) {
    auto fd = open_lock(folder);
    if (!fd) return fd;
    for (const auto end = monotonic_now() + patience; monotonic_now() < end;) {
        for (const int how : {LOCK_EX, LOCK_SH}) {
            const auto locked = try_lock(folder, *fd, how);
            if (!locked) return std::unexpected{locked.error()};
            if (*locked && how == LOCK_EX) return fd;
            if (*locked) break;  // there are only readers
            if (how == LOCK_SH) return failed(fmt::format("another node runs in {}", folder.path));
        }
        ::flock(fd->get(), LOCK_UN);
        std::this_thread::sleep_for(10ms);
    }
    return failed(fmt::format("{} is being read by another command: try again", folder.path));
}

Result<UniqueFd, StartError> lock_folder_to_read(const Folder& folder) {
    auto fd = open_lock(folder);
    if (!fd) return fd;
    const auto locked = try_lock(folder, *fd, LOCK_SH);
    if (!locked) return std::unexpected{locked.error()};
    if (!*locked) return failed(fmt::format("another node runs in {}", folder.path));
    return fd;
}

}  // namespace parley::runtime
