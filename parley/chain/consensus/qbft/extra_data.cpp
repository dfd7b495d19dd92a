#include <parley/chain/consensus/qbft/extra_data.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/hash.hpp>

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <utility>

namespace parley::chain::qbft {
namespace {

constexpr std::byte type_add{0xff};
/// Besu's; GoQuorum's is empty.
constexpr std::byte besu_type_drop{0x00};
/// Extra data without validators and seals, at most.
constexpr std::size_t extra_bytes_fixed = 128;

std::string_view name(ExtraField field) {
    switch (field) {
        case ExtraField::envelope:
            return "extra data";
        case ExtraField::vanity:
            return "vanity";
        case ExtraField::validators:
            return "validators";
        case ExtraField::vote:
            return "vote";
        case ExtraField::round:
            return "round";
        case ExtraField::seals:
            return "seals";
    }
    std::unreachable();
}

void write_vote(rlp::Writer& out, const std::optional<ValidatorVote>& vote, ExtraForm form) {
    if (!vote && form == ExtraForm::besu) {
        out.string(Bytes{});
        return;
    }
    out.begin_list();
    if (vote) {
        out.string(Bytes{vote->recipient});
        if (vote->adds) {
            out.string(Bytes{&type_add, 1});
        } else {
            out.string(form == ExtraForm::besu ? Bytes{&besu_type_drop, 1} : Bytes{});
        }
    }
    out.end_list();
}

void write_round(rlp::Writer& out, std::uint32_t round, ExtraForm form) {
    if (form == ExtraForm::goquorum) {
        out.number(round);
    } else {
        ByteArray<4> bytes{};
        store_be(MutableBytes{bytes}, round);
        out.string(Bytes{bytes});
    }
}

/// With these in place of its own round and seals.
Buffer encode_extra(const ExtraData& extra, std::uint32_t round, std::span<const Seal> seals,
                    ExtraForm form) {
    Buffer start;
    start.reserve(extra_bytes_fixed + extra.validators.size() * (1 + sizeof(Address)) +
                  seals.size() * (2 + seal_bytes));
    rlp::Writer out{std::move(start)};
    out.begin_list().string(Bytes{extra.vanity}).begin_list();
    for (const auto& validator : extra.validators) out.string(Bytes{validator});
    out.end_list();
    write_vote(out, extra.vote, form);
    write_round(out, round, form);
    out.begin_list();
    for (const auto& seal : seals) out.string(Bytes{seal});
    return out.end_list().end_list().take();
}

using ExtraFields = rlp::Fields<ExtraField>;

std::optional<ValidatorVote> read_vote(ExtraFields& in, ExtraForm form) {
    if (form == ExtraForm::besu && !in.at_end() && !in.next_is_list()) {
        if (const auto size = in.string(ExtraField::vote).size(); size > 0) {
            in.fail(ExtraField::vote, {rlp::Errc::wrong_size, 0, size});
        }
        return std::nullopt;
    }
    auto list = in.list(ExtraField::vote);
    if (form == ExtraForm::goquorum && list.at_end()) return std::nullopt;
    ValidatorVote out;
    out.recipient = {list.fixed<20>(ExtraField::vote)};
    const auto type = list.string(ExtraField::vote);
    list.finish();
    out.adds = equal(type, Bytes{&type_add, 1});
    const auto drop = form == ExtraForm::besu ? Bytes{&besu_type_drop, 1} : Bytes{};
    if (!out.adds && !equal(type, drop)) {
        in.fail(ExtraField::vote, {rlp::Errc::wrong_size, drop.size(), type.size()});
    }
    return out;
}

std::uint32_t read_round(ExtraFields& in, ExtraForm form) {
    if (form == ExtraForm::goquorum) return in.u32(ExtraField::round);
    return load_be<std::uint32_t>(in.fixed<4>(ExtraField::round));
}

}  // namespace

Buffer ExtraData::encode(ExtraForm form) const {
    return encode_extra(*this, round, seals, form);
}

std::string message(const ExtraError& error) {
    return fmt::format("{}: {}", name(error.field), rlp::message(error.rlp));
}

Result<ExtraData, ExtraError> decode_extra_data(Bytes raw, ExtraForm form) {
    std::optional<ExtraError> error;
    ExtraFields in{raw, ExtraField::envelope, error};
    ExtraData out;
    out.vanity = in.fixed<32>(ExtraField::vanity);
    out.validators = in.all(ExtraField::validators, validators_max, [](ExtraFields& items) {
        return Address{items.fixed<20>(ExtraField::validators)};
    });
    out.vote = read_vote(in, form);
    out.round = read_round(in, form);
    out.seals = in.all(ExtraField::seals, validators_max, [](ExtraFields& items) {
        return items.fixed<seal_bytes>(ExtraField::seals);
    });
    in.finish();
    if (error) return std::unexpected{*error};
    return out;
}

Buffer encode_with(const Header& header, const ExtraData& extra, std::uint32_t round,
                   ExtraForm form) {
    return header.encode_with(encode_extra(extra, round, {}, form));
}

Hash256 hash_with(const Header& header, const ExtraData& extra, std::uint32_t round,
                  ExtraForm form) {
    return crypto::keccak256(encode_with(header, extra, round, form));
}

}  // namespace parley::chain::qbft
