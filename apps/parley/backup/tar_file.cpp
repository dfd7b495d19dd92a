#include "backup/tar_file.hpp"
#include "folder.hpp"
#include <parley/runtime/io/sync_folder.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace parley::app {

namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::uint64_t octal_size_max = (std::uint64_t{1} << 33) - 1;
constexpr char file_type = '0';
constexpr char folder_type = '5';

// Where the fields of a header are (POSIX.1-2001, pax, "ustar Header Block").
struct Field {
    std::size_t at;
    std::size_t bytes;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, user_field{108, 8}, group_field{116, 8},
    size_field{124, 12}, time_field{136, 12}, sum_field{148, 8}, type_field{156, 1},
    magic_field{257, 8};

using Header = std::array<char, block_bytes>;

void put_text(Header& header, Field field, std::string_view text) {
    assert(text.size() <= field.bytes);
    std::ranges::copy(text, header.begin() + static_cast<std::ptrdiff_t>(field.at));
}

void put_octal(Header& header, Field field, std::uint64_t value) {
    put_text(header, field, fmt::format("{:0{}o}", value, field.bytes - 1));
}

/// Beyond what octal digits hold: big endian, with the first bit set.
void put_size(Header& header, std::uint64_t size) {
    if (size <= octal_size_max) return put_octal(header, size_field, size);
    for (std::size_t i = 0; i < sizeof size; ++i) {
        header[size_field.at + size_field.bytes - 1 - i] = static_cast<char>(size >> 8 * i);
    }
    header[size_field.at] = static_cast<char>(0x80);
}

Header header_of(std::string_view name, unsigned mode, char type, std::uint64_t size,
                 const TarOwner& owner) {
    Header out{};
    put_text(out, name_field, name);
    put_octal(out, mode_field, mode);
    put_octal(out, user_field, owner.user);
    put_octal(out, group_field, owner.group);
    put_size(out, size);
    put_octal(out, time_field, static_cast<std::uint64_t>(owner.unix_seconds));
    put_text(out, sum_field, "        ");
    put_text(out, type_field, {&type, 1});
    put_text(out, magic_field, {"ustar\00000", 8});
    unsigned sum = 0;
    for (const char c : out) sum += static_cast<unsigned char>(c);
    put_text(out, sum_field, fmt::format("{:06o}", sum));
    out[sum_field.at + 6] = '\0';
    return out;
}

Bytes bytes_of_header(const Header& header) {
    return bytes_of(std::string_view{header.data(), header.size()});
}

bool is_same_file(int fd, const std::string& path) {
    struct stat open{};
    struct stat named{};
    return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
           open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

}  // namespace

Result<TarFile, Failure> TarFile::create(const std::string& path, const TarOwner& owner) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
        return failed(fmt::format("{} is there already and is left as it is", path));
    }
    const auto part = path + ".part";
    runtime::UniqueFd fd{::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    if (!fd) return failed(fmt::format("cannot make {}: {}", part, system_message(errno)));
    // Whoever had it may have finished since, and given it its name.
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || !is_same_file(fd.get(), part)) {
        return failed(fmt::format("{} is being written by another command", part));
    }
    if (::ftruncate(fd.get(), 0) != 0) {
        return failed(fmt::format("cannot write {}: {}", part, system_message(errno)));
    }
    return TarFile{path, owner, std::move(fd)};
}

TarFile::~TarFile() {
    if (fd_) ::unlink((path_ + ".part").c_str());
}

std::unexpected<Failure> TarFile::refused(int error) const {
    return failed(fmt::format("cannot write {}.part: {}", path_, system_message(error)));
}

Outcome TarFile::put(std::uint64_t offset, Bytes bytes) {
    while (!bytes.empty()) {
        const auto written =
            ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return refused(errno);
        offset += static_cast<std::uint64_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    size_ = std::max(size_, offset);
    return {};
}

Outcome TarFile::pad() {
    static constexpr std::array<std::byte, block_bytes> zeros{};
    const auto over = size_ % block_bytes;
    return over == 0 ? Outcome{} : put(size_, Bytes{zeros}.first(block_bytes - over));
}

Outcome TarFile::add_folder(std::string_view name, unsigned mode) {
    return put(size_, bytes_of_header(header_of(name, mode, folder_type, 0, owner_)));
}

Outcome TarFile::begin(std::string_view name, unsigned mode) {
    if (name.size() > name_field.bytes) {
        return failed(fmt::format("{}: expected a name of at most {} bytes, got {}", name,
                                  name_field.bytes, name.size()));
    }
    header_at_ = size_;
    name_ = name;
    mode_ = mode;
    return put(size_, bytes_of_header(Header{}));
}

Outcome TarFile::write(Bytes bytes) {
    return put(size_, bytes);
}

Outcome TarFile::end() {
    const auto size = size_ - header_at_ - block_bytes;
    if (auto ok = pad(); !ok) return ok;
    return put(header_at_, bytes_of_header(header_of(name_, mode_, file_type, size, owner_)));
}

Outcome TarFile::add(std::string_view name, std::string_view text, unsigned mode) {
    if (auto ok = begin(name, mode); !ok) return ok;
    if (auto ok = write(bytes_of(text)); !ok) return ok;
    return end();
}

Outcome TarFile::finish() {
    for (int i = 0; i < 2; ++i) {
        if (auto ok = put(size_, bytes_of_header(Header{})); !ok) return ok;
    }
    if (::fsync(fd_.get()) != 0) return refused(errno);
    if (::rename((path_ + ".part").c_str(), path_.c_str()) != 0) return refused(errno);
    fd_ = runtime::UniqueFd{};
    if (const int error = runtime::sync_folder_of(path_)) return refused(error);
    return {};
}

}  // namespace parley::app
