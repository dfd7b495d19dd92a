// Fields: reads the items of an RLP list one after the other, each with a name, and remembers the
// first error with the name of its item, so that a message can be written down as a list of its
// fields. After an error everything reads as empty.
//
//     std::optional<rlp::FieldError<Field>> error;
//     rlp::Fields<Field> in{message, Field::envelope, error};
//     out.number = in.u64(Field::number);
//     out.hash = in.fixed<32>(Field::hash);
//     in.finish();
//     if (error) return std::unexpected{*error};
//
// Threading: values only; lists inside refer to the same error.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/uint256.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace parley::rlp {

/// The first item that was not as it must be.
template <class Field>
struct FieldError {
    Field field{};
    RlpError rlp{};
    friend bool operator==(const FieldError&, const FieldError&) = default;
};

template <class Field>
class Fields {
public:
    /// Of the one list that `whole` must be; errors of the list itself have the name `envelope`.
    /// `error` must outlive this.
    Fields(Bytes whole, Field envelope, std::optional<FieldError<Field>>& error)
        : in_(Bytes{}), envelope_(envelope), error_(&error) {
        if (*error_) return;
        if (const auto list = Reader::open_list(whole)) {
            in_ = *list;
        } else {
            fail(envelope, list.error());
        }
    }

    /// True after an error as well.
    bool at_end() const { return *error_ || in_.at_end(); }
    /// Precondition: not at_end().
    bool next_is_list() const { return in_.next_is_list(); }

    std::uint64_t u64(Field field) { return take(field, &Reader::u64); }
    std::uint32_t u32(Field field) { return take(field, &Reader::u32); }
    Uint256 u256(Field field) { return take(field, &Reader::u256); }
    bool boolean(Field field) { return take(field, &Reader::boolean); }
    Bytes string(Field field) { return take(field, &Reader::string); }
    Bytes raw_item(Field field) { return take(field, &Reader::raw_item); }
    template <std::size_t Size>
    ByteArray<Size> fixed(Field field) {
        return take(field, &Reader::fixed<Size>);
    }
    /// The list that the next item is; what is wrong in it has this name, if no other.
    Fields list(Field field) {
        if (!*error_) {
            if (auto items = in_.list())
                return Fields{*items, field, *error_};
            else
                fail(field, items.error());
        }
        return Fields{Reader{Bytes{}}, field, *error_};
    }
    /// Each of at most `items_max` items of the list that is next, by `read(items)`, which takes a
    /// Fields and reads one. too_long if there are more.
    template <class Read>
    auto all(Field field, std::size_t items_max, Read read) {
        std::vector<decltype(read(*this))> out;
        auto items = list(field);
        const auto all_bytes = items.in_.bytes_left();
        while (!items.at_end()) {
            if (out.size() == items_max) {
                fail(field, {Errc::too_long, items_max, items_max + 1});
                break;
            }
            out.push_back(read(items));
            if (out.size() > 1 || items.at_end()) continue;
            // They are mostly of one size.
            const auto first_bytes = std::max<std::size_t>(all_bytes - items.in_.bytes_left(), 1);
            out.reserve(std::min(items_max, all_bytes / first_bytes));
        }
        return out;
    }
    /// Nothing may be left.
    void finish() {
        if (*error_) return;
        if (const auto end = in_.finish(); !end) fail(envelope_, end.error());
    }
    /// For rules of the caller's own.
    void fail(Field field, const RlpError& why) {
        if (!*error_) *error_ = FieldError<Field>{field, why};
    }

private:
    Fields(const Reader& in, Field envelope, std::optional<FieldError<Field>>& error)
        : in_(in), envelope_(envelope), error_(&error) {}
    template <class T>
    T take(Field field, Result<T, RlpError> (Reader::*read)()) {
        if (*error_) return {};
        auto value = (in_.*read)();
        if (value) return std::move(*value);
        fail(field, value.error());
        return {};
    }

    Reader in_;
    Field envelope_;
    std::optional<FieldError<Field>>* error_;
};

}  // namespace parley::rlp
