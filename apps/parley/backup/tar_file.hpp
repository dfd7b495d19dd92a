// TarFile: a new archive that `tar` reads (POSIX ustar; sizes above 8 GiB as GNU and others write
// them), of files whose sizes are known only when they end. It has its name once it is whole and on
// disk: until then it is NAME.part, which goes with the writer, and after a kill the next one takes
// it over. Constant memory. Threading: one thread.
#pragma once

#include "command.hpp"
#include <parley/base/bytes.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::app {

/// Whose the files are when root unpacks them, and when they were changed.
struct TarOwner {
    unsigned user = 0;
    unsigned group = 0;
    std::int64_t unix_seconds = 0;
};

class TarFile {
public:
    /// Mode 0600. Fails where there is a file of this name, or somebody writes one.
    static Result<TarFile, Failure> create(const std::string& path, const TarOwner& owner);
    TarFile(TarFile&&) = default;
    TarFile& operator=(TarFile&&) = delete;
    ~TarFile();

    Outcome add_folder(std::string_view name, unsigned mode);
    Outcome add(std::string_view name, std::string_view text, unsigned mode);
    /// A file in pieces: begin, write, end. Names have at most 100 bytes.
    Outcome begin(std::string_view name, unsigned mode);
    Outcome write(Bytes bytes);
    Outcome end();

    /// The archive is whole: on disk, and under its name. The last call.
    Outcome finish();
    std::uint64_t size_bytes() const { return size_; }

private:
    TarFile(std::string path, const TarOwner& owner, runtime::UniqueFd fd)
        : path_(std::move(path)), owner_(owner), fd_(std::move(fd)) {}
    Outcome put(std::uint64_t offset, Bytes bytes);
    Outcome pad();
    std::unexpected<Failure> refused(int error) const;

    std::string path_;
    TarOwner owner_;
    runtime::UniqueFd fd_;
    std::uint64_t size_ = 0;
    std::uint64_t header_at_ = 0;  // of the file that is written
    std::string name_;
    unsigned mode_ = 0;
};

}  // namespace parley::app
