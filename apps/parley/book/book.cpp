// parley book: the address book of a node, whether it runs or not.
#include "book/book.hpp"
#include "text.hpp"
#include <parley/discovery/book/entry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace parley::app {

namespace {

using discovery::Entry;
using discovery::SourceKind;

/// "203.0.113.0/24", or an address alone.
std::optional<NetworkGroup> parse_group(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    const unsigned most = address->is_v4() ? 32 : 128;
    unsigned bits = most;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const char* const first = digits.data();
        const char* const last = first + digits.size();
        const auto read = std::from_chars(first, last, bits);
        if (read.ec != std::errc{} || read.ptr != last || bits > most) return std::nullopt;
    }
    return group_of(*address, bits, bits);
}

std::vector<std::string> source_names() {
    std::vector<std::string> out;
    for (std::uint8_t i = 0; i < discovery::source_kinds; ++i) {
        out.emplace_back(name(static_cast<SourceKind>(i)));
    }
    return out;
}

}  // namespace

void BookFilter::add_to(CLI::App& command) {
    command
        .add_option("--group", group, "In this network: 203.0.113.0/24, 2001:db8::/32, an address")
        ->type_name("NETWORK");
    command
        .add_option("--state", state,
                    "new: never answered a dial of this node; tried: it did;\n"
                    "failed: what came last was a failure")
        ->check(CLI::IsMember({"linked", "new", "tried", "failed"}))
        ->type_name("STATE");
    command
        .add_option("--source", source,
                    "Who told of it first: user, boot, static, pex, inbound, dht,\ngoodbye")
        ->check(CLI::IsMember(source_names()))
        ->type_name("SOURCE");
    command.add_option("--seen-since", seen_since, "Heard of within this time: 30m, 2h, 7d")
        ->type_name("TIME");
}

Result<std::vector<const Entry*>, Failure> BookFilter::choose(const Book& book,
                                                              UnixTime now) const {
    std::optional<NetworkGroup> wanted_group;
    if (!group.empty()) {
        wanted_group = parse_group(group);
        if (!wanted_group) {
            return failed(fmt::format(
                "--group: expected a network such as 203.0.113.0/24, got \"{}\"", group));
        }
    }
    std::optional<UnixTime> since;
    if (!seen_since.empty()) {
        const auto seconds = parse_duration(seen_since);
        if (!seconds) {
            return failed(fmt::format(
                "--seen-since: expected a duration such as 30m, 2h or 7d, got \"{}\"", seen_since));
        }
        since = now - std::chrono::seconds{*seconds};
    }
    std::vector<const Entry*> out;
    for (const Entry& entry : book.entries) {
        if (!state.empty() && book_state(book, entry) != state) continue;
        if (!source.empty() && name(entry.source.kind) != source) continue;
        if (since && entry.last_seen < *since) continue;
        if (wanted_group) {
            const unsigned bits = wanted_group->bits;
            if (group_of(entry.endpoint().address, bits, bits) != *wanted_group) continue;
        }
        out.push_back(&entry);
    }
    std::ranges::stable_sort(out, std::ranges::greater{}, &Entry::last_seen);
    return out;
}

std::string_view book_state(const Book& book, const Entry& entry) {
    if (book.linked.contains(entry.id)) return "linked";
    if (entry.failures > 0) return "failed";
    return entry.tried() ? "tried" : "new";
}

std::string enr_text(const Entry& entry) {
    return entry.record ? parley::enr_text(entry.record.raw()) : std::string{};
}

std::string ago_text(UnixTime now, UnixTime then) {
    if (then == discovery::unset) return "never";
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
    return duration_text(std::max<std::int64_t>(seconds, 0)) + " ago";
}

void add_book(CLI::App& app, Chosen& chosen) {
    auto* book =
        add_command(app, "book", "look into a node's address book, and carry it to another",
                    "The nodes that a node knows of, as they are on its disk: list, find, stats\n"
                    "and export read them, also while it runs; import adds to them.");
    book->require_subcommand(1);
    add_book_list(*book, chosen);
    add_book_find(*book, chosen);
    add_book_stats(*book, chosen);
    add_book_export(*book, chosen);
    add_book_import(*book, chosen);
}

}  // namespace parley::app
