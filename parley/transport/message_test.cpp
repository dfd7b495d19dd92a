#include <parley/transport/message.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <utility>

namespace parley::transport {
namespace {

struct Lender {
    std::shared_ptr<CreditLedger> ledger = std::make_shared<CreditLedger>();
    Buffer bytes = to_buffer(bytes_of("small"));

    Message lend() { return Message::lent(bytes, ledger, LinkId{7}, 2, 69); }
    /// Credit that came back since the last call.
    std::uint64_t returned() {
        std::uint64_t out = 0;
        for (const auto& credit : ledger->take()) {
            CHECK(credit.link == LinkId{7});
            CHECK(credit.lane == 2);
            out += credit.bytes;
        }
        return out;
    }
};

TEST_CASE("message: what is lent is not copied, and its credit returns at the end") {
    Lender lender;
    {
        const auto message = lender.lend();
        CHECK(message.bytes().data() == lender.bytes.data());
        CHECK(lender.returned() == 0);
    }
    CHECK(lender.returned() == 69);
    CHECK(lender.ledger.use_count() == 1);
}

TEST_CASE("message: one that is moved away takes a copy along, and keeps the credit") {
    Lender lender;
    Message kept;
    {
        auto message = lender.lend();
        kept = std::move(message);
    }
    const Message moved{std::move(kept)};
    lender.bytes.assign(5, std::byte{0});
    CHECK(text_of(moved.bytes()) == "small");
    CHECK(kept.bytes().empty());  // NOLINT(bugprone-use-after-move): that it is empty
    CHECK(lender.returned() == 0);
    kept = {};
    CHECK(lender.returned() == 0);
}

TEST_CASE("message: bytes are taken with the credit or without, lent or its own") {
    Lender lender;
    for (const bool lent : {true, false}) {
        CAPTURE(lent);
        const auto make = [&] {
            return lent ? lender.lend()
                        : Message{to_buffer(lender.bytes), lender.ledger, LinkId{7}, 2, 69};
        };
        auto message = make();
        CHECK(text_of(message.take()) == "small");
        CHECK(lender.returned() == 69);
        CHECK(message.bytes().empty());
        message = make();
        CHECK(text_of(message.move_bytes()) == "small");
        CHECK(lender.returned() == 0);
        message = {};
        CHECK(lender.returned() == 69);
    }
    CHECK(lender.ledger.use_count() == 1);
}

TEST_CASE("message: credit that is taken is the taker's to return") {
    Lender lender;
    MessageCredit taken;
    {
        auto message = lender.lend();
        CHECK(message.ledger() == lender.ledger);
        taken = message.take_credit();
        CHECK(message.bytes().empty());
    }
    CHECK(lender.ledger->empty());
    CHECK(lender.ledger.use_count() == 1);
    lender.ledger->give_back(taken);
    CHECK(lender.returned() == 69);
}

}  // namespace
}  // namespace parley::transport
