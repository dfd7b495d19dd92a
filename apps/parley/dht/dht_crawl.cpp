// parley dht crawl: walks through a whole network.
#include "client/client.hpp"
#include "dht/crawl_csv.hpp"
#include "dht/crawl_picture.hpp"
#include "dht/crawl_run.hpp"
#include "dht/dht_crawl.hpp"
#include "live_line.hpp"
#include "text.hpp"
#include <parley/runtime/signals.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

namespace parley::app {

using namespace discovery::discv5;
namespace json = boost::json;

namespace {

constexpr auto description =
    R"text(Asks every node that anybody tells of for its neighbours, until nobody is left to ask.
Begins with the records that --boot gives, and with what the node that runs in DIR knows.
It speaks for itself, not as that node: with a fresh key, from UDP ports that the system
chooses; its record names no address, so that nobody keeps it. No node is asked two
things at a time. How far it has come is on standard error; Ctrl-C ends it early, and
what is known by then is written all the same.)text";

constexpr auto footer = R"text(COLUMNS of the CSV file
  id, address, port   the node's ID (66 hex digits) and UDP endpoint
  network             the network ID that its record names, if it is of this protocol
  client              as its record says (EIP-7636); "parley ?", "eth2 ?", "eth ?": its
                      record says what it is for, but not what it is
  answered            true, or false: it was silent, or the crawl ended before it could
  rtt_ms              the shortest round trip in a session
  neighbours          how many others it told of
  sequence, enr       its record

The picture (SVG) shows the nodes of each client, how latency is spread, and where in the
key space the nodes stand.

EXAMPLES
  parley dht crawl alice --csv nodes.csv
  parley dht crawl --boot enr:-Iu4QG... --seconds 600 --csv nodes.csv --svg map.svg

EXIT STATUS
  0 done, or ended early by Ctrl-C or --seconds, 1 nobody answered, no node runs in DIR,
  or a file could not be written, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::vector<std::string> boot;
    std::string csv;
    std::string svg;
    std::optional<double> seconds;
    bool json = false;
};

/// A file that is opened before the crawl, so that a wrong path is known at once. None if the path
/// is empty.
class OutputFile {
public:
    Outcome open(const std::string& path) {
        path_ = path;
        if (path.empty()) return {};
        file_.open(path, std::ios::binary | std::ios::trunc);
        return file_ ? Outcome{} : failed("cannot write " + path);
    }
    Outcome write(const std::string& text) {
        if (path_.empty()) return {};
        file_ << text;
        return file_.flush() ? Outcome{} : failed("cannot write " + path_);
    }

private:
    std::string path_;
    std::ofstream file_;
};

/// Nothing if it is good.
std::string fault_of_record(const std::string& text) {
    const auto record = Enr::parse(text);
    if (!record) return message(record.error());
    return record->udp_endpoint() ? "" : "the record names no UDP endpoint";
}

void add_seed(std::vector<Contact>& seeds, const std::string& text) {
    const auto record = Enr::parse(text);
    const auto contact = record ? Contact::of(*record) : std::nullopt;
    if (contact) seeds.push_back(*contact);
}

Result<std::vector<Contact>, Failure> seeds_of(const Options& options) {
    std::vector<Contact> seeds;
    for (const auto& text : options.boot) add_seed(seeds, text);
    if (options.folder.empty()) return seeds;
    const auto own = call(options.folder, "discv5_nodeInfo");
    if (!own) return failed(own.error().what + "; or give --boot enr:... of any node");
    add_seed(seeds, text_at(*own, "/enr"));
    const auto table = call(options.folder, "parley_dhtTable");
    if (!table) return std::unexpected{table.error()};
    if (const auto* entries = table->if_array()) {
        for (const auto& entry : *entries) add_seed(seeds, text_at(entry, "/enr"));
    }
    if (seeds.empty()) {
        return failed(fmt::format(
            "the node in {} knows nobody yet; give --boot enr:... of any node", options.folder));
    }
    return seeds;
}

std::string progress_text(const Crawl::Progress& progress, double seconds) {
    const auto count = [](std::size_t n) { return count_text(static_cast<std::int64_t>(n)); };
    return fmt::format("found {}, asked {}, answered {}, under way {}, {:.0f} requests/s, {}",
                       count(progress.found), count(progress.ended + progress.in_flight),
                       count(progress.answered), progress.in_flight,
                       seconds > 0 ? static_cast<double>(progress.requests) / seconds : 0,
                       duration_text(static_cast<std::int64_t>(seconds)));
}

Outcome crawl(const Options& options) {
    const auto seeds = seeds_of(options);
    if (!seeds) return std::unexpected{seeds.error()};
    std::atomic<bool> interrupted = false;
    const runtime::Signals signals{[&](int) { interrupted = true; }};
    OutputFile csv, svg;
    if (auto opened = csv.open(options.csv); !opened) return opened;
    if (auto opened = svg.open(options.svg); !opened) return opened;
    LiveLine line{stderr, 5s};
    const auto report = run_crawl(*seeds, [&](const Crawl::Progress& progress, double seconds) {
        line.show(progress_text(progress, seconds));
        if (interrupted) return CrawlReport::End::interrupted;
        const bool late = options.seconds && seconds >= *options.seconds;
        return late ? CrawlReport::End::out_of_time : CrawlReport::End::complete;
    });
    line.clear();
    if (!report) return std::unexpected{report.error()};

    if (options.json) {
        fmt::print("{}\n", json::serialize(to_json(*report)));
    } else {
        fmt::print("{}", summary(*report));
    }
    if (auto written = csv.write(to_csv(*report)); !written) return written;
    if (auto written = svg.write(to_svg(*report)); !written) return written;
    for (const auto& path : {options.csv, options.svg}) {
        if (!path.empty() && !options.json) fmt::print("written: {}\n", path);
    }
    if (report->count(CrawlState::answered) == 0) return failed("nobody answered");
    return {};
}

}  // namespace

void add_dht_crawl(CLI::App& dht, Chosen& chosen) {
    auto* command = add_command(dht, "crawl", "walk through a whole network", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    command->add_option("DIR", options->folder,
                        "The folder of a node that runs; not needed with --boot");
    command
        ->add_option("--boot", options->boot, "The record of a node to begin with; may be repeated")
        ->check(fault_of_record)
        ->allow_extra_args(false)
        ->type_name("ENR");
    command->add_option("--csv", options->csv, "Write a table of all nodes")->type_name("FILE");
    command->add_option("--svg", options->svg, "Write a picture: clients, latency, key space")
        ->type_name("FILE");
    command->add_option("--seconds", options->seconds, "End after so long")
        ->check(CLI::Validator{CLI::PositiveNumber}.description(""))
        ->type_name("N");
    command->add_flag("--json", options->json, "The summary as JSON");
    command->callback([options, &chosen] {
        if (options->folder.empty() && options->boot.empty()) {
            throw CLI::RequiredError{
                "DIR of a node that runs here, or --boot enr:... of any node,"};
        }
        chosen = [options] { return crawl(*options); };
    });
}

}  // namespace parley::app
