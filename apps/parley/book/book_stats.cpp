// parley book stats: how many entries there are, and of which kinds.
#include "book/book.hpp"
#include "text.hpp"
#include <parley/runtime/clock.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace parley::app {

namespace {

namespace json = boost::json;
using discovery::Entry;

constexpr auto description =
    R"text(Counts the nodes that the node of the folder DIR knows of: by state, by who told of them,
by when they were last heard of, and the network groups with most of them.)text";

constexpr auto footer = R"text(EXAMPLES
  parley book stats alice
  parley book stats alice --json | jq .states

FILES
  DIR/store   read, also while the node runs

EXIT STATUS
  0 shown, 1 there is no address book or it cannot be read, 2 wrong command line)text";

struct Options {
    std::string folder;
    bool json = false;
};

using Counts = std::vector<std::pair<std::string, std::size_t>>;

struct Stats {
    std::size_t entries = 0, with_record = 0;
    Counts states, sources, ages;
    std::size_t groups = 0;
    Counts top_groups;
};

constexpr std::size_t groups_shown = 10;

/// The age of what was heard of last, in classes.
constexpr std::array<std::pair<std::string_view, std::chrono::hours>, 4> age_classes{
    {{"within an hour", 1h}, {"a day", 24h}, {"a week", 168h}, {"30 days", 720h}}};

template <class Name>
Counts counts_of(const Book& book, Name name_of) {
    std::map<std::string, std::size_t, std::less<>> counts;
    for (const Entry& entry : book.entries) ++counts[std::string{name_of(entry)}];
    Counts out{counts.begin(), counts.end()};
    std::ranges::stable_sort(out, std::ranges::greater{}, &Counts::value_type::second);
    return out;
}

Counts ages_of(const Book& book, UnixTime now) {
    Counts out;
    for (const auto& [label, age] : age_classes) out.emplace_back(label, 0);
    out.emplace_back("longer ago", 0);
    for (const Entry& entry : book.entries) {
        const auto at = std::ranges::find_if(
            age_classes, [&](const auto& one) { return now - entry.last_seen <= one.second; });
        ++out[static_cast<std::size_t>(at - age_classes.begin())].second;
    }
    return out;
}

Stats stats_of(const Book& book, UnixTime now) {
    Stats out;
    out.entries = book.entries.size();
    out.with_record = static_cast<std::size_t>(std::ranges::count_if(
        book.entries, [](const Entry& entry) { return static_cast<bool>(entry.record); }));
    out.states = counts_of(book, [&](const Entry& entry) { return book_state(book, entry); });
    out.sources = counts_of(book, [](const Entry& entry) { return name(entry.source.kind); });
    out.ages = ages_of(book, now);
    out.top_groups = counts_of(book, [](const Entry& entry) {
        return outbound_group(entry.endpoint().address).to_string();
    });
    out.groups = out.top_groups.size();
    if (out.groups > groups_shown) out.top_groups.resize(groups_shown);
    return out;
}

void print(std::string_view title, const Counts& counts) {
    using enum Table::Align;
    Table table{.columns = {left, right}, .rows = {{std::string{title}, "ENTRIES"}}};
    for (const auto& [label, count] : counts) {
        table.rows.push_back({label, count_text(static_cast<std::int64_t>(count))});
    }
    fmt::print("\n{}", table.to_string());
}

json::object json_of(const Counts& counts) {
    json::object out;
    for (const auto& [label, count] : counts) out[label] = count;
    return out;
}

Outcome show(const Options& options) {
    const Folder folder{options.folder};
    auto book = read_book(folder);
    if (!book) return std::unexpected{book.error()};
    read_links(folder, *book);
    warn_of_corrupt_rows(folder, *book);
    const auto stats = stats_of(*book, runtime::now().unix_time);
    if (options.json) {
        fmt::print("{}\n", json::serialize(json::object{{"entries", stats.entries},
                                                        {"withRecord", stats.with_record},
                                                        {"damagedRows", book->corrupt},
                                                        {"anchors", book->anchors.size()},
                                                        {"fileBytes", book->file_bytes},
                                                        {"states", json_of(stats.states)},
                                                        {"sources", json_of(stats.sources)},
                                                        {"seen", json_of(stats.ages)},
                                                        {"groups", stats.groups},
                                                        {"topGroups", json_of(stats.top_groups)}}));
        return {};
    }
    const auto count = [](std::size_t n) { return count_text(static_cast<std::int64_t>(n)); };
    fmt::print("Entries       {}, {} with a record\n", count(stats.entries),
               count(stats.with_record));
    fmt::print("Groups        {}\n", count(stats.groups));
    fmt::print("Anchors       {}\n", book->anchors.size());
    fmt::print("Damaged rows  {}\n", count(book->corrupt));
    fmt::print("Store         {}\n", bytes_text(static_cast<std::int64_t>(book->file_bytes)));
    if (stats.entries == 0) return {};
    print("STATE", stats.states);
    print("SOURCE", stats.sources);
    print("SEEN", stats.ages);
    print("GROUP", stats.top_groups);
    return {};
}

}  // namespace

void add_book_stats(CLI::App& book, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = add_command(book, "stats", "count the nodes in it", description);
    command->footer(footer);
    add_folder(*command, options->folder);
    command->add_flag("--json", options->json, "Print the figures as JSON");
    command->callback([options, &chosen] { chosen = [options] { return show(*options); }; });
}

}  // namespace parley::app
