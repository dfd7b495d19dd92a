// What modules and the owner of a node hear of dials that came to nothing.
#include <parley/transport/switch/failed_dials.hpp>

#include <parley/transport/switch/test_switch.hpp>

namespace parley::transport::test {

namespace {

struct Node {
    std::vector<NodeKey> keys = sorted_keys(4);
    TestModule chat{spec("chat")};
    TestModule blocks{spec("blocks")};
    Rig rig{keys[0], {&chat, &blocks}};

    LinkId dial(std::size_t peer, DialOptions options = {}) {
        const Target target{keys[peer].id(), endpoint("127.0.0.1"), "node.example"};
        return rig.node->dial(rig.now(), target, options).value();
    }
    /// One dial from its start to its end.
    std::vector<std::string> fail(std::size_t peer, DialOptions options, CloseReason reason) {
        rig.event(dial(peer, options), Closed{.reason = reason, .detail = "why", .goodbye = {}});
        return rig.log.take();
    }
};

constexpr DialOptions wanted{.explicit_target = true};

}  // namespace

TEST_CASE("failed dials: modules learn of their network once, before anything else") {
    Node n;
    CHECK(n.chat.attached_times == 1);
    CHECK(n.blocks.attached_times == 1);
    REQUIRE(n.chat.network != nullptr);
    CHECK(&n.chat.network->hub() == &n.rig.hub);
    CHECK(&n.chat.network->jobs() == &n.rig.jobs);
    CHECK(&n.chat.network->log() == &n.rig.log);
    CHECK(n.chat.network->id() == n.keys[0].id());
    n.rig.up_inbound(n.keys[1]);
    CHECK(n.chat.network->now().instant == n.rig.now().instant);
    CHECK(n.chat.network->broadcast("chat", 1, {}).queued == 1);
}

TEST_CASE("failed dials: every module is told the target, the reason and what came") {
    Node n;
    n.rig.node->on_connect_failed(n.rig.now(), n.dial(1), "connection refused");
    for (const TestModule* module : {&n.chat, &n.blocks}) {
        REQUIRE(module->attempts.size() == 1);
        const FailedAttempt& attempt = module->attempts[0];
        CHECK(attempt.target.id == n.keys[1].id());
        CHECK(attempt.target.host == "node.example");
        CHECK(attempt.slot_class == SlotClass::ordinary);
        CHECK(attempt.reason == CloseReason::dial_failed);
        CHECK(attempt.detail == "connection refused");
        CHECK_FALSE(attempt.alive);
    }
    n.rig.take();
    CHECK(n.rig.last_failure->detail == "connection refused");
}

TEST_CASE("failed dials: both sides' values are told, whoever turned the other away") {
    Node n;
    const LinkId ours = n.dial(1);
    Hello theirs = n.rig.hello_like_ours(n.keys[1]);
    theirs.network_id = 8;
    n.rig.prove(ours, n.keys[1], theirs);
    n.rig.event(ours, Closed{.reason = CloseReason::truncated, .detail = "cut", .goodbye = {}});
    REQUIRE(n.chat.attempts.size() == 1);
    CHECK(n.chat.attempts[0].reason == CloseReason::wrong_network);
    CHECK(n.chat.attempts[0].detail == "ours: 7, theirs: 8");
    CHECK(n.chat.attempts[0].alive);
    n.rig.take();
    CHECK(n.rig.last_failure->detail == "ours: 7, theirs: 8");
    n.rig.event(n.dial(2), Closed{.reason = CloseReason::wrong_network,
                                  .detail = "Goodbye: wrong_network, theirs: 8, ours: 7",
                                  .goodbye = Goodbye{.reason = CloseReason::wrong_network}});
    CHECK(n.chat.attempts[1].detail == "Goodbye: wrong_network, theirs: 8, ours: 7");
    CHECK(n.chat.attempts[1].alive);
}

TEST_CASE("failed dials: neither callers, nor links that were up, nor feelers that worked") {
    Node n;
    n.rig.closed(n.rig.accept());
    n.rig.closed(n.rig.up_outbound(n.keys[1]));
    const LinkId feeler = n.dial(2, {.slot_class = SlotClass::feeler});
    n.rig.prove(feeler, n.keys[2]);
    n.rig.closed(feeler);
    CHECK(n.chat.attempts.empty());
    n.rig.closed(n.dial(3, {.slot_class = SlotClass::feeler}));
    CHECK(n.chat.attempts.size() == 1);
}

TEST_CASE("failed dials: an explicit target is a warning, once a reason since it was up") {
    Node n;
    const auto first = n.fail(1, wanted, CloseReason::wrong_identity);
    REQUIRE(first.size() == 1);
    CHECK(first[0] == "warn no link to a target target=" + n.keys[1].id().to_string() +
                          "@node.example:30303 reason=wrong_identity detail=why "
                          "advice=another node answers there: update the ID");
    CHECK(n.fail(1, wanted, CloseReason::wrong_identity).empty());
    CHECK(n.fail(1, wanted, CloseReason::dial_failed).size() == 1);
    CHECK(n.fail(1, wanted, CloseReason::wrong_identity).empty());
    CHECK(n.fail(2, wanted, CloseReason::wrong_identity).size() == 1);
    n.rig.closed(n.rig.up_inbound(n.keys[1]));
    CHECK(n.fail(1, wanted, CloseReason::wrong_identity).size() == 1);
}

TEST_CASE(
    "failed dials: static and trusted targets are explicit, others and lost ties are no news") {
    Node n;
    const auto reason = CloseReason::truncated;
    CHECK(n.fail(1, {.slot_class = SlotClass::static_peer}, reason).size() == 1);
    CHECK(n.fail(2, {.slot_class = SlotClass::trusted}, reason).size() == 1);
    CHECK(n.fail(3, {}, reason).empty());
    CHECK(n.fail(3, wanted, CloseReason::duplicate).empty());
    CHECK(n.fail(3, wanted, CloseReason::tie_lost).empty());
    CHECK(n.fail(3, wanted, reason).size() == 1);
}

TEST_CASE("failed dials: an explicit target that is not even dialed is a warning, too") {
    Node n;
    const auto dial = [&](std::size_t peer, DialOptions options) {
        (void)n.rig.node->dial(n.rig.now(), {n.keys[peer].id(), endpoint("127.0.0.1")}, options);
        return n.rig.log.take();
    };
    n.rig.node->ban(n.rig.now(), n.keys[1].id(), "test");
    CHECK(dial(0, {}).empty());
    CHECK(dial(1, {}).empty());
    CHECK(dial(0, wanted).at(0).find("reason=self_dial detail=not dialed") != std::string::npos);
    CHECK(dial(1, wanted).at(0).find("reason=banned detail=not dialed") != std::string::npos);
    CHECK(dial(1, wanted).empty());
    CHECK(dial(2, wanted).empty());
    CHECK(dial(2, wanted).empty());  // under way
}

TEST_CASE("failed dials: what is remembered is bounded") {
    constexpr std::size_t targets_max = 300;
    FailedDials dials{targets_max, 1};
    TestLog log;
    FailedAttempt attempt{{}, SlotClass::static_peer, CloseReason::reset, "", false};
    NodeId& id = attempt.target.id;
    for (std::size_t i = 0; i < 2 * targets_max; ++i) {
        id.key[1] = static_cast<std::byte>(i);
        id.key[2] = static_cast<std::byte>(i >> 8);
        dials.warn(attempt, log);
        CHECK(log.take().size() == 1);
    }
    CHECK(dials.size() == targets_max);
    dials.warn(attempt, log);
    CHECK(log.take().empty());
}

TEST_CASE("failed dials: there is advice for whatever turns strangers away") {
    for (const auto reason :
         {CloseReason::wrong_network, CloseReason::wrong_genesis, CloseReason::incompatible_fork,
          CloseReason::no_common_version, CloseReason::no_common_topic, CloseReason::banned,
          CloseReason::roles_do_not_fit, CloseReason::too_many_peers, CloseReason::dial_failed,
          CloseReason::misbehaviour, CloseReason::silent, CloseReason::truncated,
          CloseReason::reset}) {
        CHECK_FALSE(advice(reason, true).empty());
    }
    CHECK_FALSE(advice(CloseReason::truncated, false).empty());
}

}  // namespace parley::transport::test
