// Message: received bytes together with their share of the lane's credit.
// Threading: the node's thread, also for its destruction.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace parley::transport {

/// Credit that messages gave back since it was last drained, per link and lane. Shared by all
/// messages of a node, so that one that outlives its link or its node is harmless.
/// Threading: the node's thread.
class CreditLedger {
public:
    /// What a lane's messages gave back, in bytes of credit_cost.
    struct Returned {
        LinkId link;
        LaneId lane;
        std::uint64_t bytes;
    };
    /// Keeps it for take(); returns to one lane in a row become one.
    void give_back(LinkId link, LaneId lane, std::uint64_t bytes) {
        if (!returned_.empty() && returned_.back().link == link && returned_.back().lane == lane) {
            returned_.back().bytes += bytes;
        } else {
            returned_.push_back({link, lane, bytes});
        }
    }
    /// All of it, in order, once.
    std::vector<Returned> take() { return std::exchange(returned_, {}); }
    bool empty() const { return returned_.empty(); }

private:
    std::vector<Returned> returned_;  // bounded by the windows granted
};

/// Move-only. Credit returns when it is destroyed or taken, at once or later: a module stops a
/// peer's topic by holding on to its messages.
class Message {
public:
    Message() = default;
    /// Without credit, for tests.
    explicit Message(Buffer bytes) : bytes_(std::move(bytes)) {}
    Message(Buffer bytes, std::shared_ptr<CreditLedger> ledger, LinkId link, LaneId lane,
            std::uint64_t credit_bytes)
        : bytes_(std::move(bytes)),
          ledger_(std::move(ledger)),
          link_(link),
          credit_bytes_(credit_bytes),
          lane_(lane) {}
    Message(Message&& other) noexcept = default;
    Message& operator=(Message&& other) noexcept {
        release();
        bytes_ = std::move(other.bytes_);
        ledger_ = std::move(other.ledger_);
        link_ = other.link_;
        lane_ = other.lane_;
        credit_bytes_ = other.credit_bytes_;
        return *this;
    }
    ~Message() { release(); }

    Bytes bytes() const { return bytes_; }
    /// Takes the bytes out and gives the credit back: from now on they are the module's memory.
    Buffer take() {
        Buffer out = std::move(bytes_);
        release();
        return out;
    }
    /// From now on the credit goes to `other`, whose owner passes it on to the result: for a
    /// message that is handed to another thread.
    std::shared_ptr<CreditLedger> redirect_credit(std::shared_ptr<CreditLedger> other) {
        return std::exchange(ledger_, std::move(other));
    }
    /// Takes the bytes out and keeps the credit: while the Message lives, its sender waits.
    Buffer move_bytes() { return std::move(bytes_); }

private:
    void release() {
        if (ledger_) ledger_->give_back(link_, lane_, credit_bytes_);
        ledger_.reset();
    }

    Buffer bytes_;
    std::shared_ptr<CreditLedger> ledger_;
    LinkId link_{};
    std::uint64_t credit_bytes_ = 0;
    LaneId lane_ = 0;
};

}  // namespace parley::transport
