// The screen of parley consensus, and the list of parley validators.
#include "consensus/consensus_view.hpp"

#include <doctest/doctest.h>

using namespace parley::app;

TEST_CASE("consensus view: what is waited for, and who said what") {
    const auto reply = boost::json::parse(R"({
        "head": {"number": 11, "hash": "0x11", "age": 14}, "missing": 0, "self": "0xa",
        "height": 12, "round": 2, "proposer": "0xc", "quorum": 3, "faultyMax": 1,
        "proposal": null, "checked": false, "speaksFrom": null, "halted": null, "timeoutIn": 3.25,
        "waitsFor": "1 more for round 2 (2 of 3); none from 0xc, 0xd",
        "validators": [
          {"address": "0xa", "prepared": false, "committed": false, "changedTo": 2,
           "getsNoTime": false, "heardAgo": null},
          {"address": "0xb", "prepared": true, "committed": true, "changedTo": 2,
           "getsNoTime": false, "heardAgo": 0.4},
          {"address": "0xc", "prepared": false, "committed": false, "changedTo": null,
           "getsNoTime": true, "heardAgo": 75.1},
          {"address": "0xd", "prepared": true, "committed": false, "changedTo": null,
           "getsNoTime": false, "heardAgo": null}],
        "evidence": [{"validator": "0xd", "height": 9, "round": 0, "kind": "prepare",
                      "said": ["0x1", "0x2"]}]})");
    CHECK(consensus_text(reply) ==
          "Head        block 11, 14 s old\n"
          "Next        block 12, round 2; 3 of 4 validators must agree\n"
          "Waits for   1 more for round 2 (2 of 3); none from 0xc, 0xd\n"
          "Time-out    in 3.2 s\n"
          "This node   0xa\n"
          "0xd contradicted itself: prepare, block 9, round 0\n"
          "\n"
          "VALIDATOR  TURN          SAID     HEARD\n"
          "0xa                      round 2  this node\n"
          "0xb                      commit   0 s ago\n"
          "0xc        now, skipped  -        1 min ago\n"
          "0xd                      prepare  never\n");
}

TEST_CASE("consensus view: alone in a round no time runs") {
    const auto reply = boost::json::parse(R"({
        "head": {"number": 11, "hash": "0x11", "age": 14}, "missing": 0, "self": "0xa",
        "height": 12, "round": 1, "quorum": 3, "timeoutIn": null, "waitsFor": "",
        "validators": [{"address": "0xa"}]})");
    CHECK(consensus_text(reply).find("Time-out    runs once a quorum is in this round\n") !=
          std::string::npos);
}

TEST_CASE("consensus view: before the blocks are here, and of a node that follows") {
    const auto reply = boost::json::parse(R"({
        "head": {"number": 5, "hash": "0x11", "age": 100}, "missing": 2000, "self": null,
        "waitsFor": "the blocks and the state that peers have", "evidence": []})");
    CHECK(consensus_text(reply) ==
          "Head        block 5, 1 min old\n"
          "Missing     2,000 blocks that peers have\n"
          "Waits for   the blocks and the state that peers have\n"
          "This node   follows: it has no validator's key\n");
}

TEST_CASE("consensus view: validators, and votes on them") {
    const auto reply = boost::json::parse(R"({
        "number": 7, "self": "0xa", "validators": ["0xa", "0xb"],
        "votes": [{"address": "0xe", "add": true, "by": ["0xa"], "needed": 2}],
        "proposed": [{"address": "0xb", "add": false}]})");
    CHECK(validators_text(reply) ==
          "0xa  this node\n"
          "0xb\n"
          "0xe  1 of 2 votes to add it\n"
          "0xb  this node votes to remove it\n");
}
