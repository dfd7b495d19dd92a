// For tests only: takes an RLP list apart, and puts it together again with other items.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/codec/rlp.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string_view>
#include <vector>

namespace parley::chain::testing {

struct Items {
    std::vector<Buffer> items;  ///< each whole, header included

    explicit Items(Bytes list) {
        auto reader = rlp::Reader::open_list(list);
        REQUIRE(reader);
        while (!reader->at_end()) items.push_back(to_buffer(*reader->raw_item()));
    }
    Items& set(std::size_t index, std::string_view hex) {
        items.at(index) = *from_hex(hex);
        return *this;
    }
    Items& add(std::string_view hex) {
        items.push_back(*from_hex(hex));
        return *this;
    }
    /// The list, behind other bytes.
    Buffer whole(std::string_view prefix_hex = "") const {
        rlp::Writer out{*from_hex(prefix_hex)};
        out.begin_list();
        for (const auto& item : items) out.raw(item);
        return out.end_list().take();
    }
};

}  // namespace parley::chain::testing
