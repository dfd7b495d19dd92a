#include "consensus.hpp"
#include "pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

namespace parley::bench {
namespace {

constexpr std::size_t proposals_measured = 5;
constexpr double transfers_aim = 3'000;
/// Of the signatures that both cores recover, each of the validators its own.
constexpr double share_of_recovery = 0.3 / bench_validators;
constexpr double growth_max = 0.1;
/// Blocks in which the pools fill, and until memory has its size.
constexpr std::size_t warm_blocks = 10;

/// The validators as processes, each linked with each.
class Validators {
public:
    explicit Validators(double transfers_per_second) {
        std::vector<std::string> targets;
        for (std::size_t i = 0; i < bench_validators; ++i) {
            std::vector<std::string> arguments{
                "consensus-validator", std::to_string(i),
                std::to_string(transfers_per_second / bench_validators)};
            std::ranges::copy(targets, std::back_inserter(arguments));
            processes_.push_back(std::make_unique<PeerProcess>(arguments));
            targets.push_back(processes_.back()->read_line());
        }
    }
    /// Of the first one, which prints all blocks: what follows the word.
    double next(std::string_view word, std::size_t validator = 0) {
        while (true) {
            const auto line = processes_[validator]->read_line();
            if (line.starts_with(word)) return std::stod(line.substr(word.size()));
        }
    }
    double resident() const {
        double out = 0;
        for (const auto& one : processes_) out = std::max(out, resident_bytes(one->pid()));
        return out;
    }

private:
    std::vector<std::unique_ptr<PeerProcess>> processes_;
};

}  // namespace

double consensus_final() {
    Validators validators{0};
    std::vector<double> times;
    (void)validators.next("final ");  // links and caches are cold
    for (std::size_t i = 0; i < proposals_measured; ++i) times.push_back(validators.next("final "));
    std::ranges::sort(times);
    return times[times.size() / 2];
}

void run_consensus_sustained(double minutes) {
    const double recovered = pool_admit_limit();
    const double target = std::min(transfers_aim, share_of_recovery * recovered);
    Validators validators{target};
    for (std::size_t i = 0; i < warm_blocks; ++i) (void)validators.next("block ");
    const double start = seconds_now();
    double transfers = 0, warm = 0, most = 0;
    std::size_t blocks = 0;
    while (seconds_now() - start < 60 * minutes) {
        transfers += validators.next("block ");
        ++blocks;
        auto& highest = seconds_now() - start < 60 * minutes / 3 ? warm : most;
        highest = std::max(highest, validators.resident());
    }
    const double seconds = seconds_now() - start;
    const double rate = transfers / seconds;
    fmt::print(
        "{{\"bench\":\"{}\",\"value\":{:.1f},\"unit\":\"transfers/s\",\"target\":{:.1f},"
        "\"recovered_per_second\":{:.0f},\"blocks_per_second\":{:.3f},\"minutes\":{:.1f},"
        "\"mib_warm\":{:.1f},\"mib_most\":{:.1f},\"growth\":{:.3f},\"ok\":{}}}\n",
        consensus_sustained_name, rate, target, recovered, static_cast<double>(blocks) / seconds,
        seconds / 60, warm / (1 << 20), most / (1 << 20), most / warm - 1,
        rate >= 0.99 * target && most / warm - 1 <= growth_max);
    std::fflush(stdout);
}

}  // namespace parley::bench
