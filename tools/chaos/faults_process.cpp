// What the machine does to one node.
#include "faults.hpp"
#include <parley/runtime/io/unique_fd.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

namespace parley::chaos {

using runtime::UniqueFd;

namespace {

std::set<std::string> banned(const NodeProcess& node) {
    const auto bans = node.call("admin_bans");
    require(bans.has_value(), node.name() + " answers admin_bans");
    std::set<std::string> out;
    for (const auto& ban : bans->as_array()) {
        out.insert(std::string{ban.at("who").as_string()});
    }
    return out;
}

void wait_for_answers(const NodeProcess& node) {
    wait_until(30s, node.name() + " answers within 30 s",
               [&] { return node.call("net_version").has_value(); });
}

/// Writes until the disk has no room.
void fill(const std::string& path) {
    const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    const std::string block(4096, 'x');
    while (::write(file.get(), block.data(), block.size()) > 0) {
    }
}

/// Links that are up, by peer, with their age in seconds.
json::array peers_of(const NodeProcess& node) {
    const auto peers = node.call("admin_peers");
    require(peers.has_value(), node.name() + " answers admin_peers");
    return peers->as_array();
}

std::string faketime_library() {
    glob_t found{};
    std::string out;
    if (::glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, nullptr, &found) == 0) {
        out = found.gl_pathv[0];
    }
    ::globfree(&found);
    if (out.empty()) throw Skipped{"faketime", "needs libfaketime (Debian's package faketime)"};
    return out;
}

}  // namespace

std::string stopped(Swarm& swarm, const FaultOptions& options) {
    auto& node = swarm.node(swarm.size());
    node.signal(SIGSTOP);
    const auto rest = swarm.size() - 1;
    const auto end = std::chrono::steady_clock::now() + options.stopped;
    for (std::size_t i = 0; std::chrono::steady_clock::now() < end; ++i) {
        swarm.send(swarm.node(1 + i % rest), 2);
        sleep_for(500ms);
    }
    if (options.stopped > 60s) {
        require(swarm.node(1).links() == rest - 1, "the others give up their links to it");
    }
    node.signal(SIGCONT);
    swarm.settle();
    return fmt::format("{} transactions everywhere", swarm.taken());
}

std::string disk_full(Swarm& swarm, const FaultOptions&) {
    const auto mounted = swarm.folder() + "/small";
    std::filesystem::create_directory(mounted);
    // In a mount namespace of this process, which nobody else sees.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("parley-chaos", mounted.c_str(), "tmpfs", 0, "size=2m") != 0) {
        throw Skipped{"mounts", "needs the right to mount"};
    }
    const auto node = swarm.guest(mounted + "/node");
    node->start();
    wait_for_answers(*node);
    require(node->call("admin_ban", {"192.0.2.1"}).has_value(), "a ban is taken");
    swarm.settle(180s, node.get());

    fill(mounted + "/rest");
    const auto refused = node->call("admin_ban", {"192.0.2.2"});
    require(!refused && refused.error().contains("not on disk"),
            "a ban that has no room is said to be not on disk");
    swarm.load_for(10s);
    swarm.send(*node, 10);
    swarm.settle(180s, node.get());

    // Its end and its start while there is no room.
    node->signal(SIGKILL);
    node->reap();
    node->start();
    wait_for_answers(*node);
    require(banned(*node).contains("192.0.2.1"), "what was on disk is there after a kill");
    require(!node->call("admin_ban", {"192.0.2.3"}), "there still is no room");
    swarm.settle(180s, node.get());

    std::filesystem::remove(mounted + "/rest");
    wait_until(30s, "a ban is taken again once there is room",
               [&] { return node->call("admin_ban", {"192.0.2.4"}).has_value(); });
    node->signal(SIGKILL);
    node->reap();
    node->start();
    wait_for_answers(*node);
    const auto bans = banned(*node);
    require(bans.contains("192.0.2.1") && bans.contains("192.0.2.3") && bans.contains("192.0.2.4"),
            "what had no room before is on disk later");
    swarm.settle(180s, node.get());
    node->stop();
    ::umount(mounted.c_str());
    return "links and pool go on; refused, written later, nothing lost";
}

std::string file_limit(Swarm& swarm, const FaultOptions&) {
    auto& node = swarm.node(swarm.size());
    rlimit before{};
    ::prlimit(node.pid(), RLIMIT_NOFILE, nullptr, &before);
    auto limit = before;
    limit.rlim_cur = node.files() + 8;
    ::prlimit(node.pid(), RLIMIT_NOFILE, &limit, nullptr);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(NodeProcess::port);
    ::inet_pton(AF_INET, wan::Wan::address(node.place().end).c_str(), &address.sin_addr);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{45};
    std::size_t calls = 0;
    std::size_t most = 0;
    // Callers that say nothing, from the first node's machine; their places are taken anew.
    while (std::chrono::steady_clock::now() < end) {
        std::vector<UniqueFd> callers;
        {
            const wan::InNamespace inside{swarm.node(1).place().space};
            for (int i = 0; i < 100; ++i) {
                callers.emplace_back(
                    ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
                (void)::connect(callers.back().get(), reinterpret_cast<const sockaddr*>(&address),
                                sizeof address);
            }
        }
        calls += callers.size();
        for (int i = 0; i < 10; ++i) {
            swarm.send(swarm.node(1 + static_cast<std::size_t>(i) % (swarm.size() - 1)), 1);
            most = std::max(most, node.files());
            sleep_for(100ms);
        }
    }
    require(most >= limit.rlim_cur, "the callers took all descriptors");
    for (std::size_t i = 1; i < swarm.size(); ++i) {
        bool linked = false;
        for (const auto& peer : peers_of(swarm.node(i))) {
            linked |=
                peer.at("id").as_string() == node.id() && peer.at("age").to_number<double>() > 40;
        }
        require(linked, fmt::format("{} keeps its link to {}", swarm.node(i).name(), node.name()));
    }
    wait_for_answers(node);
    swarm.settle();
    ::prlimit(node.pid(), RLIMIT_NOFILE, &before, nullptr);
    return fmt::format("{} callers on {} descriptors; no link was lost", calls, limit.rlim_cur);
}

std::string clock_step(Swarm& swarm, const FaultOptions&) {
    const auto library = faketime_library();
    const auto steps = swarm.folder() + "/clock";
    const auto step = [&](const char* by) { std::ofstream{steps} << by << '\n'; };
    step("+0");
    auto& node = swarm.node(swarm.size());
    node.stop();
    node.start({"LD_PRELOAD=" + library, "FAKETIME_TIMESTAMP_FILE=" + steps,
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1"});
    wait_for_answers(node);
    swarm.settle();
    const auto until = [&](const char* who, int seconds) {
        const auto ban = node.call("admin_ban", {who, seconds});
        require(ban.has_value(), "a ban is taken");
        return ban->at("until").to_number<std::int64_t>() - seconds;
    };
    const auto links_kept = [&](const char* when) {
        const auto peers = peers_of(node);
        require(peers.size() == swarm.size() - 1, fmt::format("its links are there {}", when));
        for (const auto& peer : peers) {
            const auto age = peer.at("age").to_number<double>();
            require(age >= 20 && age < 1800, fmt::format("no link began anew {}", when));
        }
    };
    const auto real = until("192.0.2.7", 7200);
    until("192.0.2.8", 1800);
    step("+3600");
    sleep_for(1s);
    require(std::abs(until("192.0.2.9", 7200) - real - 3600) < 60,
            "the node's wall clock is stepped");
    require(!banned(node).contains("192.0.2.8"), "a ban of 30 min ends with the step of 1 h");
    require(banned(node).contains("192.0.2.7"), "a ban of 2 h does not");
    swarm.load_for(25s);
    links_kept("after the step forward");
    step("-3600");
    sleep_for(1s);
    require(std::abs(until("192.0.2.10", 7200) - real + 3600) < 120, "and stepped back");
    swarm.load_for(25s);
    links_kept("after the step back");
    swarm.settle();
    // And a start at the wrong time.
    node.stop();
    node.start({"LD_PRELOAD=" + library, "FAKETIME_TIMESTAMP_FILE=" + steps,
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1"});
    wait_for_answers(node);
    require(banned(node).contains("192.0.2.7"), "bans outlive a start an hour early");
    swarm.settle();
    node.stop();
    node.start();
    swarm.settle();
    return "links are kept, bans follow the wall clock, transactions everywhere";
}

}  // namespace parley::chaos
