#include "harness.hpp"
#include "sim.hpp"
#include <parley/sim/experiment/experiment.hpp>
#include <parley/sim/experiment/scenarios.hpp>

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace parley::bench {

namespace {

double resident_kib() {
    std::ifstream file{"/proc/self/statm"};
    double total = 0;
    double resident = 0;
    file >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

double links_per_node(sim::Experiment& run) {
    std::size_t links = 0;
    for (sim::HostId host = 0; host < run.options().nodes; ++host) {
        links += run.network().node(host).links().connections();
    }
    return static_cast<double>(links) / static_cast<double>(run.options().nodes);
}

}  // namespace

const std::vector<SimBenchmark>& sim_benchmarks() {
    static const std::vector<SimBenchmark> all{
        {"sim.nodes100_rate1", 100, 1, false, 300, 60, 5, false},
        {"sim.nodes100_rate10", 100, 10, false, 300, 30, 5, false},
        {"sim.nodes1000_rate1", 1000, 1, false, 300, 20, 5, false},
        {"sim.nodes1000_rate10", 1000, 10, false, 120, 5, 5, false},
        {"sim.nodes10000_stub", 10'000, 1, true, 300, 10, 5, true},
    };
    return all;
}

void run(const SimBenchmark& benchmark) {
    // Many small objects, visited in no order: larger pages make the walks shorter.
    ::setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 1);
    PeerProcess world{{"sim-world", std::string{benchmark.name}}};
    fmt::print("{}\n", world.read_line());
    std::fflush(stdout);
}

int sim_world(const std::vector<std::string>& arguments) {
    const auto found =
        std::ranges::find(sim_benchmarks(), std::string_view{arguments.at(0)}, &SimBenchmark::name);
    if (found == sim_benchmarks().end()) return 2;
    auto options = sim::default_options(*sim::find_scenario("gossip"));
    options.nodes = found->nodes;
    options.rate = found->rate;
    if (found->stub) {
        options.crypto = sim::Crypto::stub;
        options.no_disks = true;
        options.book_entries_max = 128;
    }
    sim::Experiment run{options};
    run.join();
    run.start_submitting();
    const auto joined = static_cast<unsigned>(run.report_seconds());
    if (joined < found->join_seconds) {
        run.drive(std::chrono::seconds{found->join_seconds - joined});
    }
    std::vector<double> values;
    for (unsigned i = 0; i < found->runs; ++i) {
        const double began = seconds_now();
        run.drive(std::chrono::seconds{found->measured_seconds});
        values.push_back(found->measured_seconds / (seconds_now() - began));
    }
    ::malloc_trim(0);
    std::ranges::sort(values);
    fmt::print(
        "{{\"bench\":\"{}\",\"value\":{:.4g},\"unit\":\"virtual seconds/s\",\"runs\":{},"
        "\"min\":{:.4g},\"max\":{:.4g},\"links_per_node\":{:.1f},\"kib_per_node\":{:.0f},"
        "\"checkers\":\"{}\"}}\n",
        found->name, values[values.size() / 2], found->runs, values.front(), values.back(),
        links_per_node(run), resident_kib() / static_cast<double>(found->nodes),
        run.passed() ? "content" : run.failures().front());
    std::fflush(stdout);
    std::_Exit(0);  // a world of thousands takes seconds to take down
}

}  // namespace parley::bench
