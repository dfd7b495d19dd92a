// SettingsReader: reads parley.toml while the node runs, on a thread of its own: a file system that
// hangs, or a pipe that nobody writes, holds up nobody, and such a thread is left behind at the
// end. Threading: read() from any thread; `done` is called on the reader's own.
#pragma once

#include <parley/runtime/folder/folder.hpp>

#include <functional>
#include <memory>
#include <string>

namespace parley::runtime {

class SettingsReader {
public:
    using Done = std::function<void(const Result<std::string, StartError>& text)>;

    SettingsReader(Folder folder, Done done);
    /// Waits for `done` to return, never for the file. Afterwards `done` is not called.
    ~SettingsReader();
    SettingsReader(const SettingsReader&) = delete;
    SettingsReader& operator=(const SettingsReader&) = delete;

    /// Reads the file and calls `done`. False if that is still under way: then it is read once more
    /// after that.
    bool read();

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;  // with the thread, which may outlive the reader
};

}  // namespace parley::runtime
