// Dht: the distributed hash table as modules see it: nodes by hash, in three steps. An entry is a
// node's record, which says its ID and address; its hash, keccak256 of the node's key, is its place
// in the key space (dht_id). A node announces itself to those nearest to its place; they store its
// entry in their tables; anybody looks it up. Behind it is Node Discovery v5.1
// (discv5/service.hpp). Messages of a module's own may travel by it as well, before there is a
// link: TALKREQ. Threading: the node's thread; `done` is called on it, perhaps before the call
// returns.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/enr.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley::discovery {

class Dht {
public:
    virtual ~Dht() = default;

    using OnNodes = std::move_only_function<void(Now, const std::vector<Enr>&)>;
    using OnNode = std::move_only_function<void(Now, const std::optional<Enr>&)>;
    using OnTalk = std::move_only_function<void(Now, const std::optional<Buffer>&)>;
    using Talk = std::function<Buffer(Now, const Hash256& from, const Endpoint&, Bytes request)>;

    // What follows may be refused, since too much is under way: then it is false, and `done` is
    // not called.

    /// Tells the nodes nearest to our place of us; they fetch our record if it is newer than what
    /// they have. This happens by itself after the start and when the record changed. `done` hears
    /// who answered, at most 16.
    virtual bool announce(Now now, OnNodes done) = 0;
    /// Takes an entry in, which then is checked. False: there is no room, or nobody can be asked at
    /// its address. Never refused otherwise.
    virtual bool store(Now now, const Enr& record) = 0;
    /// The nodes closest to a place that answer, at most 16, the closest first.
    virtual bool lookup(Now now, const Hash256& target, OnNodes done) = 0;
    /// The newest record of the node whose place that is (dht_id); nothing if nobody knows it.
    virtual bool resolve(Now now, const Hash256& place, OnNode done) = 0;
    bool resolve(Now now, const NodeId& id, OnNode done) {
        return resolve(now, dht_id(id), std::move(done));
    }
    /// Looks up a place that is chance: nodes from everywhere, in no order that others chose.
    virtual bool random_walk(Now now, OnNodes done) = 0;

    /// Of a TALKREQ's protocol and request together, and of an answer.
    static constexpr std::size_t talk_bytes_max = 700;
    /// Answers the requests of one protocol, each with at most talk_bytes_max, else with nothing.
    virtual void serve_talk(std::string protocol, Talk talk) = 0;
    /// `done` hears the answer, empty if the node does not know the protocol; nothing if none came,
    /// or the request was too large.
    virtual void talk(Now now, const Enr& node, Bytes protocol, Bytes request, OnTalk done) = 0;
};

}  // namespace parley::discovery
