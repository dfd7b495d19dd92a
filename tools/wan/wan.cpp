#include "end.hpp"
#include "wan.hpp"
#include <parley/base/bytes.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <mutex>
#include <optional>
#include <queue>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace parley::wan {

using runtime::UniqueFd;

namespace {

constexpr std::size_t ends_max = 200;
constexpr std::size_t packet_bytes_max = 65536;
constexpr std::size_t batch_packets = 64;  // of one device before the next one's turn
/// On their way in all; beyond it packets are dropped, as if a queue had overflown.
constexpr std::size_t under_way_bytes_max = std::size_t{256} << 20;
/// Wake-ups may be late by so much: a packet of 9,000 bytes takes 72 us at 1 Gbit/s.
constexpr unsigned long timer_slack_ns = 50'000;

Instant now() {
    return Instant{std::chrono::steady_clock::now().time_since_epoch()};
}

/// The end that an IPv4 packet is for: its address' last byte; nothing for what has no end here.
std::optional<std::size_t> destination(Bytes packet, std::size_t ends) {
    constexpr std::size_t header_bytes = 20;
    constexpr std::array network{std::byte{10}, std::byte{77}, std::byte{0}};
    if (packet.size() < header_bytes || (packet[0] >> 4) != std::byte{4}) return std::nullopt;
    const auto address = packet.subspan(16, 4);
    if (!std::ranges::equal(address.first(3), network)) return std::nullopt;
    const auto end = std::to_integer<std::size_t>(address[3]);
    return end >= 1 && end <= ends ? std::optional{end - 1} : std::nullopt;
}

}  // namespace

class Wan::Impl {
public:
    explicit Impl(const WanOptions& options) : wake_(::eventfd(0, EFD_CLOEXEC)) {
        Rng rng{options.seed};
        for (std::size_t i = 0; i < std::min(options.ends, ends_max); ++i) {
            ends_.push_back(
                {make_end(i + 1, options), Line{{}, rng.split("from")}, Line{{}, rng.split("to")}});
        }
        thread_ = std::thread{[this] { run(); }};
    }
    ~Impl() {
        stop_ = true;
        const std::uint64_t one = 1;
        (void)!::write(wake_.get(), &one, sizeof one);
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::size_t ends() const { return ends_.size(); }
    int space(std::size_t end) const { return ends_.at(end - 1).end.space.get(); }

    Result<void, std::string> change(std::size_t end, std::string_view words) {
        if (end < 1 || end > ends_.size()) {
            return std::unexpected{"expected an end from 1 to " + std::to_string(ends_.size()) +
                                   ", got " + std::to_string(end)};
        }
        const std::scoped_lock lock{mutex_};
        auto& at = ends_[end - 1];
        auto settings = at.from.settings();
        if (auto done = wan::change(settings, words); !done) return done;
        at.from.set(settings);
        at.to.set(settings);
        return {};
    }

    LineCounts counts(std::size_t end, bool from) const {
        const std::scoped_lock lock{mutex_};
        const auto& at = ends_.at(end - 1);
        return from ? at.from.counts() : at.to.counts();
    }

private:
    struct EndState {
        End end;
        Line from;  // that its packets leave by
        Line to;    // that packets for it come by
    };
    struct Packet {
        Instant at;           // leaves its line then
        std::uint64_t order;  // of those at the same time
        std::size_t to;
        bool last_line;
        Buffer bytes;
    };
    struct Later {
        bool operator()(const Packet& a, const Packet& b) const {
            return std::pair{a.at, a.order} > std::pair{b.at, b.order};
        }
    };

    void run() {
        ::prctl(PR_SET_TIMERSLACK, timer_slack_ns);
        std::vector<pollfd> polled;
        for (const auto& end : ends_) polled.push_back({end.end.device.get(), POLLIN, 0});
        polled.push_back({wake_.get(), POLLIN, 0});
        while (!stop_) {
            timespec wait{};
            if (!under_way_.empty()) {
                const auto left = std::max<std::int64_t>((under_way_.top().at - now()).count(), 0);
                wait = {left / 1'000'000'000, left % 1'000'000'000};
            }
            ::ppoll(polled.data(), polled.size(), under_way_.empty() ? nullptr : &wait, nullptr);
            const std::scoped_lock lock{mutex_};
            deliver();
            for (std::size_t i = 0; i < ends_.size(); ++i) {
                if (polled[i].revents != 0) read_from(i);
            }
        }
    }

    void read_from(std::size_t end) {
        for (std::size_t i = 0; i < batch_packets; ++i) {
            const auto size = ::read(ends_[end].end.device.get(), scratch_.data(), scratch_.size());
            if (size <= 0) return;
            const auto bytes = Bytes{scratch_}.first(static_cast<std::size_t>(size));
            const auto to = destination(bytes, ends_.size());
            if (!to || under_way_bytes_ + bytes.size() > under_way_bytes_max) continue;
            const auto at = ends_[end].from.enter(now(), bytes.size());
            if (at) push({*at, order_++, *to, false, to_buffer(bytes)});
        }
    }

    /// Moves what is due: from the first line into the second, from the second into the device.
    void deliver() {
        const auto present = now();
        while (!under_way_.empty() && under_way_.top().at <= present) {
            // The heap gives const access only; the entry is removed right away.
            auto packet = std::move(const_cast<Packet&>(under_way_.top()));
            under_way_.pop();
            under_way_bytes_ -= packet.bytes.size();
            auto& target = ends_[packet.to];
            if (packet.last_line) {
                (void)!::write(target.end.device.get(), packet.bytes.data(), packet.bytes.size());
                continue;
            }
            const auto at = target.to.enter(packet.at, packet.bytes.size());
            if (at) push({*at, order_++, packet.to, true, std::move(packet.bytes)});
        }
    }

    void push(Packet&& packet) {
        under_way_bytes_ += packet.bytes.size();
        under_way_.push(std::move(packet));
    }

    mutable std::mutex mutex_;  // over ends_: their lines
    std::vector<EndState> ends_;
    std::priority_queue<Packet, std::vector<Packet>, Later> under_way_;
    std::size_t under_way_bytes_ = 0;
    std::uint64_t order_ = 0;
    Buffer scratch_ = Buffer(packet_bytes_max);
    UniqueFd wake_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

Wan::Wan(const WanOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Wan::~Wan() = default;
std::size_t Wan::ends() const {
    return impl_->ends();
}
int Wan::space(std::size_t end) const {
    return impl_->space(end);
}
std::string Wan::space_path(std::size_t end) const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(space(end));
}
std::string Wan::address(std::size_t end) {
    return "10.77.0." + std::to_string(end);
}
Result<void, std::string> Wan::change(std::size_t end, std::string_view words) {
    return impl_->change(end, words);
}
LineCounts Wan::sent(std::size_t end) const {
    return impl_->counts(end, true);
}
LineCounts Wan::received(std::size_t end) const {
    return impl_->counts(end, false);
}

InNamespace::InNamespace(int space)
    : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (!before_ || ::setns(space, CLONE_NEWNET) != 0) {
        throw std::system_error{errno, std::system_category(), "cannot enter a namespace"};
    }
}
InNamespace::~InNamespace() {
    ::setns(before_.get(), CLONE_NEWNET);
}

}  // namespace parley::wan
