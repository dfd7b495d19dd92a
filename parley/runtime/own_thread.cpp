#include <parley/runtime/own_thread.hpp>

#include <parley/runtime/clock.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace parley::runtime {

using transport::CloseReason;
using transport::Code;
using transport::Goodbye;
using transport::Message;
using transport::MessageCredit;
using transport::NodeThread;
using transport::Offence;
using transport::SendResult;

namespace {

using PeerId = std::uint64_t;  // never used again

/// What the module's thread wants of a peer, carried to the node's.
struct Command {
    enum class Kind : std::uint8_t { send, mark_useful, penalise, note_waste, disconnect, part };
    PeerId peer;
    Kind kind;
    Code code = 0;
    SharedBytes message = {};
    Offence offence = {};
    Duration work = {};
    std::shared_ptr<const Goodbye> goodbye = {};
};

/// The account of what a peer's module sent and its lane has not taken.
struct SendAccount {
    std::atomic<std::uint64_t> waiting_bytes = 0;
    std::atomic<bool> wants_room = false;  ///< a send was answered with `full`
    std::atomic<bool> closed = false;
};

}  // namespace

class OwnThread::Impl : public std::enable_shared_from_this<Impl> {
public:
    explicit Impl(transport::PeerHandler& module) : module_(module), spec_(module.topic()) {}

    const transport::TopicSpec& spec() const { return spec_; }

    // --- The node's thread -------------------------------------------------------------------

    void attach(transport::Network& network) {
        node_ = network.node_thread();
        network_ = std::make_unique<ThreadNetwork>(*this, network);
        push([this](Now) { module_.attached(*network_); });
        thread_ = std::thread{[this] { run(); }};
    }

    std::unique_ptr<transport::TopicHandler> add_peer(transport::Context& context) {
        rethrow();
        const PeerId id = ++last_peer_;
        auto account = std::make_shared<SendAccount>();
        auto there = std::make_shared<ThreadContext>(*this, id, context, account);
        push([this, there](Now) {
            there->handler = module_.new_peer(*there);
            peers_.emplace(there->peer, there);
        });
        return std::make_unique<NodePeer>(shared_from_this(), id, context, std::move(account));
    }

    Buffer status() {
        rethrow();
        const std::lock_guard lock{mutex_};
        status_wanted_ = true;
        wake_.notify_one();
        return status_;
    }

    void attempt_failed(const transport::FailedAttempt& attempt) {
        rethrow();
        if (attempts_waiting_.load() >= attempts_max) return;
        ++attempts_waiting_;
        push([this, attempt](Now) {
            --attempts_waiting_;
            module_.on_attempt_failed(attempt);
        });
    }

    /// Throws what the module threw, once, where the node knows what to do about it.
    void rethrow() {
        if (!failed_.load()) return;
        const std::lock_guard lock{mutex_};
        if (auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
    }
    bool has_failed() const { return failed_.load(); }

    /// Ends the thread after the call that is under way.
    void end() {
        {
            const std::lock_guard lock{mutex_};
            ending_ = true;
            wake_.notify_one();
        }
        if (thread_.joinable()) thread_.join();
        inbox_ = {};
        peers_.clear();
    }

private:
    using Call = std::move_only_function<void(Now)>;

    /// A message that came for a peer. Small ones lie in Inputs::small, a large one is its own.
    struct Arrived {
        PeerId peer;
        Code code;
        MessageCredit credit;
        std::size_t at;
        std::size_t size;
        Buffer large;
    };
    using Input = std::variant<Call, Arrived>;
    /// What waits for the module's thread, which takes all of it at once.
    struct Inputs {
        std::vector<Input> items;  // bounded: see the header
        Buffer small;

        Bytes bytes(const Arrived& arrived) const {
            if (!arrived.large.empty()) return arrived.large;
            return Bytes{small}.subspan(arrived.at, arrived.size);
        }
        /// Keeps the memory, unless it is unusually much.
        void clear() {
            items.clear();
            small.clear();
            if (small.capacity() > small_kept_max) small = {};
        }
    };
    static constexpr std::size_t small_message_max = 512;
    static constexpr std::size_t small_kept_max = 1U << 20;
    static constexpr Duration credit_interval = 100us;

    /// A peer as the node's thread sees it: passes on what comes, and carries out Commands.
    class NodePeer final : public transport::TopicHandler {
    public:
        NodePeer(std::shared_ptr<Impl> impl, PeerId id, transport::Context& context,
                 std::shared_ptr<SendAccount> account)
            : impl_(std::move(impl)), id_(id), context_(context), account_(std::move(account)) {
            impl_->here_.emplace(id_, this);
        }
        ~NodePeer() override { impl_->here_.erase(id_); }

        Result<void, Offence> handle(Code code, Message message) override {
            impl_->rethrow();
            impl_->push_message(id_, code, std::move(message));
            return {};
        }
        void on_writable() override { drain(); }
        void on_status(Bytes status) override { impl_->push_status(id_, to_buffer(status)); }
        void on_closed(CloseReason reason) override {
            account_->closed = true;
            impl_->push(
                [impl = impl_.get(), id = id_, reason, hold = context_.hold_slot()](Now) mutable {
                    impl->close(id, reason);
                    hold.reset();
                    impl->wake_node();
                });
        }

        void execute(Command& command) {
            switch (command.kind) {
                case Command::Kind::send:
                    waiting_.push_back(std::move(command));
                    return drain();
                case Command::Kind::mark_useful:
                    return context_.mark_useful();
                case Command::Kind::penalise:
                    return context_.penalise(command.offence);
                case Command::Kind::note_waste:
                    return context_.note_waste(command.work);
                case Command::Kind::disconnect:
                    return context_.disconnect();
                case Command::Kind::part:
                    return context_.part(*command.goodbye);
            }
        }

    private:
        /// Sends what waits, as far as the lane has room; the module hears when half is free.
        void drain() {
            while (!waiting_.empty()) {
                auto& next = waiting_.front();
                const auto cost = transport::credit_cost(next.message.size());
                if (context_.send(next.code, next.message) == SendResult::full) return;
                waiting_.pop_front();
                const auto left = account_->waiting_bytes -= cost;
                if (left > impl_->spec_.send_budget_bytes / 2) continue;
                if (account_->wants_room.exchange(false)) {
                    impl_->push([impl = impl_.get(), id = id_](Now) { impl->writable(id); });
                }
            }
        }

        std::shared_ptr<Impl> impl_;
        PeerId id_;
        transport::Context& context_;
        std::shared_ptr<SendAccount> account_;
        std::deque<Command> waiting_;  // bounded by the send budget
    };

    /// A peer as the module sees it, on its own thread.
    class ThreadContext final : public transport::Context {
    public:
        ThreadContext(Impl& impl, PeerId id, transport::Context& context,
                      std::shared_ptr<SendAccount> account)
            : peer(id),
              impl_(impl),
              id_(context.id()),
              hello_(context.hello()),
              endpoint_(context.endpoint()),
              direction_(context.direction()),
              message_bytes_max_(context.message_bytes_max()),
              account_(std::move(account)) {}

        const NodeId& id() const override { return id_; }
        const transport::Hello& hello() const override { return hello_; }
        const Endpoint& endpoint() const override { return endpoint_; }
        transport::Direction direction() const override { return direction_; }
        Now now() const override { return impl_.now_; }
        std::size_t message_bytes_max() const override { return message_bytes_max_; }

        SendResult send(Code code, SharedBytes message) override {
            if (account_->closed) return SendResult::closed;
            if (message.size() > message_bytes_max_) return SendResult::too_large;
            const auto cost = transport::credit_cost(message.size());
            if (!take(cost)) {
                // The node may have made room since: then nobody would tell.
                account_->wants_room = true;
                if (!take(cost)) return SendResult::full;
                account_->wants_room = false;
            }
            impl_.command({.peer = peer,
                           .kind = Command::Kind::send,
                           .code = code,
                           .message = std::move(message)});
            return SendResult::queued;
        }
        void mark_useful() override {
            impl_.command({.peer = peer, .kind = Command::Kind::mark_useful});
        }
        void penalise(Offence offence) override {
            impl_.command({.peer = peer, .kind = Command::Kind::penalise, .offence = offence});
        }
        void note_waste(Duration work) override {
            impl_.command({.peer = peer, .kind = Command::Kind::note_waste, .work = work});
        }
        void disconnect() override {
            impl_.command({.peer = peer, .kind = Command::Kind::disconnect});
        }
        void part(const Goodbye& goodbye) override {
            impl_.command({.peer = peer,
                           .kind = Command::Kind::part,
                           .goodbye = std::make_shared<const Goodbye>(goodbye)});
        }

        /// Nothing is sent any more.
        void close() { account_->closed = true; }

        const PeerId peer;
        std::unique_ptr<transport::TopicHandler> handler;

    private:
        /// An empty queue takes any message, also one that alone is over the budget.
        bool take(std::uint64_t cost) {
            const auto waiting = account_->waiting_bytes.load();
            if (waiting > 0 && waiting + cost > impl_.spec_.send_budget_bytes) return false;
            account_->waiting_bytes += cost;  // the other side only lowers it
            return true;
        }

        Impl& impl_;
        NodeId id_;
        transport::Hello hello_;
        Endpoint endpoint_;
        transport::Direction direction_;
        std::size_t message_bytes_max_;
        std::shared_ptr<SendAccount> account_;
    };

    /// The network as the module sees it, on its own thread.
    class ThreadNetwork final : public transport::Network {
    public:
        ThreadNetwork(Impl& impl, transport::Network& network)
            : impl_(impl), log_(network.log()), id_(network.id()) {}

        transport::BroadcastResult broadcast(std::string_view topic, Code code,
                                             const SharedBytes& message,
                                             const transport::PeerPredicate& except) override {
            transport::BroadcastResult out;
            if (topic != impl_.spec_.name) return out;
            for (auto& [id, peer] : impl_.peers_) {
                if (except && except({peer->id(), peer->hello(), peer->direction()})) continue;
                const auto sent = peer->send(code, message);
                if (sent == SendResult::queued) ++out.queued;
                if (sent == SendResult::full || sent == SendResult::too_large) {
                    out.missed.push_back(peer->id());
                }
            }
            return out;
        }
        JobQueue& jobs() override { return jobs_; }
        Hub& hub() override { return hub_; }
        Log& log() override { return log_; }
        Now now() const override { return impl_.now_; }
        const NodeId& id() const override { return id_; }
        std::shared_ptr<NodeThread> node_thread() override { return impl_.node_; }

        /// What the call that just ended asked for.
        void finish(Now now) {
            hub_.deliver();
            for (auto jobs = jobs_.take(); !jobs.empty(); jobs = jobs_.take()) {
                for (auto& job : jobs) {
                    job.run();
                    jobs_.finish(job, now);
                }
            }
        }

    private:
        Impl& impl_;
        Log& log_;
        NodeId id_;
        JobQueue jobs_{64};
        Hub hub_;
    };

    // --- Between the threads -----------------------------------------------------------------

    void push(Call call) {
        const std::lock_guard lock{mutex_};
        if (is_heard()) add(std::move(call));
    }
    // Under mutex_: a module that threw is called no more.
    bool is_heard() const { return !failed_ && !ending_; }
    void add(Input item) {
        inbox_.items.push_back(std::move(item));
        if (inbox_.items.size() == 1) wake_.notify_one();
    }

    /// The message's credit is given back on the module's thread from here on, unless nobody hears.
    void push_message(PeerId id, Code code, Message&& message) {
        const std::lock_guard lock{mutex_};
        if (!is_heard()) return;
        if (!node_ledger_) node_ledger_ = message.ledger();
        Arrived arrived{id, code, {}, inbox_.small.size(), message.bytes().size(), {}};
        if (arrived.size > small_message_max) {
            arrived.large = message.move_bytes();
        } else {
            append(inbox_.small, message.bytes());
        }
        arrived.credit = message.take_credit();
        add(std::move(arrived));
    }

    /// The latest status of a peer alone.
    void push_status(PeerId peer, Buffer status) {
        bool first = false;
        {
            const std::lock_guard lock{mutex_};
            first = statuses_.insert_or_assign(peer, std::move(status)).second;
        }
        if (first) push([this, peer](Now) { tell_status(peer); });
    }

    void command(Command command) {
        bool first = false;
        {
            const std::lock_guard lock{commands_mutex_};
            first = commands_.empty();
            commands_.push_back(std::move(command));
        }
        if (first) wake_node();
    }

    /// The node carries out what waits. It may find this gone: then nothing waits.
    void wake_node() {
        if (!node_) return;
        node_->post([weak = weak_from_this()](Now) {
            if (const auto impl = weak.lock()) impl->execute_commands();
        });
    }

    void execute_commands() {
        std::vector<Command> commands;
        std::vector<MessageCredit> returned;
        {
            const std::lock_guard lock{commands_mutex_};
            commands.swap(commands_);
            returned.swap(returned_);
        }
        for (const auto& one : returned) {
            if (node_ledger_) node_ledger_->give_back(one);
        }
        for (auto& command : commands) {
            const auto found = here_.find(command.peer);
            if (found != here_.end()) found->second->execute(command);
        }
    }

    // --- The module's thread -----------------------------------------------------------------

    void run() {
        Inputs inputs;
        while (take(inputs)) {
            for (auto& item : inputs.items) {
                if (ending_) return;
                call([&] { execute(item, inputs); });
            }
            inputs.clear();
            if (failed_) wake_node();  // slots that calls held are free
            call([&] { look_at_clock(); });
            pass_on_credit();
        }
    }

    /// Sleeps until there is something to do. False: this is the end.
    bool take(Inputs& inputs) {
        if (take_waiting(inputs)) return !ending_;
        Instant until = never;
        call([&] {
            if (!failed_) until = module_.next_wakeup();
        });
        std::unique_lock lock{mutex_};
        const auto due = [&] {
            return ending_ || !inbox_.items.empty() || (status_wanted_ && !failed_);
        };
        if (until == never) {
            wake_.wait(lock, due);
        } else {
            wake_.wait_for(lock, std::max(until, now_.instant) - monotonic_now(), due);
        }
        std::swap(inputs, inbox_);
        return !ending_;
    }
    /// What waits comes before any question: the first is that the module is attached.
    bool take_waiting(Inputs& inputs) {
        const std::lock_guard lock{mutex_};
        if (inbox_.items.empty()) return false;
        std::swap(inputs, inbox_);
        return true;
    }

    /// One call of the module, and what it asked for.
    template <class F>
    void call(F f) {
        now_ = runtime::now();
        try {
            f();
            network_->finish(now_);
        } catch (...) {
            fail(std::current_exception());
        }
    }

    void execute(Input& item, const Inputs& inputs) {
        // A call that blocks holds up the credit of those just before it alone.
        if (now_.instant - credit_passed_ >= credit_interval) pass_on_credit();
        if (auto* arrived = std::get_if<Arrived>(&item)) {
            deliver(*arrived, inputs.bytes(*arrived));
        } else if (!failed_) {
            std::get<Call>(item)(now_);
        }
    }
    void look_at_clock() {
        if (failed_) return;
        if (take_status_wanted()) refresh_status();
        if (module_.next_wakeup() <= now_.instant) module_.on_timer(now_);
    }
    bool take_status_wanted() {
        const std::lock_guard lock{mutex_};
        return std::exchange(status_wanted_, false);
    }

    void refresh_status() {
        Buffer status = module_.status();
        const std::lock_guard lock{mutex_};
        status_ = std::move(status);
    }

    /// The module is called no more, but that its handlers hear of the end.
    void fail(std::exception_ptr failure) {
        Inputs unheard;
        {
            const std::lock_guard lock{mutex_};
            if (failed_) return;
            failure_ = std::move(failure);
            failed_ = true;
            std::swap(unheard, inbox_);
            statuses_.clear();
        }
        for (const auto& item : unheard.items) {
            if (const auto* arrived = std::get_if<Arrived>(&item)) {
                credit_->give_back(arrived->credit);
            }
        }
        for (const auto& [id, peer] : std::exchange(peers_, {})) {
            peer->close();
            try {
                peer->handler->on_closed(CloseReason::module_failed);
            } catch (...) {  // it threw already: one report is enough
            }
        }
        unheard = {};
        pass_on_credit();
        wake_node();
    }

    void deliver(Arrived& arrived, Bytes bytes) {
        const auto& credit = arrived.credit;
        const auto found = peers_.find(arrived.peer);
        if (found == peers_.end()) return credit_->give_back(credit);
        auto& handler = *found->second->handler;
        const auto result =
            arrived.large.empty()
                ? handler.handle(arrived.code, Message::lent(bytes, credit_, credit.link,
                                                             credit.lane, credit.bytes))
                : handler.handle(arrived.code, Message{std::move(arrived.large), credit_,
                                                       credit.link, credit.lane, credit.bytes});
        if (!result) found->second->penalise(result.error());
    }
    void tell_status(PeerId id) {
        Buffer status;
        {
            const std::lock_guard lock{mutex_};
            status = std::move(statuses_.extract(id).mapped());
        }
        const auto found = peers_.find(id);
        if (found != peers_.end()) found->second->handler->on_status(status);
    }
    void writable(PeerId id) {
        const auto found = peers_.find(id);
        if (found != peers_.end()) found->second->handler->on_writable();
    }
    void close(PeerId id, CloseReason reason) {
        const auto found = peers_.find(id);
        if (found == peers_.end()) return;
        const auto peer = found->second;
        peers_.erase(found);
        peer->handler->on_closed(reason);
    }

    /// Credit that the module gave back goes to the node's thread.
    void pass_on_credit() {
        credit_passed_ = now_.instant;
        if (credit_->empty()) return;
        auto returned = credit_->take();
        bool first = false;
        {
            const std::lock_guard lock{commands_mutex_};
            first = commands_.empty() && returned_.empty();
            returned_.insert(returned_.end(), returned.begin(), returned.end());
        }
        if (first) wake_node();
    }

    transport::PeerHandler& module_;
    const transport::TopicSpec spec_;
    std::shared_ptr<NodeThread> node_;
    std::unique_ptr<ThreadNetwork> network_;

    // The node's thread.
    PeerId last_peer_ = 0;
    std::map<PeerId, NodePeer*> here_;
    std::shared_ptr<transport::CreditLedger> node_ledger_;  // of all messages

    // Both, under mutex_.
    std::mutex mutex_;
    std::condition_variable wake_;
    Inputs inbox_;
    std::map<PeerId, Buffer> statuses_;  // of those that wait
    Buffer status_;
    bool status_wanted_ = false;
    std::atomic<bool> ending_ = false;
    std::exception_ptr failure_;
    std::atomic<bool> failed_ = false;
    std::atomic<std::size_t> attempts_waiting_ = 0;

    // Both, under commands_mutex_.
    std::mutex commands_mutex_;
    std::vector<Command> commands_;
    std::vector<MessageCredit> returned_;

    // The module's thread.
    Now now_;
    std::map<PeerId, std::shared_ptr<ThreadContext>> peers_;
    std::shared_ptr<transport::CreditLedger> credit_ = std::make_shared<transport::CreditLedger>();
    Instant credit_passed_{};

    std::thread thread_;
};

OwnThread::OwnThread(transport::PeerHandler& module) : impl_(std::make_shared<Impl>(module)) {}
OwnThread::~OwnThread() {
    impl_->end();
}

transport::TopicSpec OwnThread::topic() const {
    return impl_->spec();
}
void OwnThread::attached(transport::Network& network) {
    impl_->attach(network);
}
std::unique_ptr<transport::TopicHandler> OwnThread::new_peer(transport::Context& context) {
    return impl_->add_peer(context);
}
Buffer OwnThread::status() {
    return impl_->status();
}
void OwnThread::on_attempt_failed(const transport::FailedAttempt& attempt) {
    impl_->attempt_failed(attempt);
}
/// The node is to hear of a failure without waiting for a message.
Instant OwnThread::next_wakeup() const {
    return impl_->has_failed() ? Instant::min() : never;
}
void OwnThread::on_timer(Now) {
    impl_->rethrow();
}

}  // namespace parley::runtime
