// The nodes and packets of discv5-wire-test-vectors.md (devp2p), for the tests beside it.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/discovery/discv5/packet.hpp>
#include <parley/discovery/discv5/session_keys.hpp>
#include <parley/identity/node_key.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parley::discovery::discv5::test {

inline Buffer hex(std::string_view text) {
    return from_hex(text).value();
}
template <std::size_t N>
ByteArray<N> hex(std::string_view text) {
    return array_from_hex<N>(text).value();
}

inline NodeKey node_a() {
    return *NodeKey::from_secret(
        hex<32>("eef77acb6c6a6eebc5b363a475ac583ec7eccdb42b6481424c60f59aa326547f"));
}
inline NodeKey node_b() {
    return *NodeKey::from_secret(
        hex<32>("66fb62bfbd66b9177a138c1e5cddbe4f7c30c343e94e68df8769459cb1cde628"));
}
inline const Id id_a = hex<32>("aaaa8419e9f49d0083561b48287df592939a8d19947d8c0ef88f2a4856a69fbb");
inline const Id id_b = hex<32>("bbbb9d047f0488c0b5a93c1c3f2d8bafc7c8ff337024a55434a0d0555de64db9");

inline const Nonce ping_nonce = hex<12>("ffffffffffffffffffffffff");
inline const Nonce request_nonce = hex<12>("0102030405060708090a0b0c");
inline const IdNonce id_nonce = hex<16>("0102030405060708090a0b0c0d0e0f10");
inline const ByteArray<32> ephemeral_secret =
    hex<32>("0288ef00023598499cb6c940146d050d2b1fb914198c327f76aad590bead68b6");
inline const crypto::CompressedKey ephemeral_key =
    hex<33>("039a003ba6517b473fa0cd74aefe99dadfdb34627f90fec6362df85803908f53a5");

/// Of a WHOAREYOU with record sequence 0; that of 1 ends in 01.
inline constexpr std::string_view challenge_hex =
    "000000000000000000000000000000006469736376350001010102030405060708090a0b0c0018"
    "0102030405060708090a0b0c0d0e0f100000000000000000";
inline ChallengeData challenge(std::uint8_t record_sequence = 0) {
    auto out = hex<challenge_bytes>(challenge_hex);
    out.back() = std::byte{record_sequence};
    return out;
}

/// From A to B, with message `message` under `key`.
struct Sealed {
    std::string_view packet, key, message;
};
inline constexpr Sealed ping_packet{
    "00000000000000000000000000000000088b3d4342774649325f313964a39e55"
    "ea96c005ad52be8c7560413a7008f16c9e6d2f43bbea8814a546b7409ce783d3"
    "4c4f53245d08dab84102ed931f66d1492acb308fa1c6715b9d139b81acbdcc",
    "00000000000000000000000000000000",
    "01c6840000000102",
};
inline constexpr std::string_view who_are_you_packet =
    "00000000000000000000000000000000088b3d434277464933a1ccc59f5967ad"
    "1d6035f15e528627dde75cd68292f9e6c27d6b66c8100a873fcbaed4e16b8d";
inline constexpr Sealed handshake_packet{
    "00000000000000000000000000000000088b3d4342774649305f313964a39e55"
    "ea96c005ad521d8c7560413a7008f16c9e6d2f43bbea8814a546b7409ce783d3"
    "4c4f53245d08da4bb252012b2cba3f4f374a90a75cff91f142fa9be3e0a5f3ef"
    "268ccb9065aeecfd67a999e7fdc137e062b2ec4a0eb92947f0d9a74bfbf44dfb"
    "a776b21301f8b65efd5796706adff216ab862a9186875f9494150c4ae06fa4d1"
    "f0396c93f215fa4ef524f1eadf5f0f4126b79336671cbcf7a885b1f8bd2a5d83"
    "9cf8",
    "4f9fac6de7567d1e3b1241dffe90f662",
    "01c6840000000101",
};
inline constexpr Sealed handshake_packet_with_record{
    "00000000000000000000000000000000088b3d4342774649305f313964a39e55"
    "ea96c005ad539c8c7560413a7008f16c9e6d2f43bbea8814a546b7409ce783d3"
    "4c4f53245d08da4bb23698868350aaad22e3ab8dd034f548a1c43cd246be9856"
    "2fafa0a1fa86d8e7a3b95ae78cc2b988ded6a5b59eb83ad58097252188b902b2"
    "1481e30e5e285f19735796706adff216ab862a9186875f9494150c4ae06fa4d1"
    "f0396c93f215fa4ef524e0ed04c3c21e39b1868e1ca8105e585ec17315e755e6"
    "cfc4dd6cb7fd8e1a1f55e49b4b5eb024221482105346f3c82b15fdaae36a3bb1"
    "2a494683b4a3c7f2ae41306252fed84785e2bbff3b022812d0882f06978df84a"
    "80d443972213342d04b9048fc3b1d5fcb1df0f822152eced6da4d3f6df27e70e"
    "4539717307a0208cd208d65093ccab5aa596a34d7511401987662d8cf62b1394"
    "71",
    "53b1c075f41876423154e157470c2f48",
    "01c6840000000101",
};

}  // namespace parley::discovery::discv5::test
