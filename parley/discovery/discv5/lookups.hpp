// Lookups: the searches through the network that are under way (devp2p, discv5-theory.md,
// "Lookup"). Lookup decides which node its paths ask next, and how often; Lookups asks, and tries
// the record that a search for one node ends with.
// Bounded: lookups_max under way, each of them as Lookup is.
// Threading: the node's thread. `done` is called on it, perhaps before start() returns.
//
//     const auto done = [&](Now, const LookupResult& result) { use(result); };
//     if (!lookups.start(now, Goal::closest, target, done)) later();  // too many are under way
#pragma once

#include <parley/base/time.hpp>
#include <parley/discovery/discv5/contact.hpp>
#include <parley/discovery/discv5/lookup.hpp>
#include <parley/discovery/discv5/requests.hpp>
#include <parley/discovery/discv5/table.hpp>

#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace parley::discovery::discv5 {

/// The outcome of a lookup.
struct LookupResult {
    std::vector<Contact> closest;  ///< that answered, at most 16, the closest first
    std::optional<Contact> found;  ///< Goal::resolve: its newest record
    bool answers = false;          ///< and it answered, after a record of it came
    unsigned hops = 0;
    std::size_t requests = 0;
};
using OnLookup = std::move_only_function<void(Now, const LookupResult&)>;

class Lookups {
public:
    /// The parts that it refers to outlive it.
    Lookups(std::size_t lookups_max, const Id& self, Requests& requests, Table& table)
        : lookups_max_(lookups_max), self_(self), requests_(requests), table_(table) {}
    Lookups(const Lookups&) = delete;
    Lookups& operator=(const Lookups&) = delete;
    ~Lookups() = default;

    /// False if too many are under way; then `done` is not called. Otherwise it is called once.
    /// Goal::resolve: while a record that is found names an endpoint where it does not answer, the
    /// search for a newer one goes on.
    bool start(Now now, Goal goal, const Id& target, OnLookup done);
    std::size_t size() const { return running_.size(); }

private:
    using Serial = Requests::Serial;
    struct Running {
        Lookup machine;
        OnLookup done;
        bool stepping = false;               // advance() is asking
        bool trying = false;                 // the record it found is being tried
        std::optional<Contact> silent = {};  // found, but did not answer there
        std::optional<Contact> own = {};     // the record that the node itself answered with
    };

    void advance(Now now, Serial serial);
    void on_late(Now now, Serial serial, const Id& from);
    void try_found(Now now, Serial serial, const Contact& found);
    void finish(Now now, Serial serial, bool answers);
    void on_answer(Now now, Serial serial, const Id& from,
                   const std::expected<std::vector<Enr>, RequestErrc>& records);

    std::size_t lookups_max_;
    Id self_;
    Requests& requests_;
    Table& table_;
    std::map<Serial, Running> running_;
};

}  // namespace parley::discovery::discv5
