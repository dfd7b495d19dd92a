// OwnHello: what this node says of itself, and what it therefore asks of others. Changes apply to
// links that begin later; a Link holds the LinkIdentity that it began with. Internal to transport.
// Threading: the node's thread; a LinkIdentity is immutable and goes to any.
#pragma once

#include <parley/transport/handshake/hello_check.hpp>
#include <parley/transport/link/link.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace parley::transport {

class OwnHello {
public:
    /// `topics` sorted by name; they and the fork ID replace those of `hello`. `key` outlives it.
    /// Throws std::invalid_argument if no peer could read it (check_own_hello).
    /// `known_records_max` as in SwitchConfig.
    OwnHello(const NodeKey& key, Hello hello, ForkRules forks, std::vector<TopicSpec> topics,
             std::size_t known_records_max);

    const NodeId& id() const { return key_.id(); }
    const Hello& hello() const { return hello_; }
    std::shared_ptr<const LinkIdentity> identity() const { return identity_; }
    /// Nothing if a link to a node that says this makes sense; otherwise the parting words.
    std::optional<Goodbye> objection(const Hello& theirs) const {
        return check_hello(hello_, forks_, theirs);
    }
    bool fork_fits(const Hello& theirs) const { return fork_compatible(forks_, theirs.fork); }

    void set_record(const Enr& record);
    /// Bits of role:: and service::.
    void set_roles(std::uint64_t roles, std::uint64_t services);
    void set_forks(const ForkRules& forks);

private:
    void rebuild();

    const NodeKey& key_;
    Hello hello_;
    ForkRules forks_;
    std::vector<TopicSpec> topics_;
    std::shared_ptr<KnownRecords> known_records_;  // of peers; outlives each identity
    std::shared_ptr<const LinkIdentity> identity_;
};

}  // namespace parley::transport
