// ItemReader: for the decoders of this folder. Internal to chain.
//
// Reads one item of a list after the other and remembers the first error, so that a header's fields
// can be written down as a list. After an error everything reads as empty. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/block_error.hpp>
#include <parley/codec/rlp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace parley::chain {

class ItemReader {
public:
    /// Of the one list that `whole` must be. Errors will say that they are in this part.
    ItemReader(BlockPart part, std::uint64_t index, Bytes whole)
        : reader_(Bytes{}), part_(part), index_(index) {
        if (const auto list = rlp::Reader::open_list(whole)) {
            reader_ = *list;
        } else {
            keep(BlockField::envelope, list.error());
        }
    }

    /// True after an error as well.
    bool at_end() const { return error_ || reader_.at_end(); }
    std::uint64_t u64(BlockField field) { return take(field, &rlp::Reader::u64); }
    Uint256 u256(BlockField field) { return take(field, &rlp::Reader::u256); }
    template <std::size_t Size>
    ByteArray<Size> fixed(BlockField field) {
        return take(field, &rlp::Reader::fixed<Size>);
    }
    Buffer string(BlockField field, std::size_t size_bytes_max) {
        if (error_) return {};
        const auto bytes = reader_.string_up_to(size_bytes_max);
        if (bytes) return to_buffer(*bytes);
        keep(field, bytes.error());
        return {};
    }
    /// The next item by `decode(raw item)`, whose result is a Result<T, BlockError>.
    template <class T, class Decode>
    T item(BlockField field, Decode decode) {
        if (error_) return T{};
        const auto raw = reader_.raw_item();
        if (!raw) {
            keep(field, raw.error());
        } else if (auto value = decode(*raw)) {
            return std::move(*value);
        } else {
            error_ = value.error();
        }
        return T{};
    }
    /// Each of at most `items_max` items of a list by `decode(raw item, index)`, whose result is a
    /// Result<T, BlockError>.
    template <class T, class Decode>
    std::vector<T> list(BlockField field, std::size_t items_max, Decode decode) {
        std::vector<T> out;
        if (error_) return out;
        auto items = reader_.list();
        if (!items) keep(field, items.error());
        while (!error_ && !items->at_end()) {
            if (out.size() == items_max) {
                error_ = BlockError{BlockErrc::too_many, part_, index_, field, items_max};
            } else if (const auto raw = items->raw_item(); !raw) {
                keep(field, raw.error());
            } else if (auto item = decode(*raw, out.size())) {
                out.push_back(std::move(*item));
            } else {
                error_ = item.error();
            }
        }
        return out;
    }

    /// Here, as the code rlp.
    BlockError rlp_error(BlockField field, const rlp::RlpError& from) const {
        return {BlockErrc::rlp, part_, index_, field, 0, static_cast<std::uint64_t>(from.code)};
    }
    /// What was read, if all of it was good and nothing is left.
    template <class T>
    Result<T, BlockError> finish(T value) {
        if (!error_) {
            if (const auto end = reader_.finish(); !end) keep(BlockField::envelope, end.error());
        }
        if (error_) return std::unexpected{*error_};
        return value;
    }

private:
    template <class T>
    T take(BlockField field, Result<T, rlp::RlpError> (rlp::Reader::*read)()) {
        if (error_) return {};
        const auto value = (reader_.*read)();
        if (value) return *value;
        keep(field, value.error());
        return {};
    }
    void keep(BlockField field, const rlp::RlpError& from) { error_ = rlp_error(field, from); }

    rlp::Reader reader_;
    BlockPart part_;
    std::uint64_t index_;
    std::optional<BlockError> error_;
};

}  // namespace parley::chain
