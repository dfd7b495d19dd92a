// parley book export, import: node records as lines of text.
#include "book/book.hpp"
#include "key/key_file.hpp"
#include "text.hpp"
#include <parley/discovery/book/address_book.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>

namespace parley::app {

namespace {

namespace json = boost::json;
using discovery::AddressBook;
using discovery::AddResult;
using discovery::Entry;

constexpr auto export_description =
    R"text(Writes the records of the address book of the folder DIR to FILE, one a line ("enr:..."),
what was heard of last first. Each is signed by the node it is of. Entries of which only
an address is known are lines that begin with #.)text";

constexpr auto export_footer = R"text(EXAMPLES
  parley book export alice alice.book
  parley book export alice - --state tried | head -100 > seeds

FILES
  DIR/store   read, also while the node runs
  FILE        made; one that is there is left as it is. -: standard output

EXIT STATUS
  0 written, 1 not, 2 wrong command line)text";

constexpr auto import_description =
    R"text(Adds the records in FILE, one a line ("enr:..."), to the address book of the folder DIR,
whose node does not run. Empty lines and those that begin with # are passed over. Each
record is verified, and must be of this node's network; newer ones replace older ones.
All records of a file together may take a sixteenth of the places for untried nodes, as
those that one peer tells of: a file could be an attacker's.)text";

constexpr auto import_footer = R"text(EXAMPLES
  parley book import bob seeds
  parley book export alice - | parley book import bob - --own

FILES
  FILE        -: standard input
  DIR/store   the address book
  DIR/lock    held meanwhile, so that no node runs

EXIT STATUS
  0 each record was dealt with, 1 a line holds no valid record (the others were dealt
  with), or nothing was done, 2 wrong command line)text";

constexpr std::size_t line_bytes_max = 1024;
constexpr std::size_t lines_shown = 20;

struct Options {
    std::string folder;
    std::string file;
    BookFilter filter;
    bool own = false;
    bool json = false;
};

// --- export ---

Outcome write_records(const Options& options) {
    const Folder folder{options.folder};
    const auto book = read_book(folder);
    if (!book) return std::unexpected{book.error()};
    warn_of_corrupt_rows(folder, *book);
    const auto now = runtime::now().unix_time;
    const auto entries = options.filter.choose(*book, now);
    if (!entries) return std::unexpected{entries.error()};
    std::size_t records = 0;
    std::string lines;
    for (const Entry* entry : *entries) {
        if (entry->record) {
            lines += enr_text(*entry) + '\n';
            ++records;
        } else {
            lines += fmt::format("# without a record: {}@{}\n", entry->id.to_string(),
                                 entry->endpoint().to_string());
        }
    }
    const auto text = fmt::format("# {} node records, {} UTC; parley book import takes them\n",
                                  records, time_text(unix_milliseconds(now) / 1000)) +
                      lines;
    if (options.file == "-") {
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
            std::fflush(stdout) != 0) {
            return failed("cannot write to standard output");
        }
        return {};
    }
    if (auto ok = write_new_file(options.file, text, 0644); !ok) return ok;
    fmt::print("{} {} in {}\n", count_text(static_cast<std::int64_t>(records)),
               records == 1 ? "record" : "records", options.file);
    return {};
}

// --- import ---

struct BadLine {
    std::size_t line;
    std::string why;
};

/// What became of the lines.
struct Report {
    std::map<AddResult, std::size_t> results;
    std::size_t invalid = 0;
    std::size_t refused = 0;
    std::vector<BadLine> lines;  ///< invalid and refused ones
};

bool is_taken(AddResult result) {
    return changed(result) || result == AddResult::known || result == AddResult::older;
}

/// One line without its end; nothing at the end of the input. What is too long is cut, and told by
/// its length.
std::optional<std::string> next_line(std::istream& in) {
    std::array<char, line_bytes_max + 2> bytes{};
    if (!in.getline(bytes.data(), bytes.size()) && in.gcount() == 0) return std::nullopt;
    std::string line{bytes.data()};
    if (in.fail() && !in.eof()) {  // longer: its rest goes unread
        in.clear();
        in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    return line;
}

Result<Enr, std::string> read_record(const std::string& line) {
    if (line.size() > line_bytes_max) {
        return std::unexpected{fmt::format("longer than {} bytes", line_bytes_max)};
    }
    if (!line.starts_with("enr:")) {
        return std::unexpected{std::string{"expected \"enr:...\""}};
    }
    auto record = Enr::parse(line);
    if (!record) return std::unexpected{message(record.error())};
    return *std::move(record);
}

void take_line(AddressBook& book, Now now, bool own, std::size_t number, const std::string& line,
               Report& report) {
    if (line.empty() || line.starts_with('#')) return;
    const auto record = read_record(line);
    if (!record) {
        ++report.invalid;
        report.lines.push_back({number, record.error()});
        return;
    }
    // A file of the owner's own may tell as much as each of its nodes by itself.
    const discovery::Source source{discovery::SourceKind::user, own ? record->id() : NodeId{}, {}};
    const auto result = book.add_record(now, *record, source);
    ++report.results[result];
    if (is_taken(result)) return;
    ++report.refused;
    report.lines.push_back({number, std::string{name(result)}});
}

Outcome write_changes(const Folder& folder, AddressBook& book, Store& store) {
    while (book.has_changes()) {
        if (const auto ok = store.write(book.take_changes()); !ok) {
            return failed(
                fmt::format("cannot write to {}: {}", folder.store(), message(ok.error())));
        }
    }
    return {};
}

void print(const Report& report) {
    using enum Table::Align;
    Table table{.columns = {left, right}, .rows = {{"RESULT", "RECORDS"}}};
    for (const auto& [result, count] : report.results) {
        table.rows.push_back(
            {std::string{name(result)}, count_text(static_cast<std::int64_t>(count))});
    }
    if (report.invalid > 0) {
        table.rows.push_back({"not valid", count_text(static_cast<std::int64_t>(report.invalid))});
    }
    if (table.rows.size() == 1) {
        fmt::print("no records\n");
        return;
    }
    fmt::print("{}", table.to_string());
    for (std::size_t i = 0; i < report.lines.size() && i < lines_shown; ++i) {
        fmt::print("line {}: {}\n", report.lines[i].line, report.lines[i].why);
    }
    if (report.lines.size() > lines_shown) {
        fmt::print("({} more lines; --json has them all)\n", report.lines.size() - lines_shown);
    }
}

void print_json(const Report& report) {
    json::object results;
    for (const auto& [result, count] : report.results) results[name(result)] = count;
    json::array lines;
    for (const auto& line : report.lines) {
        lines.push_back(json::object{{"line", line.line}, {"why", line.why}});
    }
    fmt::print("{}\n", json::serialize(json::object{{"results", std::move(results)},
                                                    {"invalid", report.invalid},
                                                    {"refused", report.refused},
                                                    {"lines", std::move(lines)}}));
}

Result<NodeId, Failure> own_id(const Folder& folder) {
    auto stored = read_key(folder.key());
    if (!stored) return std::unexpected{stored.error()};
    return id_of(folder, std::move(*stored), {});
}

Outcome read_records(const Options& options) {
    const Folder folder{options.folder};
    const auto config = read_config(folder);
    if (!config) return std::unexpected{config.error()};
    const auto self = own_id(folder);
    if (!self) return std::unexpected{self.error()};
    const auto lock = lock_folder(folder);
    if (!lock) return failed(lock.error().what + ": it must end before anything is imported");
    std::ifstream file;
    if (options.file != "-") {
        file.open(options.file, std::ios::binary);
        if (!file) {
            return failed(fmt::format("cannot read {}: {}", options.file, system_message(errno)));
        }
    }
    std::istream& in = options.file == "-" ? std::cin : file;

    auto store = runtime::LmdbStore::open(folder.store(), runtime::LmdbStore::Create::no);
    if (!store) return std::unexpected{store_failure(folder, store.error())};
    auto book_config = config->book;
    book_config.allow_private = config->p2p.allow_private;
    AddressBook book{book_config,
                     {config->network.id, config->network.fork_rules()},
                     *self,
                     Rng{runtime::random_seed()}};
    const auto loaded = book.load(**store);
    if (!loaded) return std::unexpected{store_failure(folder, loaded.error())};
    if (loaded->corrupt > 0) {
        fmt::print(stderr, "parley: {} damaged rows of {} are dropped\n", loaded->corrupt,
                   folder.store());
    }
    Report report;
    std::size_t number = 0;
    while (const auto line = next_line(in)) {
        take_line(book, runtime::now(), options.own, ++number, *line, report);
    }
    if (in.bad()) return failed("cannot read " + options.file);
    if (auto ok = write_changes(folder, book, **store); !ok) return ok;
    if (options.json) {
        print_json(report);
    } else {
        print(report);
    }
    if (report.invalid == 0) return {};
    return failed(fmt::format("{}: {} {} no valid record", options.file, report.invalid,
                              report.invalid == 1 ? "line holds" : "lines hold"));
}

}  // namespace

void add_book_export(CLI::App& book, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = add_command(book, "export", "write its records to a file", export_description);
    command->footer(export_footer);
    add_folder(*command, options->folder);
    command->add_option("FILE", options->file, "A new file, or -")->required();
    options->filter.add_to(*command);
    command->callback(
        [options, &chosen] { chosen = [options] { return write_records(*options); }; });
}

void add_book_import(CLI::App& book, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command =
        add_command(book, "import", "add the records of a file to it", import_description);
    command->footer(import_footer);
    add_folder(*command, options->folder);
    command->add_option("FILE", options->file, "Records, one a line, or -")->required();
    command->add_flag("--own", options->own,
                      "The file is from a node of your own: it may take all places");
    command->add_flag("--json", options->json, "Print what became of the lines as JSON");
    command->callback(
        [options, &chosen] { chosen = [options] { return read_records(*options); }; });
}

}  // namespace parley::app
