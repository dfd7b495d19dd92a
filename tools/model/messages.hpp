// What validators can say in the explored world, interned: each message has a number, so that a
// state is a few numbers. Signatures are not modelled: a message has its author, and nobody can
// speak for an honest one.
// Threading: one thread.
#pragma once

#include <parley/chain/consensus/qbft/machine.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace parley::model {

namespace qbft = chain::qbft;

using qbft::Said;
using SaidId = std::uint32_t;

inline constexpr std::uint64_t height = 1;
inline constexpr std::size_t validator_count = 4;
/// Blocks: two good ones and one that may not follow.
enum class Value : std::uint8_t { one = 1, two = 2, bad = 3 };
inline constexpr Value values[] = {Value::one, Value::two, Value::bad};

chain::Address validator(std::size_t index);
std::size_t index_of(const chain::Address& address);
SharedBytes block_of(Value value);
Hash256 digest_of(Value value);
Value value_of(const Hash256& digest);

/// "B proposes 1 in round 2".
std::string text_of(const Said& said);

class Messages {
public:
    SaidId id_of(const Said& said);
    const Said& operator[](SaidId id) const { return said_[id]; }

private:
    std::vector<Said> said_;
    std::map<Buffer, SaidId> ids_;
};

}  // namespace parley::model
