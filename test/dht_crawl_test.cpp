// `parley dht crawl` of a network of real nodes on the loopback.
#include "cli.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
        CHECK(line.ends_with('\r'));
        out.push_back(line);
    }
    return out;
}

std::string own_record(Cli& cli, const std::string& name) {
    const auto status = cli.run({"status", cli.folder(name), "--json"});
    REQUIRE(status.exit_code == 0);
    return std::string{json::parse(status.out).at("enr").as_string()};
}

}  // namespace

TEST_CASE("a crawl finds every node of a network, and tells who is silent") {
    Cli cli;
    std::set<std::string> ids{cli.init("n1")};
    std::vector<std::unique_ptr<Program>> nodes;
    nodes.push_back(cli.start("n1"));
    const auto first =
        *ids.begin() + "@" + std::string{cli.status("n1", *nodes[0]).at("endpoint").as_string()};
    for (int n = 2; n <= 7; ++n) {
        const auto name = "n" + std::to_string(n);
        ids.insert(cli.init(name, {"--boot", first}));
        nodes.push_back(cli.start(name));
    }
    const auto boot = own_record(cli, "n1");
    const auto csv = cli.dir.file("nodes.csv");

    // It takes them a while to hear of each other.
    json::value summary;
    const auto crawl_until = [&](auto fits) {
        const auto end = std::chrono::steady_clock::now() + patience;
        for (;;) {
            const auto ran = cli.run({"dht", "crawl", "--boot", boot, "--csv", csv, "--json"});
            REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
            summary = json::parse(ran.out);
            if (fits()) return;
            REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, ran.out);
        }
    };
    crawl_until([&] { return at(summary, "/answered") == 7; });
    CHECK(at(summary, "/nodes") == 7);
    CHECK(at(summary, "/silent") == 0);
    CHECK(summary.at("complete") == true);
    CHECK(at(summary, "/networks/0/nodes") == 7);
    CHECK(at(summary, "/clients/0/nodes") == 7);
    CHECK(std::string{summary.at_pointer("/clients/0/client").as_string()}.starts_with("parley "));
    CHECK(summary.at_pointer("/latencyMs/p50").as_double() > 0);

    auto lines = lines_of(read_file(csv));
    REQUIRE(lines.size() == 8);
    CHECK(lines[0] == "id,address,port,network,client,answered,rtt_ms,neighbours,sequence,enr\r");
    std::set<std::string> found;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        CHECK(std::ranges::count(lines[i], ',') == 9);
        CHECK(lines[i].find(",127.0.0.1,") != std::string::npos);
        CHECK(lines[i].find(",true,") != std::string::npos);
        found.insert(lines[i].substr(0, lines[i].find(',')));
    }
    CHECK(found == ids);

    // From what a running node knows, in words for people.
    const auto svg = cli.dir.file("map.svg");
    const auto words = cli.run({"dht", "crawl", cli.folder("n3"), "--csv", csv, "--svg", svg});
    CHECK(words.exit_code == 0);
    CHECK(words.out.starts_with("7 nodes in "));
    CHECK(words.out.find("\nwritten: " + csv + "\nwritten: " + svg + "\n") != std::string::npos);
    const auto picture = read_file(svg);
    CHECK(picture.starts_with("<svg xmlns="));
    CHECK(picture.ends_with("</svg>\n"));
    CHECK(picture.find(">7 nodes of a DHT<") != std::string::npos);
    CHECK(picture.find(">7 answered<") != std::string::npos);

    // One is gone without a word; the others tell of it for a while.
    nodes.back()->signal(SIGKILL);
    (void)nodes.back()->wait(patience);
    nodes.pop_back();
    crawl_until([&] { return at(summary, "/answered") == 6; });
    CHECK(at(summary, "/silent") == 1);
    lines = lines_of(read_file(csv));
    CHECK(std::ranges::count_if(lines, [](const std::string& line) {
              return line.find(",false,,0,") != std::string::npos;
          }) == 1);
    for (auto& node : nodes) end(*node);
}

TEST_CASE("a crawl that cannot begin says why, and one that nobody answers fails") {
    Cli cli;
    const auto none = cli.run({"dht", "crawl"});
    CHECK(none.exit_code == 2);
    CHECK(none.err.find("DIR of a node that runs here, or --boot enr:... of any node") !=
          std::string::npos);
    CHECK(cli.run({"dht", "crawl", "--boot", "enr:-x"}).exit_code == 2);
    cli.init("alice");
    const auto stopped = cli.run({"dht", "crawl", cli.folder("alice")});
    CHECK(stopped.exit_code == 1);
    CHECK(stopped.err.find("or give --boot enr:... of any node") != std::string::npos);

    auto alice = cli.start("alice");
    (void)cli.status("alice", *alice);
    const auto boot = own_record(cli, "alice");
    end(*alice);
    const auto path = cli.dir.file("missing/nodes.csv");
    const auto unwritable = cli.run({"dht", "crawl", "--boot", boot, "--csv", path});
    CHECK(unwritable.exit_code == 1);
    CHECK(unwritable.err == "parley: cannot write " + path + "\n");
    const auto csv = cli.dir.file("nodes.csv");
    const auto silent = cli.run({"dht", "crawl", "--boot", boot, "--csv", csv});
    CHECK(silent.exit_code == 1);
    CHECK(silent.err.ends_with("parley: nobody answered\n"));
    CHECK(lines_of(read_file(csv)).size() == 2);
}

TEST_CASE("a crawl that is interrupted, or out of time, writes what it knows") {
    Cli cli;
    cli.init("alice");
    auto alice = cli.start("alice");
    (void)cli.status("alice", *alice);
    const auto boot = own_record(cli, "alice");
    alice->signal(SIGSTOP);  // neither answers nor refuses
    const auto csv = cli.dir.file("nodes.csv");

    const auto svg = cli.dir.file("map.svg");
    const auto late =
        cli.run({"dht", "crawl", "--boot", boot, "--csv", csv, "--svg", svg, "--seconds", "0.1"});
    CHECK(read_file(svg).find("out of time: this is not all") != std::string::npos);
    CHECK(late.out.starts_with("out of time; so far:\n1 node in 0."));
    CHECK(late.out.find(": 1 undecided\n") != std::string::npos);
    CHECK(lines_of(read_file(csv)).size() == 2);

    std::filesystem::remove(csv);
    Program crawl{{binary, "dht", "crawl", "--boot", boot, "--csv", csv},
                  cli.dir.file("crawl.out"),
                  cli.dir.file("crawl.err")};
    // The file is there before the first request, and so is who listens to signals.
    while (!std::filesystem::exists(csv)) {
        REQUIRE_FALSE(crawl.wait(std::chrono::milliseconds{1}));
    }
    crawl.signal(SIGINT);
    REQUIRE(crawl.wait(patience));
    CHECK(read_file(cli.dir.file("crawl.out")).starts_with("interrupted; so far:\n1 node in "));
    CHECK(lines_of(read_file(csv)).size() == 2);
    alice->signal(SIGCONT);
    end(*alice);
}
