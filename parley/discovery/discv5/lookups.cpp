#include <parley/discovery/discv5/lookups.hpp>

#include <utility>

namespace parley::discovery::discv5 {

bool Lookups::start(Now now, Goal goal, const Id& target, OnLookup done) {
    if (running_.size() >= lookups_max_) return false;
    const auto seeds = table_.seeds(target);
    const Serial serial = requests_.take_serial();
    running_.emplace(serial, Running{.machine = Lookup{goal, self_, target, seeds,
                                                       table_.config().address_limits},
                                     .done = std::move(done)});
    advance(now, serial);
    return true;
}

void Lookups::advance(Now now, Serial serial) {
    const auto found = running_.find(serial);
    if (found == running_.end() || found->second.stepping || found->second.trying) return;
    auto& lookup = found->second.machine;
    found->second.stepping = true;  // an answer may come before find_nodes() returns
    while (auto request = lookup.next()) {
        requests_.find_nodes(
            now, request->node, std::move(request->distances),
            [this, serial, from = request->node.id](Now then, const auto& records) {
                on_answer(then, serial, from, records);
            },
            [this, serial, from = request->node.id](Now then) { on_late(then, serial, from); });
    }
    found->second.stepping = false;
    if (!lookup.done()) return;
    if (const auto contact = lookup.found()) return try_found(now, serial, *contact);
    finish(now, serial, false);
}

void Lookups::on_answer(Now now, Serial serial, const Id& from,
                        const std::expected<std::vector<Enr>, RequestErrc>& records) {
    const auto found = running_.find(serial);
    if (found == running_.end()) return;
    if (records) {
        found->second.machine.on_nodes(from, contacts_of(*records, requests_.families()));
    } else {
        found->second.machine.on_failure(from);
    }
    advance(now, serial);
}

void Lookups::on_late(Now now, Serial serial, const Id& from) {
    const auto found = running_.find(serial);
    if (found == running_.end()) return;
    found->second.machine.on_late(from);
    advance(now, serial);
}

/// Asks the node for its own record: that shows whether it answers there, and whether there is a
/// newer one.
void Lookups::try_found(Now now, Serial serial, const Contact& found) {
    running_.find(serial)->second.trying = true;
    requests_.find_nodes(now, found, {0}, [this, serial, found](Now then, const auto& records) {
        auto& running = running_.find(serial)->second;
        if (records) {
            if (!records->empty())
                running.own = Contact::of(records->front(), requests_.families());
            return finish(then, serial, true);
        }
        running.trying = false;
        running.silent = found;
        if (running.machine.found()->sequence == found.sequence) running.machine.refuse_found();
        advance(then, serial);  // or a newer one came meanwhile
    });
}

void Lookups::finish(Now now, Serial serial, bool answers) {
    auto ended = running_.extract(serial);
    auto& running = ended.mapped();
    const auto& lookup = running.machine;
    auto found = lookup.found() ? lookup.found() : running.silent;
    if (running.own && found && running.own->sequence > found->sequence) found = running.own;
    const LookupResult result{.closest = lookup.closest(),
                              .found = found,
                              .answers = answers,
                              .hops = lookup.hops(),
                              .requests = lookup.requests()};
    running.done(now, result);
}

}  // namespace parley::discovery::discv5
