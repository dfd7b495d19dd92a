#include <parley/chain/consensus/qbft/own_block.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain::qbft {

OwnBlock::OwnBlock(Calls calls, ExtraForm form)
    : calls_(std::move(calls)), form_(form), self_(std::make_shared<OwnBlock*>(this)) {}

OwnBlock::~OwnBlock() {
    *self_ = nullptr;
}

void OwnBlock::plan(View view, Parent parent, Instant due) {
    plan_.reset();
    if (current_ && current_->view == view) return;
    const auto ahead = std::clamp(2 * making_time_, ahead_min, ahead_max);
    plan_ = Plan{view, std::move(parent), due - ahead, due};
}

bool OwnBlock::want(Now now, const View& view, const Parent& parent) {
    if (!is_begun(view, parent)) return begin(now, {view, parent, now.instant, now.instant});
    want_begun(now, view, parent);
    return true;
}

void OwnBlock::want_begun(Now now, const View& view, const Parent& parent) {
    if (!is_begun(view, parent)) return;
    current_->is_wanted = true;
    if (current_->block) hand_over(now);
}

void OwnBlock::on_head(const Hash256& head) {
    if (current_ && current_->parent != head) current_.reset();
}

OwnBlock::SharedBlock OwnBlock::find(const Hash256& digest) const {
    const bool is_it = current_ && current_->block && current_->block->digest == digest;
    return is_it ? current_->block : nullptr;
}

void OwnBlock::on_timer(Now now) {
    if (!plan_ || now.instant < plan_->at) return;
    (void)begin(now, *std::exchange(plan_, {}));
}

bool OwnBlock::begin(Now now, const Plan& plan) {
    const bool begun = calls_.make(now, plan.parent, plan.view,
                                   [self = self_, view = plan.view, begun_at = now.instant](
                                       Now at, std::optional<Draft> draft) {
                                       if (!*self) return;
                                       if (draft) (*self)->making_time_ = at.instant - begun_at;
                                       (*self)->on_draft(at, view, std::move(draft));
                                   });
    const bool is_on_head = !plan.parent.block;
    if (begun) current_ = Current{plan.view, plan.parent.header.hash, plan.due, is_on_head};
    return begun;
}

/// One that was made on another block than was asked for, or is no longer wanted, is forgotten.
void OwnBlock::on_draft(Now now, const View& view, std::optional<Draft> draft) {
    if (!current_ || current_->view != view || current_->block) return;
    if (!draft) return current_.reset();  // another round may do better
    ProposedBlock block{.block = std::move(draft->block), .extra = {}};
    const auto& header = block.block.header;
    auto extra = decode_extra_data(header.extra_data, form_);
    if (!extra || header.parent_hash != current_->parent) return;
    block.digest = hash_with(header, *extra, 0, form_);
    block.extra = std::move(*extra);
    current_->block = std::make_shared<const ProposedBlock>(std::move(block));
    current_->executed = std::move(draft->executed);
    if (!current_->is_wanted || now.instant < current_->due) calls_.ahead(current_->block);
    if (current_->is_wanted) hand_over(now);
}

void OwnBlock::hand_over(Now now) {
    auto current = *std::exchange(current_, {});
    calls_.made(now, {current.view, std::move(current.block), std::move(current.executed)});
}

}  // namespace parley::chain::qbft
