// The order, the caps and the budgets of answers about the state.
#include <parley/chain/sync/answer_queue.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace parley;
using namespace parley::chain;

namespace {

Now answer_time(int milliseconds) {
    return {Instant{} + std::chrono::hours{1} + std::chrono::milliseconds{milliseconds}, {}};
}

struct Asking {
    AnswerQueue queue;
    std::vector<AnswerQueue::PeerId> started = {};
    bool can_start = true;

    bool ask(Now now, AnswerQueue::PeerId peer, std::uint32_t bytes = 100) {
        return queue.push(now, peer, bytes, [this, peer](Now) {
            if (can_start) started.push_back(peer);
            return can_start;
        });
    }
};

using Peers = std::vector<AnswerQueue::PeerId>;

}  // namespace

TEST_CASE("so many answers are made at a time, one for a peer, in the order of the questions") {
    Asking asking{AnswerQueue{{.under_way_max = 2}}};
    for (const AnswerQueue::PeerId peer : {1U, 2U, 3U, 4U}) CHECK(asking.ask(answer_time(0), peer));
    CHECK(asking.started == Peers{1, 2});
    CHECK_FALSE(asking.ask(answer_time(0), 1));  // under way
    CHECK_FALSE(asking.ask(answer_time(0), 4));  // waits
    asking.queue.remove_peer(3);
    asking.queue.remove_peer(2);  // under way: its place is taken until it ends
    CHECK(asking.started == Peers{1, 2});
    asking.queue.finish(answer_time(1), 2, 100);
    CHECK(asking.started == Peers{1, 2, 4});
    asking.queue.finish(answer_time(1), 1, 100);
    CHECK(asking.ask(answer_time(2), 1));
    CHECK(asking.started == Peers{1, 2, 4, 1});
    CHECK(asking.queue.under_way() == 2);
}

TEST_CASE("who has used up its budget waits, and the others do not") {
    Asking asking{AnswerQueue{{.peer_bytes_per_second = 1'000,
                               .peer_burst_bytes = 1'000,
                               .bytes_per_second = 2'000,
                               .burst_bytes = 2'500}}};
    CHECK(asking.ask(answer_time(0), 1, 1'000));
    asking.queue.finish(answer_time(0), 1, 400);  // the rest is given back
    CHECK(asking.ask(answer_time(0), 1, 1'000));
    CHECK(asking.ask(answer_time(0), 2, 1'000));
    CHECK(asking.started == Peers{1, 2});
    asking.queue.finish(answer_time(0), 2, 1'000);
    asking.queue.on_timer(answer_time(300));
    CHECK(asking.started == Peers{1, 2});
    asking.queue.on_timer(answer_time(400));
    CHECK(asking.started == Peers{1, 2, 1});
    asking.queue.finish(answer_time(400), 1, 1'000);
    // All together have used 2,400 of 2,500 + 800.
    CHECK(asking.ask(answer_time(400), 3, 1'000));
    CHECK(asking.started == Peers{1, 2, 1});
    CHECK(asking.queue.next_wakeup() != never);
    asking.queue.on_timer(asking.queue.next_wakeup() == never ? answer_time(0) : answer_time(460));
    CHECK(asking.started == Peers{1, 2, 1, 3});
    CHECK(asking.queue.next_wakeup() == never);
}

TEST_CASE("an answer that cannot be begun is tried again") {
    Asking asking{AnswerQueue{{}}};
    asking.can_start = false;
    CHECK(asking.ask(answer_time(0), 1));
    CHECK(asking.queue.under_way() == 0);
    asking.can_start = true;
    asking.queue.on_timer(answer_time(1'000));
    CHECK(asking.started == Peers{1});
    CHECK(asking.queue.next_wakeup() == never);
}
