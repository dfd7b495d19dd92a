// parley book list, find: entries of the address book.
#include "book/book.hpp"
#include "peers/known_nodes.hpp"
#include "text.hpp"
#include <parley/base/text.hpp>
#include <parley/runtime/clock.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace parley::app {

namespace {

namespace json = boost::json;
using discovery::Entry;

constexpr auto list_description =
    R"text(Lists the nodes that the node of the folder DIR knows of, the one that was heard of last
first. What happened in the last second may not be on disk yet.)text";

constexpr auto list_footer = R"text(COLUMNS
  ID        the first digits; whole ones with --long or --json
  ADDRESS   where it is dialed
  STATE     linked: now, with the running node; new: never answered a dial of this
            node; tried: it did; failed: what came last was a failure
  FAILURES  failed dials, and links that did not last, in a row
  SOURCE    who told of it first
  SEEN      last told of by anybody, or on a link (to 10 minutes)
  REACHED   last link that this node dialed

EXAMPLES
  parley book list alice
  parley book list alice --state tried --group 203.0.0.0/16
  parley book list alice --seen-since 2h --json | jq -r '.[].enr'

FILES
  DIR/store   read, also while the node runs

EXIT STATUS
  0 shown, 1 there is no address book or it cannot be read, 2 wrong command line)text";

constexpr auto find_description =
    R"text(Prints all that the address book of the folder DIR holds of a node, by its ID or address,
and verifies its record.)text";

constexpr auto find_footer = R"text(EXAMPLES
  parley book find alice 02c6047f9441
  parley book find alice 203.0.113.7

FILES
  DIR/store   read, also while the node runs

EXIT STATUS
  0 found, 1 not found, or the address book cannot be read, 2 wrong command line)text";

constexpr std::size_t shown_by_default = 100;
constexpr std::size_t id_digits_least = 4;

struct Options {
    std::string folder;
    std::string who;
    BookFilter filter;
    std::optional<std::size_t> limit;
    bool json = false;
    bool whole_ids = false;
};

json::value seconds_of(UnixTime time) {
    if (time == discovery::unset) return nullptr;
    return unix_milliseconds(time) / 1000;
}

bool is_anchor(const Book& book, const Entry& entry) {
    return std::ranges::find(book.anchors, entry.id) != book.anchors.end();
}

json::object json_of(const Book& book, const Entry& entry) {
    json::object out{{"id", entry.id.to_string()},
                     {"endpoint", entry.endpoint().to_string()},
                     {"group", outbound_group(entry.endpoint().address).to_string()},
                     {"state", book_state(book, entry)},
                     {"failures", entry.failures},
                     {"source", name(entry.source.kind)},
                     {"anchor", is_anchor(book, entry)},
                     {"added", seconds_of(entry.added)},
                     {"lastSeen", seconds_of(entry.last_seen)},
                     {"lastSuccess", seconds_of(entry.last_success)},
                     {"lastReached", seconds_of(entry.last_reached)}};
    if (entry.record) {
        out["sequence"] = entry.record.sequence();
        out["enr"] = enr_text(entry);
    }
    return out;
}

void print_json(const Book& book, const std::vector<const Entry*>& entries) {
    fmt::print("[");
    for (std::size_t i = 0; i < entries.size(); ++i) {
        fmt::print("{}{}", i == 0 ? "" : ",\n", json::serialize(json_of(book, *entries[i])));
    }
    fmt::print("]\n");
}

Outcome list(const Options& options) {
    using enum Table::Align;
    const Folder folder{options.folder};
    auto book = read_book(folder);
    if (!book) return std::unexpected{book.error()};
    read_links(folder, *book);
    warn_of_corrupt_rows(folder, *book);
    const auto now = runtime::now().unix_time;
    auto entries = options.filter.choose(*book, now);
    if (!entries) return std::unexpected{entries.error()};
    const auto all = entries->size();
    const auto limit = options.limit.value_or(options.json ? 0 : shown_by_default);
    if (limit != 0 && all > limit) entries->resize(limit);
    if (options.json) {
        print_json(*book, *entries);
        return {};
    }
    if (all == 0) {
        fmt::print("{}\n", book->entries.empty() ? "the address book is empty" : "no such entries");
        return {};
    }
    Table table{.columns = {left, left, left, right, left, right, right},
                .rows = {{"ID", "ADDRESS", "STATE", "FAILURES", "SOURCE", "SEEN", "REACHED"}}};
    for (const Entry* entry : *entries) {
        const auto id = options.whole_ids ? entry->id.to_string() : entry->id.short_string();
        table.rows.push_back(
            {id, entry->endpoint().to_string(), std::string{book_state(*book, *entry)},
             std::to_string(entry->failures), std::string{name(entry->source.kind)},
             ago_text(now, entry->last_seen), ago_text(now, entry->last_reached)});
    }
    fmt::print("{}", table.to_string());
    if (entries->size() < all) {
        fmt::print("({} more; --limit 0 lists all)\n",
                   count_text(static_cast<std::int64_t>(all - entries->size())));
    }
    return {};
}

Result<std::vector<const Entry*>, Failure> search(const Book& book, const std::string& who) {
    std::vector<const Entry*> out;
    const auto take = [&](const auto& fits) {
        for (const Entry& entry : book.entries) {
            if (fits(entry)) out.push_back(&entry);
        }
    };
    if (const auto address = IpAddress::parse(who)) {
        take([&](const Entry& entry) {
            return entry.configured.address == *address ||
                   entry.record.endpoint().address == *address;
        });
        return out;
    }
    if (const auto endpoint = Endpoint::parse(who)) {
        take([&](const Entry& entry) {
            return entry.configured == *endpoint || entry.record.endpoint() == *endpoint;
        });
        return out;
    }
    const auto digits = lower(who);
    const bool hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex || digits.size() < id_digits_least || digits.size() > 2 * sizeof(NodeId::key)) {
        return failed(
            fmt::format("expected an ID, at least {} of its first digits, an address or "
                        "address:port, got \"{}\"",
                        id_digits_least, who));
    }
    take([&](const Entry& entry) { return entry.id.to_string().starts_with(digits); });
    return out;
}

std::string moment_text(UnixTime now, UnixTime then) {
    if (then == discovery::unset) return "never";
    return fmt::format("{} UTC, {}", time_text(unix_milliseconds(then) / 1000),
                       ago_text(now, then));
}

std::string verdict_text(const Entry& entry) {
    if (!entry.record) return "none: only its address is known";
    const auto record = Enr::decode(entry.record.raw());
    if (!record) return "bad, will not be used: " + message(record.error());
    if (record->id() != entry.id) return "bad, will not be used: it is of another node";
    return fmt::format("good, sequence {}", record->sequence());
}

void print(const Book& book, const Entry& entry, UnixTime now) {
    fmt::print("ID         {}\n", entry.id.to_string());
    fmt::print("Address    {}\n", entry.endpoint().to_string());
    if (entry.configured.port != 0) {
        fmt::print("Named      {} by the owner\n", entry.configured.to_string());
    }
    fmt::print("Group      {}\n", outbound_group(entry.endpoint().address).to_string());
    fmt::print("State      {}{}\n", book_state(book, entry),
               is_anchor(book, entry) ? ", an anchor: dialed first after a restart" : "");
    fmt::print("Failures   {}\n", entry.failures);
    fmt::print("Source     {}\n", name(entry.source.kind));
    fmt::print("Added      {}\n", moment_text(now, entry.added));
    fmt::print("Seen       {}\n", moment_text(now, entry.last_seen));
    fmt::print("Linked     {}\n", moment_text(now, entry.last_success));
    fmt::print("Reached    {}\n", moment_text(now, entry.last_reached));
    fmt::print("Record     {}\n", verdict_text(entry));
    if (entry.record) fmt::print("ENR        {}\n", enr_text(entry));
}

Outcome find(const Options& options) {
    const Folder folder{options.folder};
    auto book = read_book(folder);
    if (!book) return std::unexpected{book.error()};
    read_links(folder, *book);
    warn_of_corrupt_rows(folder, *book);
    const auto names = read_names(options.folder);
    if (!names) return std::unexpected{names.error()};
    const auto named = names->find(options.who);
    const auto found = search(*book, named == names->end() ? options.who : named->second);
    if (!found) return std::unexpected{found.error()};
    if (options.json) print_json(*book, *found);
    if (found->empty()) {
        return failed(fmt::format("{} is not in the address book of {}", options.who, folder.path));
    }
    if (options.json) return {};
    const auto now = runtime::now().unix_time;
    for (std::size_t i = 0; i < found->size() && i < shown_by_default; ++i) {
        if (i > 0) fmt::print("\n");
        print(*book, *(*found)[i], now);
    }
    if (found->size() > shown_by_default) {
        fmt::print("\n({} more; --json prints all)\n", found->size() - shown_by_default);
    }
    return {};
}

}  // namespace

void add_book_list(CLI::App& book, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = add_command(book, "list", "list the nodes in it", list_description);
    command->footer(list_footer);
    add_folder(*command, options->folder);
    options->filter.add_to(*command);
    command
        ->add_option("--limit", options->limit,
                     "At most so many; 0: all. Without it 100, in JSON all")
        ->type_name("N");
    command->add_flag("--long", options->whole_ids, "Whole IDs");
    command->add_flag("--json", options->json, "A JSON array, times in seconds of Unix time");
    command->callback([options, &chosen] { chosen = [options] { return list(*options); }; });
}

void add_book_find(CLI::App& book, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = add_command(book, "find", "print what is known of a node", find_description);
    command->footer(find_footer);
    add_folder(*command, options->folder);
    command
        ->add_option("NODE", options->who, "ID or its first digits, name, address, or address:port")
        ->required();
    command->add_flag("--json", options->json, "A JSON array, times in seconds of Unix time");
    command->callback([options, &chosen] { chosen = [options] { return find(*options); }; });
}

}  // namespace parley::app
