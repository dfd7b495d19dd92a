// What `parley doctor` decides, from facts that it was given. Pure functions.
#pragma once

#include <parley/identity/endpoint.hpp>
#include <parley/node/node.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

enum class Grade : std::uint8_t { ok, warn, fail };
std::string_view name(Grade grade);

/// One line of the output.
struct Check {
    std::string name;
    Grade grade = Grade::ok;
    std::string what;
    std::string hint = {};  ///< what to do; empty if nothing
    friend bool operator==(const Check&, const Check&) = default;
};

struct KeyFacts {
    std::string path;
    std::string error;  ///< why it cannot be read or holds no key; empty: it does
    unsigned mode = 0600;
    bool encrypted = false;
};
Check check_key(const KeyFacts& facts);

/// As adjtimex(2) says.
struct ClockFacts {
    bool known = true;  ///< false: the kernel does not tell
    bool synchronised = false;
    std::int64_t error_us_max = 0;
};
Check check_clock(const ClockFacts& facts);

struct PortFacts {
    std::string setting;  ///< "p2p.listen"
    Endpoint endpoint;
    std::string error;       ///< why it cannot be listened on; empty: it can
    bool in_use = false;     ///< that is the reason
    bool node_runs = false;  ///< this folder's
    bool udp = false;        ///< else TCP
};
Check check_port(const PortFacts& facts);

struct DescriptorFacts {
    std::uint64_t soft = 0, hard = 0;
    std::uint64_t needed = 0;
};
Check check_descriptors(const DescriptorFacts& facts);

struct DiskFacts {
    std::string path;
    bool writable = true;
    std::uint64_t free_bytes = 0;
};
Check check_disk(const DiskFacts& facts);

struct StoreFacts {
    std::string path;
    std::string error;  ///< empty: it opens
    bool missing = false;
    bool node_runs = false;  ///< then nobody else opens it
};
Check check_store(const StoreFacts& facts);

struct AddressFacts {
    std::optional<Endpoint> advertised;  ///< by the settings, else found out; absent: unknown
    std::vector<IpAddress> own;          ///< of this machine's interfaces
    bool allow_private = false;
    bool listens = true;
    bool asks_router = false;  ///< for a port (p2p.port_mapping)
};
Check check_address(const AddressFacts& facts);

struct BootFacts {
    std::string kind = "boot node";  ///< or "static peer"
    std::string target;
    bool resolved = true;
    std::string error;         ///< why nothing answers; empty: it does
    std::string refusal = {};  ///< why the running node gets no link with it; empty: it does
    std::string detail = {};   ///< what was expected and what came, if that is known
    std::string advice = {};   ///< what to do about that
};
Check check_boot(const BootFacts& facts);
/// Instead, when there is none.
Check check_no_boot(const node::NodeConfig& config, std::size_t known_addresses);

struct LinkFacts {
    bool locked = false;  ///< a process holds the folder
    std::string error;    ///< why it does not answer; empty: it does
    std::int64_t uptime = 0;
    std::int64_t inbound = 0, outbound = 0;
};
Check check_links(const LinkFacts& facts);

struct DhtFacts {
    bool enabled = true;     ///< by the settings
    bool node_runs = false;  ///< this folder's
    std::string error;       ///< why it does not tell of its table; empty: it does
    std::int64_t uptime = 0;
    std::size_t known = 0;          ///< nodes in its table
    std::size_t answering = 0;      ///< of those, the last time that they were asked
    std::uint16_t port = 0;         ///< 0: the system chose one
    std::int64_t sent = 0;          ///< datagrams
    std::int64_t unsent = 0;        ///< no socket, no route, a firewall of this machine
    std::string last_refusal = {};  ///< to whom, and why
};
Check check_dht(const DhtFacts& facts);

/// "ok    clock        synchronised", and the hint on a line of its own.
std::string to_text(const std::vector<Check>& checks, bool coloured);
bool any_failed(const std::vector<Check>& checks);

}  // namespace parley::app
