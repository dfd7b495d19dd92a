// Modules: the modules of a Switch and the boundary to them: each call passes here, is watched,
// and disables the module if it throws. Internal to transport.
// Threading: the node's thread; check_thread() from any.
#pragma once

#include <parley/base/thread_check.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/switch/switch_config.hpp>
#include <parley/transport/switch/switch_info.hpp>

#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace parley::transport {

class Modules {
public:
    /// Modules are known by their index in `modules`. Throws std::invalid_argument if no peer could
    /// take their topics (check_topics).
    Modules(std::vector<PeerHandler*> modules, OnModuleException then, Log& log);

    std::size_t size() const { return modules_.size(); }
    PeerHandler& at(std::size_t module) const { return *modules_[module]; }
    const TopicSpec& spec(std::size_t module) const { return specs_[module]; }
    /// By name: the order of a Hello.
    std::vector<TopicSpec> sorted_specs() const;
    /// The module that has the topic.
    std::optional<std::size_t> find(std::string_view topic) const;

    /// Runs `run`, which calls into a module by the function named `call`. False: it threw, and
    /// the module is disabled from now on.
    template <class F>
    bool call(std::size_t module, std::string_view call, F&& run) {
        const Watched watched{call_watch, specs_[module].name, call};
        return call_unwatched(module, call, std::forward<F>(run));
    }
    /// The same where the caller tells the watch.
    template <class F>
    bool call_unwatched(std::size_t module, std::string_view call, F&& run) {
        try {
            std::forward<F>(run)();
            return true;
        } catch (const std::exception& e) {
            disable(module, call, e.what());
        } catch (...) {
            disable(module, call, "no std::exception");
        }
        return false;
    }
    bool disabled(std::size_t module) const { return disabled_[module]; }
    /// The topic of the first module that threw.
    const std::optional<std::string>& failed() const { return failed_; }

    /// Of those that are not disabled. In the past if one threw when it was asked.
    Instant next_wakeup() const;

    /// The thread of the node is the calling one.
    void is_here() { thread_.here(); }
    /// Reports a module's call that comes from another thread than the node's; of each kind only
    /// the first one. Debug builds alone.
    void check_thread(std::string_view call, std::string_view topic = "") const {
        if (thread_.is_elsewhere()) report_thread(call, topic);
    }
    void check_thread(std::string_view call, std::size_t module) const {
        if (thread_.is_elsewhere()) report_thread(call, specs_[module].name);
    }

    CallWatch* call_watch = nullptr;

private:
    class Watched {
    public:
        Watched(CallWatch* watch, std::string_view topic, std::string_view call) : watch_(watch) {
            if (watch_) watch_->enter(topic, call);
        }
        Watched(const Watched&) = delete;
        Watched& operator=(const Watched&) = delete;
        ~Watched() {
            if (watch_) watch_->leave();
        }

    private:
        CallWatch* watch_;
    };

    void disable(std::size_t module, std::string_view call, std::string_view what);
    void report_thread(std::string_view call, std::string_view topic) const;

    std::vector<PeerHandler*> modules_;
    std::vector<TopicSpec> specs_;  // by module
    std::vector<bool> disabled_;    // by module
    OnModuleException then_;
    Log& log_;
    std::optional<std::string> failed_;
    ThreadCheck thread_;
    mutable std::mutex reported_mutex_;
    mutable std::set<std::string> reported_;  // bounded by the topics and the names of calls
};

}  // namespace parley::transport
