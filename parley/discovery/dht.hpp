// Dht: the distributed hash table as modules see it: nodes by hash, in three steps. An entry is a
// node's record, which says its ID and address; its hash, keccak256 of the node's key, is its place
// in the key space (dht_id). A node announces itself to those nearest to its place; they store its
// entry in their tables; any node looks it up. The implementation is Node Discovery v5.1
// (discv5/service.hpp). Messages of a module's own may travel by it as well, before there is a
// link: TALKREQ.
// Threading: the node's thread; `done` is called on it, perhaps before the call returns.
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

/// The hash table, for modules; see the head of this file.
class Dht {
public:
    virtual ~Dht() = default;

    /// Takes the nodes that were found.
    using OnNodes = std::move_only_function<void(Now, const std::vector<Enr>&)>;
    /// Takes the node that was found, if it was.
    using OnNode = std::move_only_function<void(Now, const std::optional<Enr>&)>;
    /// Takes an answer, if there was one.
    using OnTalk = std::move_only_function<void(Now, const std::optional<Buffer>&)>;
    /// Answers a request of the node whose place is `from`. Must not block.
    using Talk = std::function<Buffer(Now, const Hash256& from, const Endpoint&, Bytes request)>;

    // What follows may be refused, since too much is under way: then it returns false, and `done`
    // is not called.

    /// Advertises us to the nodes nearest to our place; they fetch our record if it is newer than
    /// what they have. This happens by itself after the start and when the record changed. `done`
    /// gets the nodes that answered, at most 16.
    virtual bool announce(Now now, OnNodes done) = 0;
    /// Takes an entry in, which then is checked. False: there is no room, or no node can be asked
    /// at its address. Never refused otherwise.
    virtual bool store(Now now, const Enr& record) = 0;
    /// Finds the nodes closest to a place that answer, at most 16, the closest first.
    virtual bool lookup(Now now, const Hash256& target, OnNodes done) = 0;
    /// Finds the newest record of the node whose place that is (dht_id); nothing if no node that
    /// was asked knows it.
    virtual bool resolve(Now now, const Hash256& place, OnNode done) = 0;
    /// The same by its ID.
    bool resolve(Now now, const NodeId& id, OnNode done) {
        return resolve(now, dht_id(id), std::move(done));
    }
    /// Looks up a random place: nodes from everywhere, in no order that others chose.
    virtual bool random_walk(Now now, OnNodes done) = 0;

    /// The most bytes of a TALKREQ's protocol and request together, and of an answer.
    static constexpr std::size_t talk_bytes_max = 700;
    /// Answers the requests of one protocol by `talk`; a longer answer than talk_bytes_max is sent
    /// as an empty one.
    virtual void serve_talk(std::string protocol, Talk talk) = 0;
    /// Sends a request. `done` gets the answer, empty if the node does not know the protocol;
    /// nothing if none came, or the request was too large.
    virtual void talk(Now now, const Enr& node, Bytes protocol, Bytes request, OnTalk done) = 0;
};

}  // namespace parley::discovery
