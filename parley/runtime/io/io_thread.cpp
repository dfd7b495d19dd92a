#include <parley/runtime/io/io_thread.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/runtime/clock.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace parley::runtime {
namespace {

constexpr std::size_t spare_vectors_max = 4;
constexpr std::size_t spare_effects_max = 65'536;
constexpr Duration poll_interval = 50us;

/// Whether the node gives up a link by this command before it is connected.
bool ends_dial(const transport::LinkCommand& command) {
    using namespace transport;
    return std::visit(overloaded{
                          [](const Refuse&) { return true; },
                          [](const Abandon&) { return true; },
                          [](const Proceed&) { return false; },
                          [](const Send&) { return false; },
                          [](const SendChunks&) { return false; },
                          [](const Consumed&) { return false; },
                          [](const GrowWindow&) { return false; },
                          [](const TellDrained&) { return false; },
                          [](const SetStatus&) { return false; },
                          [](const Probe&) { return false; },
                      },
                      command);
}

}  // namespace

IoThread::IoThread(std::size_t index, const IoConfig& config, NodeInbox& inbox,
                   EntropySource& entropy)
    : inbound_bytes_max_(config.inbound_bytes_max),
      inbox_(inbox),
      spin_(config.spin),
      index_(index),
      links_(poller_, config.links, entropy, batch_),
      dialer_(poller_, config.dialer) {
    batch_.source = index_;
}

IoThread::~IoThread() {
    finish(Instant::min());
    join();
}

void IoThread::start() {
    thread_ = std::thread{[this] { run(); }};
}

void IoThread::join() {
    if (thread_.joinable()) thread_.join();
}

// --- For the node's thread -------------------------------------------------------------------

std::vector<transport::SwitchEffect> IoThread::push(EffectBatch batch) {
    std::vector<transport::SwitchEffect> spare;
    {
        const std::scoped_lock lock{mail_mutex_};
        mail_.effects.push_back(std::move(batch));
        mail_waits_ = true;
        if (!spare_effects_.empty()) {
            spare = std::move(spare_effects_.back());
            spare_effects_.pop_back();
        }
    }
    wake_if_asleep();
    return spare;
}

void IoThread::push(Admitted admitted) {
    {
        const std::scoped_lock lock{mail_mutex_};
        mail_.admitted.push_back(std::move(admitted));
        mail_waits_ = true;
    }
    wake_if_asleep();
}

void IoThread::batch_done(std::size_t bytes) {
    const auto before = handed_over_bytes_.fetch_sub(bytes);
    const auto limit = inbound_bytes_max_;
    if (before >= limit && before - bytes < limit) wake_if_asleep();
}

void IoThread::finish(Instant deadline) {
    finish_by_ = deadline;
    wake_if_asleep();
}

// A thread that leaves something looks at asleep_ afterwards; this one looks for something to do
// after it set asleep_. So one of the two sees the other, and a thread that is awake costs no call.
void IoThread::wake_if_asleep() {
    if (asleep_.exchange(false)) poller_.wake();
}

// --- The thread ------------------------------------------------------------------------------

void IoThread::run() {
    for (;;) {
        const Now time = now();
        // Asked before the turn: what the node said before it asked for the end is then heard.
        const Instant by = finish_by_.load();
        turn(time);
        if (by != never && (links_.lingering() == 0 || time.instant >= by)) break;
        sleep_until(never);
    }
    dialer_.clear();
    links_.clear();
}

void IoThread::turn(Now now) {
    // Turns that follow one another without sleep look at the sockets now and then.
    if (std::exchange(slept_, false)) {
        polled_at_ = now.instant;
    } else if (now.instant - polled_at_ >= poll_interval) {
        polled_at_ = now.instant;
        poller_.poll();
    }
    take_dialed(now);  // first: the mail may be for a link that is just connected
    take_mail(now);
    links_.on_timer(now);
    dialer_.on_timer(now);
    take_dialed(now);  // what the mail and the timers ended
    if (may_read()) links_.read(now);
    links_.settle(now);
    hand_over();
    links_.bury();
}

void IoThread::answer(Now now) {
    if (!mail_waits_.load(std::memory_order_relaxed)) return;
    take_mail(now);
    links_.settle(now);
    hand_over();
    links_.bury();
}

void IoThread::take_mail(Now now) {
    if (!mail_waits_.load(std::memory_order_relaxed)) return;
    Mail mail;
    {
        const std::scoped_lock lock{mail_mutex_};
        std::swap(mail, mail_);
        mail_waits_ = false;
    }
    // A link is let in before anything is said to it.
    for (auto& admitted : mail.admitted) links_.accept(now, std::move(admitted));
    for (auto& batch : mail.effects) {
        for (auto& effect : batch.effects) {
            std::visit(overloaded{
                           [&](transport::CommandLink& said) {
                               // No link: it is still being dialed, or it closed and the node is
                               // about to hear.
                               if (!links_.command(now, said) && ends_dial(said.command)) {
                                   (void)dialer_.give_up(said.link);
                               }
                           },
                           [&](transport::OpenLink& open) {
                               dialer_.dial(now,
                                            {open.link, std::move(open.target), batch.identity});
                           },
                       },
                       effect);
        }
        recycle(std::move(batch.effects));
    }
}

// Growing such a vector anew for each batch costs more than its content. An unusually large one
// is not kept.
void IoThread::recycle(std::vector<transport::SwitchEffect> effects) {
    effects.clear();
    if (effects.capacity() > spare_effects_max) return;
    const std::scoped_lock lock{mail_mutex_};
    if (spare_effects_.size() < spare_vectors_max) spare_effects_.push_back(std::move(effects));
}

void IoThread::take_dialed(Now now) {
    if (!dialer_.has_outcomes()) return;
    for (auto& outcome : dialer_.take_outcomes()) {
        std::visit(
            overloaded{
                [&](Dialer::Connected& dialed) { links_.connect(now, std::move(dialed)); },
                [&](Dialer::Failed& failed) {
                    batch_.failed.push_back({failed.link, std::move(failed.why), failed.by_proxy});
                },
            },
            outcome);
    }
}

void IoThread::hand_over() {
    if (batch_.empty()) return;
    handed_over_bytes_ += batch_.bytes;
    inbox_.push(std::exchange(batch_, {}));
    batch_.source = index_;
}

bool IoThread::anything_to_do() const {
    const bool over = finish_by_.load() != never && links_.lingering() == 0;
    return mail_waits_ || dialer_.has_outcomes() || links_.wants_to_settle() ||
           (links_.wants_to_read() && may_read()) || over;
}

/// True: there is something, and no need to sleep.
bool IoThread::spin(Instant deadline) {
    const Instant until = std::min(polled_at_ + spin_, deadline);
    while (monotonic_now() < until) {
        if (!poller_.poll() && !anything_to_do()) continue;
        slept_ = true;
        return true;
    }
    return false;
}

void IoThread::sleep_until(Instant deadline) {
    const Instant until =
        std::min({links_.next_wakeup(), dialer_.next_wakeup(), finish_by_.load(), deadline});
    if (spin_ > 0ns && !anything_to_do() && spin(until)) return;
    asleep_ = true;
    if (anything_to_do()) {
        asleep_ = false;
        if (links_.take_expects_more()) std::this_thread::yield();
        return;
    }
    poller_.wait(std::min(until, finish_by_.load()));
    asleep_ = false;
    slept_ = true;
}

}  // namespace parley::runtime
