#include <parley/chain/consensus/qbft/validator_votes.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain::qbft {

Validators ValidatorVotes::apply(std::uint64_t number, const Validators& validators,
                                 const Address& maker, const std::optional<ValidatorVote>& vote) {
    if (number % epoch_blocks_ == 0) cast_.clear();
    if (!vote) return validators;
    std::erase_if(cast_, [&](const Cast& one) {
        return one.maker == maker && one.vote.recipient == vote->recipient;
    });
    const auto of_maker = std::ranges::count(cast_, maker, &Cast::maker);
    const bool is_possible =
        vote->adds ? validators.size() < validators_max : validators.size() > 1;
    if (vote->adds == validators.contains(vote->recipient) || !is_possible ||
        of_maker >= static_cast<std::ptrdiff_t>(recipients_max)) {
        return validators;
    }
    cast_.push_back({maker, *vote});
    const auto in_favour = static_cast<std::size_t>(std::ranges::count(cast_, *vote, &Cast::vote));
    if (in_favour <= validators.size() / 2) return validators;

    std::vector<Address> changed{validators.addresses().begin(), validators.addresses().end()};
    if (vote->adds) {
        changed.push_back(vote->recipient);
    } else {
        std::erase(changed, vote->recipient);
        std::erase_if(cast_, [&](const Cast& one) { return one.maker == vote->recipient; });
    }
    std::erase_if(cast_, [&](const Cast& one) { return one.vote.recipient == vote->recipient; });
    return Validators{std::move(changed)};
}

Buffer ValidatorVotes::encode() const {
    if (cast_.empty()) return {};
    rlp::Writer out;
    out.begin_list();
    for (const auto& [maker, vote] : cast_) {
        out.begin_list().string(Bytes{maker}).string(Bytes{vote.recipient});
        out.number(vote.adds ? 1 : 0).end_list();
    }
    return out.end_list().take();
}

Result<ValidatorVotes, rlp::RlpError> ValidatorVotes::decode(Bytes raw,
                                                             std::uint64_t epoch_blocks) {
    ValidatorVotes out{epoch_blocks};
    if (raw.empty()) return out;
    auto list = rlp::Reader::open_list(raw);
    if (!list) return std::unexpected{list.error()};
    while (!list->at_end()) {
        auto item = list->list();
        if (!item) return std::unexpected{item.error()};
        const auto maker = item->fixed<20>();
        if (!maker) return std::unexpected{maker.error()};
        const auto recipient = item->fixed<20>();
        if (!recipient) return std::unexpected{recipient.error()};
        const auto adds = item->boolean();
        if (!adds) return std::unexpected{adds.error()};
        if (const auto end = item->finish(); !end) return std::unexpected{end.error()};
        out.cast_.push_back({{*maker}, {.recipient = {*recipient}, .adds = *adds}});
    }
    return out;
}

}  // namespace parley::chain::qbft
