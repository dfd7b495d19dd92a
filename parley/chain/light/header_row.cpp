#include <parley/chain/light/header_row.hpp>

#include <parley/chain/consensus/qbft/qbft.hpp>
#include <parley/chain/consensus/qbft/validators.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace parley::chain::light {
namespace {

/// With the seals of a few validators.
constexpr std::size_t row_bytes_usual = 512;
const Hash256 usual_mix_hash = array_of<32>(bytes_of(qbft::mix_hash_text));

/// Nothing for the usual value.
template <std::size_t Size>
void write_unless(rlp::Writer& out, const ByteArray<Size>& value, const ByteArray<Size>& usual) {
    out.string(value == usual ? Bytes{} : Bytes{value});
}

std::size_t index_in(ValidatorSets& sets, const std::vector<Address>& set) {
    // The newest is the likeliest.
    const auto at = std::ranges::find(sets.rbegin(), sets.rend(), set);
    if (at != sets.rend()) return static_cast<std::size_t>(sets.rend() - at) - 1;
    sets.push_back(set);
    return sets.size() - 1;
}

/// `[set, vanity, vote, round, seals]`, or the extra data as it is.
void write_extra(rlp::Writer& out, const Header& header,
                 const std::optional<qbft::ExtraData>& extra, KeepSeals seals,
                 ValidatorSets& sets) {
    if (!extra) {
        out.string(header.extra_data);
        return;
    }
    out.begin_list().number(index_in(sets, extra->validators));
    write_unless(out, extra->vanity, {});
    Buffer vote;
    if (extra->vote) {
        vote = to_buffer(Bytes{extra->vote->recipient});
        vote.push_back(extra->vote->adds ? std::byte{1} : std::byte{0});
    }
    out.string(vote).number(extra->round);
    Buffer kept;
    if (seals == KeepSeals::quorum) {
        const auto quorum = qbft::Validators{extra->validators}.quorum();
        for (std::size_t i = 0; i < std::min(quorum, extra->seals.size()); ++i) {
            append(kept, extra->seals[i]);
        }
    }
    out.string(kept).end_list();
}

/// Reads items; after an error everything is empty, and `error` is the first one.
class RowReader {
public:
    explicit RowReader(Bytes row) : in_(Bytes{}) { take(rlp::Reader::open_list(row), in_); }
    explicit RowReader(rlp::Reader in) : in_(in) {}

    bool at_end() const { return error_ || in_.at_end(); }
    bool next_is_list() const { return !at_end() && in_.next_is_list(); }
    std::uint64_t number() { return next<std::uint64_t>(&rlp::Reader::u64); }
    std::uint32_t number32() { return next<std::uint32_t>(&rlp::Reader::u32); }
    Uint256 number256() { return next<Uint256>(&rlp::Reader::u256); }
    Bytes string() { return next<Bytes>(&rlp::Reader::string); }
    rlp::Reader list() {
        rlp::Reader out{Bytes{}};
        if (!error_) take(in_.list(), out);
        return out;
    }
    template <std::size_t Size>
    ByteArray<Size> fixed_or(const ByteArray<Size>& usual) {
        const auto bytes = string();
        if (error_ || bytes.empty()) return usual;
        if (bytes.size() != Size) {
            fail({rlp::Errc::wrong_size, Size, bytes.size()});
            return usual;
        }
        return array_of<Size>(bytes);
    }
    /// Below `count`.
    std::size_t index(std::size_t count) {
        const auto out = number();
        if (!error_ && out >= count) fail({rlp::Errc::integer_too_large, count, out});
        return error_ ? 0 : static_cast<std::size_t>(out);
    }
    void fail(rlp::RlpError why) {
        if (!error_) error_ = why;
    }
    void finish() {
        if (error_) return;
        if (const auto end = in_.finish(); !end) error_ = end.error();
    }
    const std::optional<rlp::RlpError>& error() const { return error_; }

private:
    template <class T>
    void take(Result<T, rlp::RlpError> read, T& out) {
        if (read) {
            out = std::move(*read);
        } else {
            error_ = read.error();
        }
    }
    template <class T>
    T next(Result<T, rlp::RlpError> (rlp::Reader::*read)()) {
        T out{};
        if (!error_) take((in_.*read)(), out);
        return out;
    }

    rlp::Reader in_;
    std::optional<rlp::RlpError> error_;
};

void read_extra(RowReader& row, Header& header, qbft::ExtraForm form,
                std::span<const std::vector<Address>> sets) {
    RowReader in{row.list()};
    if (row.error()) return;
    qbft::ExtraData extra;
    const auto set = in.index(sets.size());
    extra.vanity = in.fixed_or(ByteArray<32>{});
    const auto vote = in.string();
    if (!vote.empty()) {
        if (vote.size() == 21) {
            extra.vote = {{array_of<20>(vote.first(20))}, vote[20] != std::byte{0}};
        } else {
            in.fail({rlp::Errc::wrong_size, 21, vote.size()});
        }
    }
    extra.round = in.number32();
    const auto seals = in.string();
    if (seals.size() % qbft::seal_bytes != 0) {
        in.fail({rlp::Errc::wrong_size, qbft::seal_bytes, seals.size()});
    }
    in.finish();
    if (in.error()) return row.fail(*in.error());
    for (std::size_t at = 0; at < seals.size(); at += qbft::seal_bytes) {
        extra.seals.push_back(array_of<qbft::seal_bytes>(seals.subspan(at, qbft::seal_bytes)));
    }
    extra.validators = sets[set];
    header.extra_data = extra.encode(form);
}

}  // namespace

Buffer encode_row(const Header& header, const Hash256& hash, qbft::ExtraForm form, KeepSeals seals,
                  ValidatorSets& sets) {
    std::optional<qbft::ExtraData> extra;
    if (auto read = qbft::decode_extra_data(header.extra_data, form)) extra = std::move(*read);
    Buffer start;
    start.reserve(row_bytes_usual);
    rlp::Writer out{std::move(start)};
    out.begin_list().string(Bytes{hash}).string(Bytes{header.state_root});
    write_unless(out, header.transactions_root, empty_root_hash);
    write_unless(out, header.receipts_root, empty_root_hash);
    write_unless(out, header.ommers_hash, empty_ommers_hash);
    write_extra(out, header, extra, seals, sets);
    const auto maker = extra ? std::ranges::find(extra->validators, header.beneficiary)
                             : std::vector<Address>::iterator{};
    if (extra && maker != extra->validators.end()) {
        out.begin_list()
            .number(static_cast<std::uint64_t>(maker - extra->validators.begin()))
            .end_list();
    } else {
        out.string(Bytes{header.beneficiary});
    }
    write_unless(out, header.logs_bloom.value, {});
    out.number(header.difficulty).number(header.gas_limit).number(header.gas_used);
    out.number(header.timestamp);
    write_unless(out, header.mix_hash, usual_mix_hash);
    write_unless(out, header.nonce, {});
    if (header.base_fee) out.number(*header.base_fee);
    if (header.withdrawals_root) write_unless(out, *header.withdrawals_root, empty_root_hash);
    if (header.blob_gas_used) out.number(*header.blob_gas_used);
    if (header.excess_blob_gas) out.number(*header.excess_blob_gas);
    if (header.parent_beacon_root) write_unless(out, *header.parent_beacon_root, {});
    return out.end_list().take();
}

Result<HeaderRow, rlp::RlpError> decode_row(Bytes row, std::uint64_t number, const Hash256& parent,
                                            qbft::ExtraForm form,
                                            std::span<const std::vector<Address>> sets) {
    RowReader in{row};
    HeaderRow out;
    auto& header = out.header;
    header.number = number;
    header.parent_hash = parent;
    out.hash = in.fixed_or(Hash256{});
    header.state_root = in.fixed_or(Hash256{});
    header.transactions_root = in.fixed_or(empty_root_hash);
    header.receipts_root = in.fixed_or(empty_root_hash);
    header.ommers_hash = in.fixed_or(empty_ommers_hash);
    if (in.next_is_list()) {
        read_extra(in, header, form, sets);
    } else {
        header.extra_data = to_buffer(in.string());
    }
    if (in.next_is_list()) {
        RowReader who{in.list()};
        const auto extra = qbft::decode_extra_data(header.extra_data, form);
        const auto index = who.index(extra ? extra->validators.size() : 0);
        who.finish();
        if (who.error()) {
            in.fail(*who.error());
        } else {
            header.beneficiary = extra->validators[index];
        }
    } else {
        header.beneficiary = {in.fixed_or(ByteArray<20>{})};
    }
    header.logs_bloom = {in.fixed_or(ByteArray<256>{})};
    header.difficulty = in.number256();
    header.gas_limit = in.number();
    header.gas_used = in.number();
    header.timestamp = in.number();
    header.mix_hash = in.fixed_or(usual_mix_hash);
    header.nonce = in.fixed_or(ByteArray<8>{});
    if (!in.at_end()) header.base_fee = in.number256();
    if (!in.at_end()) header.withdrawals_root = in.fixed_or(empty_root_hash);
    if (!in.at_end()) header.blob_gas_used = in.number();
    if (!in.at_end()) header.excess_blob_gas = in.number();
    if (!in.at_end()) header.parent_beacon_root = in.fixed_or(Hash256{});
    in.finish();
    if (in.error()) return std::unexpected{*in.error()};
    return out;
}

}  // namespace parley::chain::light
