// For tests: a link that notes what a module sends and what it is charged with.
#pragma once

#include <parley/chain/types/test_transactions.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace parley::chain::testing {

class NotingContext final : public transport::Context {
public:
    const NodeId& id() const override { return id_; }
    const transport::Hello& hello() const override { return hello_; }
    const Endpoint& endpoint() const override { return endpoint_; }
    transport::Direction direction() const override { return transport::Direction::inbound; }
    Now now() const override { return time; }
    transport::SendResult send(transport::Code code, SharedBytes message) override {
        sent.emplace_back(code, std::move(message));
        return transport::SendResult::queued;
    }
    std::size_t message_bytes_max() const override { return 16U << 20; }
    void mark_useful() override {}
    void penalise(transport::Offence offence) override { offences.push_back(offence); }
    void disconnect() override {}

    std::size_t count(transport::Code code) const {
        std::size_t out = 0;
        for (const auto& message : sent) out += message.first == code ? 1 : 0;
        return out;
    }

    Now time;
    std::vector<std::pair<transport::Code, SharedBytes>> sent;
    std::vector<transport::Offence> offences;

private:
    NodeId id_;
    transport::Hello hello_{*EnrBuilder{1}.sign(*NodeKey::from_secret(secret_of(77)))};
    Endpoint endpoint_;
};

}  // namespace parley::chain::testing
