// Genesis files: text is refused with a place and a reason, or there is a block 0 with the fields
// of its fork, and what is written of it is read as the same.
#include <parley/chain/genesis/genesis_json.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string_view>

using namespace parley;
using namespace parley::chain;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// The bytes from a line and column on.
std::string_view at_place(std::string_view text, std::size_t line, std::size_t column) {
    for (; line > 1; --line) {
        const auto end = text.find('\n');
        require(end != std::string_view::npos);
        text.remove_prefix(end + 1);
    }
    require(column >= 1 && column - 1 <= std::min(text.find('\n'), text.size()));
    return text.substr(column - 1);
}

void check_error(std::string_view text, const GenesisError& error) {
    require(!message(error).empty() && !error.expected.empty() && !error.actual.empty());
    const auto place = at_place(text, error.line, error.column);
    boost::system::error_code failed;
    const boost::json::parse_options options{.max_depth = 64};
    (void)boost::json::parse({text.data(), text.size()}, failed, {}, options);
    if (error.code == GenesisErrc::not_json) return;
    if (error.code == GenesisErrc::conflict) require(!failed);
    const bool is_whole = error.line == 1 && error.column == 1;
    require(is_whole || place.starts_with('"'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(std::as_bytes(std::span{data, size}));
    const auto genesis = parse_genesis(text);
    if (!genesis) {
        check_error(text, genesis.error());
        return 0;
    }
    require(genesis->forks.validate().has_value());
    require(parse_genesis(to_json(*genesis)) == genesis);
    const auto block = make_genesis_block(*genesis);
    require(block.header.has_fields_of(genesis->fork()));
    require(block.header.state_root == block.state.root);
    const auto raw = block.header.encode();
    require(decode_header(raw, genesis_extra_data_bytes_max) == block.header);
    return 0;
}
