#include <parley/nat/router_ask.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace parley::nat {

void RouterAsk::on_unreachable(const std::string& why) {
    if (!result_) fail_with(MappingErrc::no_answer, "the router cannot be asked: " + why);
}

std::uint32_t RouterAsk::wanted_seconds() const {
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    const auto seconds = request_.lifetime.count();
    return static_cast<std::uint32_t>(seconds <= 0 ? most : std::min<std::int64_t>(seconds, most));
}

bool RouterAsk::is_due(Now now) {
    if (result_ || now.instant < send_at_) return false;
    if (sends_ == sends_max) {
        if (nonsense_) {
            fail_with(MappingErrc::bad_answer, "its answers make no sense: " + *nonsense_);
        } else {
            fail_with(MappingErrc::no_answer, "the router does not answer");
        }
        return false;
    }
    send_at_ = now.instant + first_wait * (1U << sends_);
    ++sends_;
    return true;
}

void RouterAsk::next_question() {
    sends_ = 0;
    send_at_ = Instant::min();
    nonsense_.reset();
}

void RouterAsk::fail_with(MappingErrc code, std::string why) {
    result_ = MappingResult{std::unexpected{MappingError{code, std::move(why)}}};
}

}  // namespace parley::nat
