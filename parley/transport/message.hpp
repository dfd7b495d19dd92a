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

/// Credit of one lane, in bytes of credit_cost.
struct MessageCredit {
    LinkId link{};
    LaneId lane = 0;
    std::uint64_t bytes = 0;
};

/// Credit that messages gave back since it was last drained, per link and lane. Shared by all
/// messages of a node, so that one that outlives its link or its node is harmless.
/// Threading: the node's thread.
class CreditLedger {
public:
    /// Keeps it for take(); returns to one lane in a row become one.
    void give_back(const MessageCredit& credit) {
        if (!returned_.empty() && returned_.back().link == credit.link &&
            returned_.back().lane == credit.lane) {
            returned_.back().bytes += credit.bytes;
        } else {
            returned_.push_back(credit);
        }
    }
    /// All of it, in order, once.
    std::vector<MessageCredit> take() { return std::exchange(returned_, {}); }
    bool empty() const { return returned_.empty(); }

private:
    std::vector<MessageCredit> returned_;  // bounded by the windows granted
};

/// Move-only. Credit returns when it is destroyed or taken, at once or later: a module stops a
/// peer's topic by holding on to its messages. Its bytes may be lent for the call that it is given
/// to; where it is moved away from there, it takes a copy along.
class Message {
public:
    Message() = default;
    /// Without credit, for tests.
    explicit Message(Buffer bytes) : own_(std::move(bytes)), bytes_(own_) {}
    Message(Buffer bytes, std::shared_ptr<CreditLedger> ledger, LinkId link, LaneId lane,
            std::uint64_t credit_bytes)
        : own_(std::move(bytes)),
          bytes_(own_),
          ledger_(std::move(ledger)),
          credit_{link, lane, credit_bytes} {}
    /// Of bytes and a ledger that stay where they are for as long as it is not moved.
    static Message lent(Bytes bytes, const std::shared_ptr<CreditLedger>& ledger, LinkId link,
                        LaneId lane, std::uint64_t credit_bytes) {
        return Message{bytes, ledger, {link, lane, credit_bytes}};
    }
    Message(Message&& other) noexcept { swap_in(other); }
    Message& operator=(Message&& other) noexcept {
        if (this == &other) return *this;
        release();
        swap_in(other);
        return *this;
    }
    ~Message() { release(); }

    /// Valid until it is moved, taken or destroyed.
    Bytes bytes() const { return bytes_; }
    /// Takes the bytes out and gives the credit back: from now on they are the module's memory.
    Buffer take() {
        Buffer out = move_bytes();
        release();
        return out;
    }
    /// Takes the credit away without giving it back: whoever has it returns it to ledger(). Nothing
    /// is left of the message.
    MessageCredit take_credit() {
        bytes_ = {};
        lender_ = nullptr;
        ledger_.reset();
        return credit_;
    }
    /// Where its credit returns to; null where it has none.
    const std::shared_ptr<CreditLedger>& ledger() const { return lender_ ? *lender_ : ledger_; }
    /// Takes the bytes out and keeps the credit: while the Message lives, its sender waits.
    Buffer move_bytes() {
        keep();
        bytes_ = {};
        return std::exchange(own_, {});
    }

private:
    Message(Bytes bytes, const std::shared_ptr<CreditLedger>& ledger, const MessageCredit& credit)
        : bytes_(bytes), lender_(&ledger), credit_(credit) {}

    /// What is lent becomes its own.
    void keep() {
        if (!lender_) return;
        own_ = to_buffer(bytes_);
        bytes_ = own_;
        ledger_ = *std::exchange(lender_, nullptr);
    }
    /// Precondition: there is nothing to release.
    void swap_in(Message& other) {
        other.keep();
        own_ = std::exchange(other.own_, {});
        bytes_ = std::exchange(other.bytes_, {});
        ledger_ = std::exchange(other.ledger_, nullptr);
        credit_ = other.credit_;
    }
    void release() {
        if (auto* ledger = lender_ ? lender_->get() : ledger_.get()) ledger->give_back(credit_);
        lender_ = nullptr;
        ledger_.reset();
    }

    Buffer own_;
    Bytes bytes_;  // own_, or lent
    const std::shared_ptr<CreditLedger>* lender_ = nullptr;
    std::shared_ptr<CreditLedger> ledger_;  // null while lent
    MessageCredit credit_;
};

}  // namespace parley::transport
