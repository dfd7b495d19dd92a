#include <tools/model/messages.hpp>

#include <parley/base/overloaded.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::model {
namespace {

/// What is attached as a proof is left out: it is good, and no answer depends on whose it is.
Buffer key_of(const Said& said) {
    Buffer out{static_cast<std::byte>(said.index())};
    append(out, author_of(said));
    out.push_back(static_cast<std::byte>(view_of(said).round));
    std::visit(overloaded{[&](const qbft::ProposalInput& one) { append(out, one.digest); },
                          [&](const qbft::RoundChangeInput& one) {
                              const auto& prepared = one.message.signed_change.payload.prepared;
                              if (!prepared) return;
                              out.push_back(static_cast<std::byte>(prepared->round));
                              append(out, prepared->digest);
                          },
                          [&](const auto& vote) { append(out, vote.payload.digest); }},
               said);
    return out;
}

char letter(const chain::Address& address) {
    return static_cast<char>('A' + index_of(address));
}

std::string text_of(const std::optional<qbft::PreparedRound>& prepared) {
    if (!prepared) return "nothing prepared";
    return fmt::format("{} prepared in round {}", static_cast<int>(value_of(prepared->digest)),
                       prepared->round);
}

}  // namespace

chain::Address validator(std::size_t index) {
    return {{static_cast<std::byte>(index + 1)}};
}

std::size_t index_of(const chain::Address& address) {
    return std::to_integer<std::size_t>(address.value[0]) - 1;
}

SharedBytes block_of(Value value) {
    return SharedBytes::copy(Buffer{static_cast<std::byte>(value)});
}

Hash256 digest_of(Value value) {
    return {static_cast<std::byte>(value)};
}

Value value_of(const Hash256& digest) {
    return static_cast<Value>(digest[0]);
}

std::string text_of(const Said& said) {
    const auto who = letter(author_of(said));
    const auto round = view_of(said).round;
    return std::visit(
        overloaded{[&](const qbft::ProposalInput& one) {
                       return fmt::format("{} proposes {} in round {}", who,
                                          static_cast<int>(value_of(one.digest)), round);
                   },
                   [&](const qbft::Signed<qbft::Prepare>& one) {
                       return fmt::format("{} prepares {} in round {}", who,
                                          static_cast<int>(value_of(one.payload.digest)), round);
                   },
                   [&](const qbft::Signed<qbft::Commit>& one) {
                       return fmt::format("{} commits {} in round {}", who,
                                          static_cast<int>(value_of(one.payload.digest)), round);
                   },
                   [&](const qbft::RoundChangeInput& one) {
                       return fmt::format("{} goes on to round {} with {}", who, round,
                                          text_of(one.message.signed_change.payload.prepared));
                   }},
        said);
}

SaidId Messages::id_of(const Said& said) {
    const auto [at, is_new] = ids_.try_emplace(key_of(said), static_cast<SaidId>(said_.size()));
    if (is_new) said_.push_back(said);
    return at->second;
}

}  // namespace parley::model
