// parley network up: runs all nodes of a network, and shows them.
#include "client/client.hpp"
#include "client/watch.hpp"
#include "folder.hpp"
#include "network/network.hpp"
#include "text.hpp"
#include <parley/runtime/io/unique_fd.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace parley::app {

namespace {

constexpr auto description =
    R"(Runs all nodes of the network in DIR, and shows them once a second until Ctrl-C,
which ends them all. A node that ends is not started again.)";

constexpr auto footer = R"text(EXAMPLES
  parley network new trial && parley network up trial
  parley status trial/node-1
  parley consensus trial/validator-1 --watch

FILES
  DIR/NODE/log   what each node says

EXIT STATUS
  0 ended by a signal, 1 it could not begin, 2 wrong command line)text";

/// A node in a process of its own, which ends with this.
class NodeProcess {
public:
    explicit NodeProcess(std::string folder) : folder_(std::move(folder)) {}
    NodeProcess(NodeProcess&& other) noexcept
        : folder_(std::move(other.folder_)), pid_(std::exchange(other.pid_, 0)) {}
    NodeProcess& operator=(NodeProcess&&) = delete;
    NodeProcess(const NodeProcess&) = delete;
    NodeProcess& operator=(const NodeProcess&) = delete;
    ~NodeProcess() {
        if (!is_running()) return;
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }

    Outcome start() {
        const auto log = folder_ + "/log";
        const runtime::UniqueFd fd{
            ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
        if (!fd) return failed(fmt::format("{}: {}", log, system_message(errno)));
        std::string program = "/proc/self/exe";
        std::string run = "run";
        const std::array<char*, 4> args{program.data(), run.data(), folder_.data(), nullptr};
        const auto parent = ::getpid();
        pid_ = ::fork();
        if (pid_ == 0) {
            // If the parent is killed, this ends too.
            ::prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (::getppid() != parent) ::_exit(1);
            ::dup2(fd.get(), STDOUT_FILENO);
            ::dup2(fd.get(), STDERR_FILENO);
            ::execv(args[0], args.data());
            ::_exit(127);
        }
        if (pid_ < 0)
            return failed(fmt::format("cannot run {}: {}", folder_, system_message(errno)));
        return {};
    }
    /// Tells it to end; the destructor waits.
    void stop() {
        if (is_running()) ::kill(pid_, SIGTERM);
    }
    bool is_running() {
        if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
        return pid_ > 0;
    }
    const std::string& folder() const { return folder_; }

private:
    std::string folder_;
    pid_t pid_ = 0;
};

std::vector<std::string> row_of(NodeProcess& node) {
    const auto name = std::filesystem::path{node.folder()}.filename().string();
    if (!node.is_running()) return {name, "ended", "", "", "see " + node.folder() + "/log"};
    const auto status = call(node.folder(), "parley_status");
    if (!status) return {name, "", "", "", "starting"};
    return {name, count_text(number_at(*status, "/head/number")),
            fmt::to_string(number_at(*status, "/links/inbound") +
                           number_at(*status, "/links/outbound")),
            count_text(number_at(*status, "/pool/count")), "http://" + text_at(*status, "/http")};
}

/// Where the network's other programs are.
std::string hint(const std::string& folder) {
    std::error_code ignored;
    const auto script = folder + "/watch";
    if (!std::filesystem::exists(script, ignored)) return {};
    return fmt::format("\nPrometheus and Grafana: {}; services for systemd: {}/systemd\n", script,
                       folder);
}

std::string picture(std::vector<NodeProcess>& nodes) {
    using enum Table::Align;
    Table table{{left, right, right, right, left}, {{"NODE", "HEAD", "LINKS", "POOL", "JSON-RPC"}}};
    std::optional<boost::json::value> view;
    for (auto& node : nodes) {
        table.rows.push_back(row_of(node));
        if (view || !node.is_running()) continue;
        if (auto reply = call(node.folder(), "parley_consensus")) view = std::move(*reply);
    }
    auto out = table.to_string();
    if (!view) return out;
    return out + fmt::format("\nBlock {}, round {}, waits for {}\n",
                             count_text(number_at(*view, "/height")), number_at(*view, "/round"),
                             text_at(*view, "/waitsFor"));
}

Outcome run_network(const std::string& folder) {
    const auto folders = nodes_of_network(folder);
    if (!folders) return std::unexpected{folders.error()};
    std::vector<NodeProcess> nodes;
    nodes.reserve(folders->size());
    for (const auto& one : *folders) {
        if (auto ok = nodes.emplace_back(one).start(); !ok) return ok;
    }
    const auto below = hint(folder);
    const auto shown =
        show(true, [&]() -> Result<std::string, Failure> { return picture(nodes) + below; });
    for (auto& node : nodes) node.stop();
    return shown;
}

}  // namespace

void add_network_up(CLI::App& network, Chosen& chosen) {
    auto* command = add_command(network, "up", "run all nodes of a network", description);
    command->footer(footer);
    auto folder = std::make_shared<std::string>();
    command->add_option("DIR", *folder, "The network's folder")->required();
    command->callback([folder, &chosen] { chosen = [folder] { return run_network(*folder); }; });
}

}  // namespace parley::app
