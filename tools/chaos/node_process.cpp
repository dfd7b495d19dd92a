#include "node_process.hpp"
#include <parley/runtime/http/rpc_client.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <tools/wan/wan.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace parley::chaos {

using runtime::UniqueFd;

namespace {

constexpr std::size_t batch_max = 100;  // as the node takes

/// Starts a program with its output in a file, ended with the calling thread.
pid_t spawn(std::vector<std::string> words, const std::vector<std::string>& variables,
            const std::string& output) {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> all = variables;
    for (char** v = environ; *v != nullptr; ++v) all.emplace_back(*v);
    std::vector<char*> env;
    for (auto& v : all) env.push_back(v.data());
    env.push_back(nullptr);
    const UniqueFd out{::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    const UniqueFd in{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (!out || !in) throw std::runtime_error{"cannot write " + output};
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error{"fork failed"};
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(in.get(), STDIN_FILENO);
        ::dup2(out.get(), STDOUT_FILENO);
        ::dup2(out.get(), STDERR_FILENO);
        ::execve(argv[0], argv.data(), env.data());
        ::_exit(127);
    }
    return pid;
}

std::string text_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

NodeProcess::NodeProcess(NodePlace place)
    : place_(std::move(place)), name_("node " + std::to_string(place_.end)) {
    std::vector<std::string> words{place_.binary, "init", place_.folder, "--json",
                                   "--http",      "off",  "--chain-id",  "1"};
    if (place_.listen.empty()) {
        const auto here = wan::Wan::address(place_.end) + ":" + std::to_string(port);
        words.insert(words.end(), {"--private", "--listen", here});
    }
    words.insert(words.end(), place_.listen.begin(), place_.listen.end());
    if (!place_.boot.empty()) words.insert(words.end(), {"--boot", place_.boot});
    const auto output = place_.folder + ".init";
    const pid_t pid = spawn(words, {}, output);
    int status = 0;
    ::waitpid(pid, &status, 0);
    const auto said = text_of(output);
    if (status != 0) throw std::runtime_error{name_ + ": init: " + said};
    id_ = json::parse(said).at("id").as_string().c_str();
}

NodeProcess::~NodeProcess() {
    if (pid_ < 0) return;
    signal(SIGKILL);
    reap();
}

void NodeProcess::start(const std::vector<std::string>& variables) {
    const wan::InNamespace inside{place_.space};
    pid_ = spawn({place_.binary, "run", place_.folder}, variables, place_.folder + ".log");
}

void NodeProcess::signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
}

void NodeProcess::reap() {
    if (pid_ < 0) return;
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void NodeProcess::stop() {
    signal(SIGTERM);
    for (int i = 0; i < 1000 && running(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    signal(SIGKILL);
    reap();
}

bool NodeProcess::running() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
}

std::size_t NodeProcess::files() const {
    const std::filesystem::directory_iterator all{"/proc/" + std::to_string(pid_) + "/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

Result<json::value, std::string> NodeProcess::call(std::string_view method, json::array params,
                                                   Duration timeout) const {
    const json::object request{
        {"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}};
    const auto reply =
        runtime::rpc_post(place_.folder + "/parley.sock", json::serialize(request), timeout);
    if (!reply) return std::unexpected{reply.error().what};
    const auto value = json::parse(*reply);
    if (const auto* error = value.as_object().if_contains("error")) {
        return std::unexpected{std::string{error->at("message").as_string()}};
    }
    return value.at("result");
}

std::size_t NodeProcess::links() const {
    const auto status = call("parley_status");
    if (!status) return 0;
    const auto& links = status->at("links");
    return links.at("inbound").to_number<std::size_t>() +
           links.at("outbound").to_number<std::size_t>();
}

std::size_t NodeProcess::missing(const std::vector<std::string>& hashes) const {
    std::size_t count = 0;
    for (std::size_t at = 0; at < hashes.size(); at += batch_max) {
        const auto size = std::min(batch_max, hashes.size() - at);
        json::array batch;
        for (std::size_t i = at; i < at + size; ++i) {
            batch.push_back(json::object{{"jsonrpc", "2.0"},
                                         {"id", i},
                                         {"method", "eth_getTransactionByHash"},
                                         {"params", json::array{hashes[i]}}});
        }
        const auto reply =
            runtime::rpc_post(place_.folder + "/parley.sock", json::serialize(batch), 10s);
        if (!reply) return hashes.size();
        const auto value = json::parse(*reply);
        for (const auto& one : value.as_array()) {
            const auto* result = one.as_object().if_contains("result");
            if (result == nullptr || result->is_null()) ++count;
        }
    }
    return count;
}

std::string NodeProcess::target() const {
    return id_ + "@" + wan::Wan::address(place_.end) + ":" + std::to_string(port);
}

}  // namespace parley::chaos
