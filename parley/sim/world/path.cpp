#include <parley/sim/world/path.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace parley::sim {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr unsigned fraction_bits = 32;  // of the fixed point in which the mean is 1
constexpr unsigned table_bits = 8;
constexpr std::size_t table_cells = std::size_t{1} << table_bits;

/// Entry i: -ln(1 - v/2) at v = i / 256, in fixed point.
consteval std::array<std::uint32_t, table_cells + 1> make_quantiles() {
    // x + x^2/2 + x^3/3 + ... at x = i / 512, which is at most a half: 52 terms are enough for 52
    // bits, of which 20 are rounded away.
    constexpr unsigned bits = 52;
    constexpr std::uint64_t half = std::uint64_t{1} << (bits - fraction_bits - 1);
    std::array<std::uint32_t, table_cells + 1> table{};
    for (std::uint64_t i = 0; i <= table_cells; ++i) {
        std::uint64_t sum = 0;
        std::uint64_t power = std::uint64_t{1} << bits;
        for (std::uint64_t n = 1; n <= bits; ++n) {
            power = power * i / (2 * table_cells);
            sum += power / n;
        }
        table[i] = static_cast<std::uint32_t>((sum + half) >> (bits - fraction_bits));
    }
    return table;
}

constexpr auto quantiles = make_quantiles();
constexpr std::uint64_t ln2 = 0xb17217f8;  // OEIS A002162 in binary: 0.1011000101110010...
static_assert(quantiles.front() == 0);
static_assert(quantiles.back() == ln2);

bool hit(std::uint32_t chance, Rng& rng) {
    return chance > 0 && rng.below(per_million) < chance;
}

}  // namespace

Duration exponential(Duration mean, Rng& rng) {
    if (mean <= Duration::zero()) return Duration::zero();
    const std::uint64_t draw = rng.next();
    const auto coins = static_cast<std::uint32_t>(draw >> 32);
    const auto place = static_cast<std::uint32_t>(draw);
    constexpr unsigned cell_bits = 32 - table_bits;
    const std::size_t cell = place >> cell_bits;
    const std::uint64_t within = place & ((1U << cell_bits) - 1);
    const std::uint64_t rise = quantiles[cell + 1] - quantiles[cell];
    const std::uint64_t rest = quantiles[cell] + (rise * within >> cell_bits);
    const std::uint64_t times = static_cast<unsigned>(std::countl_zero(coins)) * ln2 + rest;
    return Duration{static_cast<std::int64_t>(
        static_cast<Wide>(times) * static_cast<std::uint64_t>(mean.count()) >> fraction_bits)};
}

Instant Path::send(Instant now, std::size_t bytes, Rng& rng) {
    if (now > line_free_) {
        line_free_ = now;
        line_free_rest_ = 0;
    }
    if (config_.bytes_per_second > 0) {
        constexpr std::uint64_t second = 1'000'000'000;
        const Wide time = static_cast<Wide>(bytes) * second + line_free_rest_;
        line_free_ += Duration{static_cast<std::int64_t>(time / config_.bytes_per_second)};
        line_free_rest_ = static_cast<std::uint64_t>(time % config_.bytes_per_second);
    }
    Instant arrival = rounded_up() + config_.base + exponential(config_.jitter_mean, rng);
    if (hit(config_.tail_per_million, rng)) arrival += exponential(config_.tail_mean, rng);
    last_arrival_ = std::max(last_arrival_, arrival);
    return last_arrival_;
}

void Deliveries::add(Instant when) {
    times_[size_++] = when;
    if (size_ == 2 && times_[1] < times_[0]) std::swap(times_[0], times_[1]);
}

Deliveries DatagramPath::deliveries(Instant now, std::size_t bytes, Rng& rng) {
    Deliveries out;
    if (bytes > faults_.mtu) return out;
    const Instant arrival = queue_.send(now, bytes, rng);
    if (hit(faults_.loss, rng)) return out;
    out.add(hit(faults_.reorder, rng) ? arrival + late(rng) : arrival);
    if (hit(faults_.duplicate, rng)) out.add(arrival + late(rng));
    return out;
}

Duration DatagramPath::late(Rng& rng) const {
    const auto least = static_cast<std::uint64_t>(faults_.late_min.count());
    return faults_.late_min +
           Duration{least > 0 ? static_cast<std::int64_t>(rng.below(least)) : std::int64_t{0}};
}

}  // namespace parley::sim
