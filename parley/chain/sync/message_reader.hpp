// MessageReader: reads the items of a message that is an RLP list, one after the other; after an
// error all that follows is empty. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/codec/rlp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace parley::chain::sync_topic {

class MessageReader {
public:
    explicit MessageReader(Bytes message) : list_(Bytes{}) {
        if (auto list = keep(rlp::Reader::open_list(message))) list_ = *list;
    }
    std::uint64_t u64() { return take<std::uint64_t>(&rlp::Reader::u64); }
    Uint256 u256() { return take<Uint256>(&rlp::Reader::u256); }
    bool boolean() { return take<bool>(&rlp::Reader::boolean); }
    Hash256 hash() { return take<Hash256>(&rlp::Reader::fixed<32>); }
    /// From `min` to `max`.
    std::uint32_t u32(std::uint32_t min, std::uint32_t max) {
        const auto value = take<std::uint32_t>(&rlp::Reader::u32);
        if (!error_ && value > max) fail_with(rlp::Errc::too_long, max, value);
        if (!error_ && value < min) fail_with(rlp::Errc::missing_item, min, value);
        return value;
    }
    /// Calls `read(items)` until the list ends; `items` is a Reader.
    template <class Read>
    void list(std::size_t min, std::size_t max, const Read& read) {
        auto items = take<rlp::Reader>(&rlp::Reader::list, rlp::Reader{Bytes{}});
        std::size_t count = 0;
        for (; !error_ && !items.at_end(); ++count) {
            if (count == max) return fail_with(rlp::Errc::too_long, max, count + 1);
            read(items);
        }
        if (!error_ && count < min) fail_with(rlp::Errc::missing_item, min, count);
    }
    std::vector<Hash256> hashes(std::size_t min, std::size_t max) {
        std::vector<Hash256> out;
        std::set<Hash256> seen;
        list(min, max, [&](rlp::Reader& items) {
            const auto hash = keep(items.fixed<32>());
            if (!hash) return;
            if (!seen.insert(*hash).second) return fail_with(rlp::Errc::repeated_item, 0, 0);
            out.push_back(*hash);
        });
        return out;
    }
    /// Strings that share the bytes of `message`.
    std::vector<SharedBytes> strings(const SharedBytes& message, std::size_t max) {
        std::vector<SharedBytes> out;
        list(0, max, [&](rlp::Reader& items) {
            if (const auto bytes = keep(items.string())) out.push_back(message.part(*bytes));
        });
        return out;
    }
    /// A string that shares the bytes of `message`.
    SharedBytes string(const SharedBytes& message) {
        return message.part(take<Bytes>(&rlp::Reader::string));
    }
    /// An index above those before it.
    std::uint32_t index_after(rlp::Reader& items, std::optional<std::uint32_t> last) {
        const auto index = keep(items.u32());
        if (index && last && *index <= *last)
            fail_with(rlp::Errc::repeated_item, *last + 1, *index);
        return index.value_or(0);
    }
    template <class T>
    std::optional<T> keep(Result<T, rlp::RlpError> result) {
        if (result) return std::move(*result);
        if (!error_) error_ = result.error();
        return std::nullopt;
    }
    bool has_failed() const { return error_.has_value(); }
    /// The end of a list inside.
    void keep_end(Result<void, rlp::RlpError> end) {
        if (!end && !error_) error_ = end.error();
    }
    void fail_with(rlp::Errc why, std::uint64_t expected, std::uint64_t actual) {
        if (!error_) error_ = rlp::RlpError{why, expected, actual};
    }
    template <class T>
    Result<T, rlp::RlpError> done(T value) {
        if (!error_) {
            if (const auto end = list_.finish(); !end) error_ = end.error();
        }
        if (error_) return std::unexpected{*error_};
        return value;
    }

private:
    template <class T>
    T take(Result<T, rlp::RlpError> (rlp::Reader::*read)(), T otherwise = T{}) {
        if (error_) return otherwise;
        auto value = keep((list_.*read)());
        return value ? std::move(*value) : std::move(otherwise);
    }

    rlp::Reader list_;
    std::optional<rlp::RlpError> error_;
};

}  // namespace parley::chain::sync_topic
