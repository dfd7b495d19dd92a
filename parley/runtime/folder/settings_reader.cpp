#include <parley/runtime/folder/settings_reader.hpp>

#include <mutex>
#include <thread>
#include <utility>

namespace parley::runtime {

struct SettingsReader::Shared {
    Folder folder;
    std::mutex mutex;
    Done done;  // under mutex, as the next two; empty: the reader is gone
    bool reading = false;
    bool again = false;

    void run() {
        for (bool more = true; more;) {
            const auto text = read_config_text(folder);
            const std::scoped_lock lock{mutex};
            reading = more = std::exchange(again, false);
            if (!done) return;
            if (!more) done(text);  // else the file may have changed since
        }
    }
};

SettingsReader::SettingsReader(Folder folder, Done done)
    : shared_(std::make_shared<Shared>(std::move(folder))) {
    shared_->done = std::move(done);
}

SettingsReader::~SettingsReader() {
    const std::scoped_lock lock{shared_->mutex};
    shared_->done = nullptr;
}

bool SettingsReader::read() {
    const std::scoped_lock lock{shared_->mutex};
    if (std::exchange(shared_->reading, true)) {
        shared_->again = true;
        return false;
    }
    std::thread{[shared = shared_] { shared->run(); }}.detach();
    return true;
}

}  // namespace parley::runtime
