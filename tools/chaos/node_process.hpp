// NodeProcess: one real `parley run` that faults are done to: its folder, its life, its RPC.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>

#include <boost/json.hpp>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::chaos {

namespace json = boost::json;

/// Where a node lives and what it is told.
struct NodePlace {
    std::string binary;
    std::string folder;
    std::size_t end = 1;  ///< of the wide-area network
    int space = -1;       ///< its network namespace
    std::string boot;     ///< a target; empty: none
    /// Instead of listening at its end, on a private address: words for `init`.
    std::vector<std::string> listen;
};

/// Threading: call() from any thread, the rest from one. The process is killed with the object,
/// and when this program ends, however it does.
class NodeProcess {
public:
    /// Makes the folder with key and settings. Throws std::runtime_error with what `init` said.
    explicit NodeProcess(NodePlace place);
    NodeProcess(const NodeProcess&) = delete;
    NodeProcess& operator=(const NodeProcess&) = delete;
    ~NodeProcess();

    /// `variables`: NAME=VALUE, beside the environment of this program.
    void start(const std::vector<std::string>& variables = {});
    void signal(int number) const;
    /// Waits for its end, as long as it takes.
    void reap();
    /// SIGTERM, and SIGKILL if it has not ended 10 s later.
    void stop();
    bool running();
    pid_t pid() const { return pid_; }
    /// Descriptors that are open now.
    std::size_t files() const;

    /// A method over its Unix socket; the error says what went wrong.
    Result<json::value, std::string> call(std::string_view method, json::array params = {},
                                          Duration timeout = 5s) const;
    /// Links that are up; nothing while it does not answer.
    std::size_t links() const;
    /// How many of these transactions it does not have; all of them while it does not answer.
    std::size_t missing(const std::vector<std::string>& hashes) const;

    const std::string& name() const { return name_; }
    const std::string& id() const { return id_; }
    std::string store() const { return place_.folder + "/store"; }
    std::string target() const;
    const NodePlace& place() const { return place_; }
    static constexpr unsigned port = 30700;

private:
    NodePlace place_;
    std::string name_;
    std::string id_;
    pid_t pid_ = -1;
};

}  // namespace parley::chaos
