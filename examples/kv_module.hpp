// kv::Module: a key-value store that all nodes of a network have, as a module. A new entry floods
// the network; what a node missed (it joined later, or was cut off) it learns from the heartbeat: a
// peer whose height is greater, or equal with another digest, is asked for the rest.
//
// Nodes trust each other: entries are not signed. Threading: the node's thread.
#pragma once

#include "kv_store.hpp"
#include <parley/transport/module.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace kv {

using namespace parley;
using namespace parley::transport;

class Module final : public PeerHandler {
public:
    static constexpr Code entries_code = 1, ask_code = 2;
    static constexpr std::size_t answer_bytes_max = 60U << 10;

    /// `writer`: a random number, another one for each run: it starts a new log.
    explicit Module(std::uint64_t writer) : writer_(writer) {}

    const Store& store() const { return store_; }
    /// False: the key or the value is too long, or the store is full.
    bool set(std::string key, std::string value) {
        const Entry entry = store_.next(writer_, std::move(key), std::move(value));
        if (!Store::valid(entry) || !store_.add(entry)) return false;
        Entries news;
        *news.add_entries() = entry;
        network_->broadcast("kv", entries_code, bytes_from(news));
        return true;
    }

    TopicSpec topic() const override {
        return {.name = "kv", .message_bytes_max = 64U << 10, .window_bytes = 256U << 10};
    }
    void attached(Network& network) override { network_ = &network; }
    std::unique_ptr<TopicHandler> new_peer(Context& context) override {
        return std::make_unique<Peer>(*this, context);
    }
    Buffer status() override { return to_buffer(bytes_of(store_.status().SerializeAsString())); }

private:
    static SharedBytes bytes_from(const google::protobuf::MessageLite& message) {
        return SharedBytes::copy(bytes_of(message.SerializeAsString()));
    }
    template <class Message>
    static std::optional<Message> parse(Bytes bytes) {
        Message message;
        const bool fits = message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
        return fits ? std::optional{std::move(message)} : std::nullopt;
    }

    struct Peer final : TopicHandler {
        Peer(Module& m, Context& c) : module(m), context(c) {}

        Result<void, Offence> handle(Code code, Message message) override {
            if (code == ask_code) {
                asked = parse<Known>(message.bytes());
                if (!asked) return std::unexpected{Offence::malformed};
                answer();
                return {};
            }
            const auto entries = parse<Entries>(message.bytes());
            if (code != entries_code || !entries) return std::unexpected{Offence::malformed};
            return take(*entries);
        }
        void on_status(Bytes bytes) override {
            const auto theirs = parse<Status>(bytes);
            if (!theirs) return context.penalise(Offence::malformed);
            const auto ours = module.store_.status();
            if (theirs->height() >= ours.height() && theirs->digest() != ours.digest()) ask();
        }
        void on_writable() override {
            if (asked) answer();
            if (must_ask) ask();
        }

        Result<void, Offence> take(const Entries& entries) {
            Entries news;
            for (const auto& entry : entries.entries()) {
                if (!Store::valid(entry)) return std::unexpected{Offence::invalid_data};
                if (module.store_.add(entry)) *news.add_entries() = entry;
            }
            if (news.entries().empty()) return {};
            const auto sender = [this](const PeerView& peer) { return peer.id == context.id(); };
            module.network_->broadcast("kv", entries_code, bytes_from(news), sender);
            if (entries.more()) ask();
            return {};
        }
        void ask() {
            const auto known = bytes_from(module.store_.known());
            must_ask = context.send(ask_code, known) == SendResult::full;
        }
        void answer() {
            const auto entries = bytes_from(module.store_.after(*asked, answer_bytes_max));
            if (context.send(entries_code, entries) != SendResult::full) asked.reset();
        }

        Module& module;
        Context& context;
        std::optional<Known> asked;  // until there was room to answer
        bool must_ask = false;       // as soon as there is room
    };

    const std::uint64_t writer_;
    Store store_;
    Network* network_ = nullptr;
};

}  // namespace kv
