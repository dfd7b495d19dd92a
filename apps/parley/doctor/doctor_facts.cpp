#include "client/json_at.hpp"
#include "doctor/doctor_facts.hpp"
#include "key/key_file.hpp"
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/datagram_socket.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/io/resolver.hpp>
#include <parley/runtime/io/source_address.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace parley::app {

namespace {

using runtime::UniqueFd;

constexpr int connect_patience_ms = 3'000;

/// Why nobody answers there; empty if somebody does.
std::string connect_error(const Endpoint& endpoint) {
    const bool v4 = endpoint.address.is_v4();
    const UniqueFd fd{
        ::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd) return system_message(errno);
    const auto address = runtime::to_asio(endpoint);
    if (::connect(fd.get(), address.data(), static_cast<socklen_t>(address.size())) == 0) return {};
    if (errno != EINPROGRESS) return system_message(errno);
    pollfd wait{fd.get(), POLLOUT, 0};
    if (::poll(&wait, 1, connect_patience_ms) != 1) return "no answer in 3 seconds";
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? std::string{} : system_message(error);
}

std::vector<IpAddress> own_addresses() {
    std::vector<IpAddress> out;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return out;
    for (const auto* one = all; one != nullptr; one = one->ifa_next) {
        if (const auto address = runtime::address_of(one->ifa_addr)) out.push_back(*address);
    }
    ::freeifaddrs(all);
    return out;
}

void set_error(PortFacts& facts, const runtime::StartError& error) {
    facts.error = error.what;
    facts.in_use = error.system_error == EADDRINUSE;
}

}  // namespace

KeyFacts key_facts(const Folder& folder) {
    KeyFacts facts{.path = folder.key(), .error = {}};
    struct stat info{};
    if (::stat(facts.path.c_str(), &info) == 0) facts.mode = info.st_mode & 07777U;
    const auto key = read_key(folder.key());
    if (!key) {
        facts.error = key.error().what;
    } else {
        facts.encrypted = std::holds_alternative<Keystore>(*key);
    }
    return facts;
}

ClockFacts clock_facts() {
    timex state{};
    const int result = ::adjtimex(&state);
    if (result < 0) return {.known = false};
    return {.synchronised = result != TIME_ERROR && (state.status & STA_UNSYNC) == 0,
            .error_us_max = state.maxerror};
}

PortFacts port_facts(std::string setting, const Endpoint& endpoint, bool node_runs) {
    PortFacts facts{
        .setting = std::move(setting), .endpoint = endpoint, .error = {}, .node_runs = node_runs};
    if (const auto socket = runtime::listen_tcp(endpoint, 1); !socket) {
        set_error(facts, socket.error());
    }
    return facts;
}

PortFacts udp_port_facts(std::string setting, const Endpoint& endpoint, bool node_runs) {
    PortFacts facts{.setting = std::move(setting),
                    .endpoint = endpoint,
                    .error = {},
                    .node_runs = node_runs,
                    .udp = true};
    if (const auto socket = runtime::DatagramSocket::bind(endpoint); !socket) {
        set_error(facts, socket.error());
    }
    return facts;
}

DescriptorFacts descriptor_facts(const node::NodeConfig& config) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return {limit.rlim_cur, limit.rlim_max, config.descriptors_max()};
}

DiskFacts disk_facts(const Folder& folder) {
    struct statvfs info{};
    ::statvfs(folder.path.c_str(), &info);
    return {folder.path, ::access(folder.path.c_str(), W_OK | X_OK) == 0,
            std::uint64_t{info.f_bavail} * info.f_frsize};
}

StoreFacts store_facts(const Folder& folder, bool node_runs) {
    StoreFacts facts{.path = folder.store(), .error = {}, .node_runs = node_runs};
    const auto lock = lock_folder_to_read(folder);
    if (node_runs || !lock) return facts;
    const auto store = runtime::LmdbStore::open(facts.path, runtime::LmdbStore::Create::no);
    if (store) return facts;
    facts.error = message(store.error());
    facts.missing = store.error().code == StoreErrc::missing;
    return facts;
}

AddressFacts address_facts(const node::NodeConfig& config) {
    const auto& advertise = config.p2p.advertise;
    AddressFacts facts{
        .advertised = advertise.empty() ? std::nullopt : std::optional{advertise.front()},
        .own = own_addresses(),
        .allow_private = config.p2p.allow_private,
        .listens = !config.p2p.listen.empty(),
        .asks_router = config.p2p.port_mapping != nat::MappingMode::off};
    if (facts.advertised || !facts.listens) return facts;
    const auto& bound = config.p2p.listen.front();
    if (const auto guessed = runtime::guessed_address(bound, true)) {
        facts.advertised = Endpoint{*guessed, bound.port};
    } else if (!bound.address.is_unspecified()) {
        facts.advertised = bound;
    }
    return facts;
}

BootFacts boot_facts(const std::string& kind, const Target& target,
                     const Result<boost::json::value, Failure>& failed_dials) {
    BootFacts facts{.kind = kind, .target = target.to_string(), .error = {}};
    const auto* failures = failed_dials ? failed_dials->if_array() : nullptr;
    if (failures != nullptr) {
        for (const auto& failure : *failures) {
            if (text_at(failure, "/target") != facts.target) continue;
            facts.refusal = text_at(failure, "/reason");
            facts.detail = text_at(failure, "/detail");
            facts.advice = text_at(failure, "/advice");
            return facts;
        }
    }
    std::vector<IpAddress> addresses{target.endpoint.address};
    if (!target.host.empty()) {
        auto found = runtime::system_lookup(target.host);
        if (!found) {
            facts.resolved = false;
            facts.error = found.error();
            return facts;
        }
        addresses = std::move(*found);
    }
    for (const auto& address : addresses) {
        facts.error = connect_error({address, target.endpoint.port});
        if (facts.error.empty()) break;
    }
    return facts;
}

}  // namespace parley::app
