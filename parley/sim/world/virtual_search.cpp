#include <parley/sim/world/virtual_search.hpp>

#include <parley/chain/consensus/pow/asert.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

namespace parley::sim {
namespace {

constexpr std::uint64_t nonces_at_a_time = 1'024;
/// Virtual time ends before it.
constexpr double wait_max_s = 1e8;

}  // namespace

void VirtualSearch::begin(Now now, std::shared_ptr<const chain::Work> work) {
    work_ = std::move(work);
    const auto difficulty = to_u64(chain::difficulty_of_target(work_->boundary));
    const double mean_s = static_cast<double>(difficulty.value_or(~0ULL)) / rate_;
    const std::chrono::duration<double> wait{
        std::min(-std::log(1 - rng_.unit()) * mean_s, wait_max_s)};
    found_at_ = now.instant + std::chrono::duration_cast<Duration>(wait);
}

void VirtualSearch::stop() {
    work_.reset();
    found_at_ = never;
}

std::vector<chain::Solution> VirtualSearch::take(Now now) {
    if (!work_ || now.instant < found_at_) return {};
    std::optional<chain::Solution> found;
    for (auto first = rng_.next(); !found; first += nonces_at_a_time) {
        found = chain::find_nonce(*work_, first, nonces_at_a_time);
    }
    stop();
    return {*found};
}

}  // namespace parley::sim
