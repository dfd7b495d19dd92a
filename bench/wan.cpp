#include <tools/wan/wan.hpp>

#include "transport.hpp"
#include "wan.hpp"

#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace parley::bench {

namespace {

/// Made once, at the first use. End 1 receives.
wan::Wan& path() {
    static const auto made = [] {
        auto out = std::make_unique<wan::Wan>(wan::WanOptions{
            .ends = 2, .mtu = 9000, .seed = 1, .tcp_buffer_bytes_max = 64ULL << 20});
        // Of a queue there is what is on its way in a round trip.
        for (const char* words : {"delay 30ms", "rate 1gbit", "queue 7500000"}) {
            if (const auto done = out->change(1, words); !done) {
                throw std::runtime_error{done.error()};
            }
        }
        return out;
    }();
    return *made;
}

/// iperf3 at an end of the path, with its output in a pipe. Ended, by its id, with the object.
class Iperf {
public:
    Iperf(std::size_t end, std::vector<std::string> words) {
        words.insert(words.begin(), "iperf3");
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        std::array<int, 2> pipes{};
        if (::pipe2(pipes.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe failed"};
        output_ = runtime::UniqueFd{pipes[0]};
        const runtime::UniqueFd input{pipes[1]};
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
        const wan::InNamespace inside{path().space(end)};
        const int error = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) throw std::runtime_error{"cannot run iperf3"};
    }
    Iperf(const Iperf&) = delete;
    Iperf& operator=(const Iperf&) = delete;
    ~Iperf() {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    /// What it prints up to `last`; without: to its end.
    std::string read(std::optional<std::string_view> last = std::nullopt) {
        std::string out;
        std::array<char, 4096> part{};
        while (!last || out.find(*last) == out.npos) {
            const auto n = ::read(output_.get(), part.data(), part.size());
            if (n <= 0) break;
            out.append(part.data(), static_cast<std::size_t>(n));
        }
        return out;
    }

private:
    pid_t pid_ = -1;
    runtime::UniqueFd output_;
};

}  // namespace

std::string wan_obstacle() {
    try {
        path();
        return {};
    } catch (const wan::NotHere&) {
        return "needs root and /dev/net/tun";
    }
}

double link_wan(std::uint64_t bytes) {
    const wan::InNamespace inside{path().space(1)};
    return link_far(bytes, *IpAddress::parse(wan::Wan::address(1)), path().space(2));
}

double iperf_wan(std::uint64_t bytes) {
    Iperf server{1, {"--server", "--one-off", "--forceflush"}};
    server.read("listening");
    Iperf client{2, {"--client", wan::Wan::address(1), "--bytes", std::to_string(bytes), "--json"}};
    const auto report = boost::json::parse(client.read());
    server.read();
    const auto& received = report.at("end").at("sum_received");
    return received.at("bits_per_second").to_number<double>() / 8;
}

}  // namespace parley::bench
