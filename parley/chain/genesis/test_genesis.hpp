// For tests only: a genesis in Geth's form, with a line for each thing that can be wrong.
// go-ethereum 1.17.10 makes of it a block 0 with the hash below.
#pragma once

#include <string_view>

namespace parley::chain::testing {

inline constexpr std::string_view genesis_text = R"({
  "config": {
    "chainId": 1337,
    "homesteadBlock": 0,
    "eip150Block": 0,
    "eip155Block": 0,
    "eip158Block": 0,
    "byzantiumBlock": 0,
    "constantinopleBlock": 0,
    "petersburgBlock": 0,
    "istanbulBlock": 0,
    "berlinBlock": 0,
    "londonBlock": 0,
    "terminalTotalDifficulty": 0,
    "shanghaiTime": 0,
    "cancunTime": 0,
    "blobSchedule": {"cancun": {"target": 3, "max": 6, "baseFeeUpdateFraction": 3338477}}
  },
  "nonce": "0x42",
  "timestamp": "0x65000000",
  "extraData": "0x7061726c6579",
  "gasLimit": "0x1c9c380",
  "difficulty": "0x0",
  "mixHash": "0x0100000000000000000000000000000000000000000000000000000000000002",
  "coinbase": "0x0000000000000000000000000000000000000003",
  "alloc": {
    "0x0000000000000000000000000000000000000001": {"balance": "0x1"},
    "0000000000000000000000000000000000000009": {"balance": "0x0"},
    "71562b71999873DB5b286dF957af199Ec94617F7": {
      "balance": "115792089237316195423570985008687907853269984665640564039457584007913129639927",
      "nonce": "0x2"
    },
    "0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02": {
      "balance": "0x0",
      "nonce": 1,
      "code": "0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500",
      "storage": {
        "0x01": "0x02",
        "ff": "0x0000000000000000000000000000000000000000000000000000000000000000",
        "0x0300": "ffee"
      }
    }
  }
}
)";
inline constexpr std::string_view genesis_hash_text =
    "252cd9967ea6f33b8120450e9c0c4b3d94d6a6d067772247fb9b52ba52b978d9";
inline constexpr std::string_view genesis_root_text =
    "9b5b0e4d3d2ba53e0283cd5d394a2f52c01def0add6f0640de564d9d5e9f12fb";

}  // namespace parley::chain::testing
