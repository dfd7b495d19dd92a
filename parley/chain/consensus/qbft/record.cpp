#include <parley/chain/consensus/qbft/record.hpp>

#include <parley/chain/consensus/qbft/checked_entries.hpp>
#include <parley/chain/consensus/qbft/optional_items.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace parley::chain::qbft {
namespace {

/// The certificate is its bytes, a round if an entry before has them, or an empty string.
Buffer encode_entry(const Record& record, bool with_block) {
    rlp::Writer out;
    out.begin_list().number(record.view.height).number(record.view.round);
    write_digest(out, record.proposed);
    write_digest(out, record.prepared);
    write_digest(out, record.committed);
    if (!record.certificate) {
        out.string(Bytes{});
    } else if (with_block) {
        out.raw(encode(*record.certificate));
    } else {
        out.number(std::uint64_t{record.certificate->prepared.round} + 1);
    }
    return out.end_list().take();
}

std::optional<Hash256> read_digest(rlp::Reader& in, bool& good) {
    const auto bytes = in.string();
    good = good && bytes && (bytes->empty() || bytes->size() == 32);
    if (!good || bytes->empty()) return std::nullopt;
    return array_of<32>(*bytes);
}

/// `before` is the record of the entry before. Nothing if the text is none that was written.
std::optional<Record> decode_entry(const SharedBytes& text, const std::optional<Record>& before) {
    auto in = rlp::Reader::open_list(text);
    if (!in) return std::nullopt;
    Record out;
    const auto height = in->u64();
    if (!height) return std::nullopt;
    const auto round = in->u32();
    if (!round) return std::nullopt;
    out.view = {*height, *round};
    bool good = true;
    for (auto* digest : {&out.proposed, &out.prepared, &out.committed}) {
        *digest = read_digest(*in, good);
        if (!good) return std::nullopt;
    }
    if (in->at_end()) return std::nullopt;
    if (in->next_is_list()) {
        auto certificate = decode_certificate(text.part(*in->raw_item()));
        if (!certificate) return std::nullopt;
        out.certificate = std::move(*certificate);
    } else {
        const auto reference = in->u64();
        if (!reference) return std::nullopt;
        if (*reference > 0) {
            const bool is_there = before && before->certificate &&
                                  before->view.height == out.view.height &&
                                  before->certificate->prepared.round + 1 == *reference;
            if (!is_there) return std::nullopt;
            out.certificate = before->certificate;
        }
    }
    if (!in->finish()) return std::nullopt;
    return out;
}

bool same_certificate(const Record& a, const Record& b) {
    return a.view.height == b.view.height && a.certificate && b.certificate &&
           a.certificate->prepared == b.certificate->prepared;
}

/// Later in what it binds to.
bool is_later(const Record& a, const Record& b) {
    const auto order = [](const Record& one) {
        return std::tuple{one.view, one.committed.has_value(), one.prepared.has_value(),
                          one.proposed.has_value()};
    };
    return order(a) > order(b);
}

}  // namespace

Result<RecordLog, StoreError> RecordLog::open(AppendLog& first, AppendLog& second) {
    RecordLog out{first, second};
    for (std::size_t i = 0; i < out.files_.size(); ++i) {
        auto latest = out.read(*out.files_[i]);
        if (!latest) return std::unexpected{latest.error()};
        if (*latest && (!out.latest_ || is_later(**latest, *out.latest_))) {
            out.latest_ = std::move(*latest);
            out.current_ = i;
            out.has_block_ = out.latest_->certificate.has_value();
        }
    }
    return out;
}

Result<std::optional<Record>, StoreError> RecordLog::read(AppendLog& file) const {
    std::optional<Record> latest;
    const auto end = read_entries(file, [&](const SharedBytes& text) {
        auto record = decode_entry(text, latest);
        if (!record) return false;
        latest = std::move(record);
        return true;
    });
    if (!end) return std::unexpected{end.error()};
    if (*end < file.size_bytes()) {
        if (const auto cut = file.truncate(*end); !cut) return std::unexpected{cut.error()};
    }
    return latest;
}

Result<void, StoreError> RecordLog::write(const Record& record) {
    const bool is_new_height = !latest_ || record.view.height != latest_->view.height;
    if (is_new_height && files_[current_]->size_bytes() >= file_bytes_max) {
        const auto other = 1 - current_;
        if (const auto cut = files_[other]->truncate(0); !cut) return cut;
        current_ = other;
        has_block_ = false;
    }
    const bool has_block = has_block_ && latest_ && same_certificate(record, *latest_);
    const auto text = encode_entry(record, !has_block);
    if (const auto added = append_entry(*files_[current_], text); !added) return added;
    latest_ = record;
    has_block_ = record.certificate.has_value();
    return {};
}

}  // namespace parley::chain::qbft
