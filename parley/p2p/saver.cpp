#include <parley/p2p/saver.hpp>

#include <algorithm>
#include <utility>

namespace parley::p2p {

namespace {
constexpr Duration interval = 1s;
constexpr Duration interval_soon = 100ms;
}  // namespace

void Saver::start(Now now) {
    save_at_ = now.instant + interval;
    save_soon_at_ = now.instant + interval_soon;
}

void Saver::on_timer(Now now) {
    const bool soon = now.instant >= save_soon_at_ && changed(true);
    if (soon || now.instant >= save_at_) save(now);
}

bool Saver::changed(bool soon_alone) const {
    return std::ranges::any_of(
        parts_, [&](const Part& p) { return (p.soon || !soon_alone) && p.has_changes(); });
}

Instant Saver::next_wakeup() const {
    if (stopping_ || !waiting_.empty()) return save_at_;
    if (changed(true)) return std::min(save_at_, save_soon_at_);
    return changed(false) ? save_at_ : never;
}

void Saver::save(Now now) {
    save_at_ = stopping_ ? never : now.instant + interval;
    save_soon_at_ = stopping_ ? never : now.instant + interval_soon;
    if (saving_ || jobs_.full()) return;
    auto batch = std::make_shared<StoreBatch>();
    for (const auto& part : parts_) part.take_changes(*batch);
    auto waiting = std::make_shared<std::vector<Done>>(std::exchange(waiting_, {}));
    const auto tell = [waiting](const std::optional<StoreError>& failure) {
        for (auto& done : *waiting) done(failure);
    };
    if (batch->empty()) return tell(std::nullopt);
    auto failure = std::make_shared<std::optional<StoreError>>();
    auto kept = store_.weak_from_this().lock();
    saving_ = jobs_.submit({[batch, failure, &store = store_, kept = std::move(kept)] {
                                if (auto ok = store.write(*batch); !ok) *failure = ok.error();
                            },
                            [this, batch, failure, tell](Now then) {
                                saved(then, *batch, *failure);
                                tell(*failure);
                            }});
}

void Saver::saved(Now now, const StoreBatch& batch, const std::optional<StoreError>& failure) {
    saving_ = false;
    if (failure) {
        log_.write(LogLevel::error, "node", "cannot write to the store",
                   {{"why", message(*failure)}});
        for (const auto& part : parts_) part.write_again(batch);
    }
    if (!waiting_.empty()) save(now);  // the owner does not wait for the next second
}

void Saver::when_saved(Now now, Done done) {
    waiting_.push_back(std::move(done));
    save(now);
}

void Saver::finish(Now now) {
    if (saving_ || finished_ || jobs_.full()) return;
    finished_ = true;
    save(now);
}

}  // namespace parley::p2p
