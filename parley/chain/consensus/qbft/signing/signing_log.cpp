#include <parley/chain/consensus/qbft/signing/signing_log.hpp>

#include <parley/chain/consensus/qbft/checked_entries.hpp>
#include <parley/chain/consensus/qbft/optional_items.hpp>
#include <parley/codec/rlp_fields.hpp>

#include <utility>

namespace parley::chain::qbft {
namespace {

/// Of any HighWater, with the header.
constexpr std::size_t mark_entry_bytes_max = 320;

enum class MarkField : std::uint8_t { mark };
using MarkFields = rlp::Fields<MarkField>;
constexpr auto mark_field = MarkField::mark;

struct Mark {
    std::uint64_t number = 0;
    HighWater high_water;
};

/// `[number, height, round, proposed, prepared, committed, changes, locked]`; a hash or a block
/// that is not there is empty, and `changes` is a list of one or none.
Buffer encode_mark(std::uint64_t number, const HighWater& mark) {
    rlp::Writer out;
    out.begin_list().number(number).number(mark.view.height).number(mark.view.round);
    for (const auto* digest : {&mark.proposed, &mark.prepared, &mark.committed}) {
        write_digest(out, *digest);
    }
    out.begin_list();
    if (mark.change) write_prepared(out, mark.change->prepared);
    out.end_list();
    write_prepared(out, mark.locked);
    return out.end_list().take();
}

std::optional<Hash256> read_hash(MarkFields& in) {
    const auto bytes = in.string(mark_field);
    if (bytes.empty()) return std::nullopt;
    if (bytes.size() != 32) {
        in.fail(mark_field, {rlp::Errc::wrong_size, 32, bytes.size()});
        return std::nullopt;
    }
    return array_of<32>(bytes);
}

std::optional<Mark> decode_mark(Bytes text) {
    std::optional<rlp::FieldError<MarkField>> error;
    MarkFields in{text, mark_field, error};
    Mark out;
    out.number = in.u64(mark_field);
    auto& mark = out.high_water;
    mark.view.height = in.u64(mark_field);
    mark.view.round = in.u32(mark_field);
    for (auto* digest : {&mark.proposed, &mark.prepared, &mark.committed}) *digest = read_hash(in);
    auto changes = in.list(mark_field);
    if (!changes.at_end()) mark.change = RoundChange{mark.view, read_prepared(changes, mark_field)};
    changes.finish();
    mark.locked = read_prepared(in, mark_field);
    in.finish();
    if (error) return std::nullopt;
    return out;
}

}  // namespace

Result<SigningLog, StoreError> SigningLog::open(AppendLog& first, AppendLog& second) {
    SigningLog out{first, second};
    for (std::size_t i = 0; i < out.files_.size(); ++i) {
        if (const auto read = out.read(i); !read) return std::unexpected{read.error()};
    }
    return out;
}

Result<void, StoreError> SigningLog::read(std::size_t index) {
    auto& file = *files_[index];
    std::optional<Mark> last;
    const auto end = read_entries(file, [&](const SharedBytes& text) {
        auto mark = decode_mark(text);
        if (!mark) return false;
        last = mark;
        return true;
    });
    if (!end) return std::unexpected{end.error()};
    if (file.size_bytes() - *end > mark_entry_bytes_max) return fail(StoreErrc::corrupt);
    if (*end < file.size_bytes()) {
        if (const auto cut = file.truncate(*end); !cut) return cut;
    }
    if (!last || (latest_ && last->number < number_)) return {};
    latest_ = last->high_water;
    number_ = last->number;
    current_ = index;
    return {};
}

Result<void, StoreError> SigningLog::write(const HighWater& mark) {
    if (broken_) return std::unexpected{*broken_};
    auto written = append(mark);
    if (!written) {
        broken_ = written.error();
        return written;
    }
    latest_ = mark;
    return {};
}

Result<void, StoreError> SigningLog::append(const HighWater& mark) {
    if (files_[current_]->size_bytes() >= file_bytes_max) {
        const auto other = 1 - current_;
        if (const auto cut = files_[other]->truncate(0); !cut) return cut;
        current_ = other;
    }
    const auto text = encode_mark(number_ + 1, mark);
    if (const auto added = append_entry(*files_[current_], text); !added) return added;
    ++number_;
    return {};
}

}  // namespace parley::chain::qbft
