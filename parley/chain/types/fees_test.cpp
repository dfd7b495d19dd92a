#include <parley/chain/types/fees.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace parley;
using namespace parley::chain;

namespace {

constexpr auto u64_max = std::numeric_limits<std::uint64_t>::max();

Uint256 all_ones() {
    Uint256 out;
    out.fill(std::byte{0xff});
    return out;
}

Header parent_of(std::uint64_t gas_limit, std::uint64_t gas_used, const Uint256& base_fee) {
    Header out;
    out.gas_limit = gas_limit;
    out.gas_used = gas_used;
    out.base_fee = base_fee;
    return out;
}

Header parent_of_blobs(std::uint64_t excess, std::uint64_t used) {
    Header out;
    out.excess_blob_gas = excess;
    out.blob_gas_used = used;
    return out;
}

}  // namespace

TEST_CASE("the next base fee is go-ethereum's") {
    const struct {
        std::uint64_t gas_limit, gas_used, base_fee;
        const char* next;
    } table[] = {
        {30'000'000, 15'000'000, 1'000'000'000, "3b9aca00"},
        {30'000'000, 15'000'001, 7, "8"},
        {30'000'000, 14'999'999, 7, "7"},
        {30'000'000, 15'000'001, 1'000'000'000, "3b9aca08"},
        {30'000'000, 30'000'000, 1'000'000'000, "430e2340"},
        {30'000'000, 0, 1'000'000'000, "342770c0"},
        {30'000'000, 0, 7, "7"},
        {30'000'000, 0, 0, "0"},
        {30'000'000, 30'000'000, 0, "1"},
        {5001, 5001, 1000, "465"},
        {5000, 2500, 1000, "3e8"},
        {u64_max, u64_max, u64_max, "11fffffffffffffff"},
        {10'711, 4381, 457'825'102'466'573'009, "6358a92a15d690a"},
        {1'912'297'565'328'294, 1'762'953'074'241'718, 125'849, "21f73"},
        {99'178'927, 98'865'126, 1'018'408'203, "443dd7f8"},
        {130'341'458'026'224, 105'635'446'677'591, 232'819, "3d408"},
        {185'965'004, 47'684'721, 397'658'717'608'172'426, "52ebc7ca39e8a5a"},
        {205'182'658'032, 3'988'693'585, 812'177'883, "2a97f918"},
        {2'707'252'675, 670'950'315, 203, "bf"},
        {193'691'060'081'443, 51'427'999'774'047, 12'725'827'928'836, "ae54544ced9"},
        {16'883'972, 10'848'213, 12, "d"},
        {957'613'764'343, 955'196'502'838, 553'973, "98116"},
        {1'062'443'243'470'529, 221'622'834'390'997, 724'751'522'177, "9c73836fa2"},
        {34'984'788'853, 26'739'265'411, 8'431'630'011'702, "82cdca763fc"},
        {4'551'989, 2'926'744, 46'800'259'248, "b4935ad7f"},
        {2'101'319'761'957, 1'975'948'445'691, 82'854, "16746"},
        {56'955, 35'564, 443'018'984'831, "6a5b7034f9"},
        {117'179'939, 54'070'421, 25'786, "63c2"},
        {39'749'657'617, 36'233'027'466, 6143, "1a77"},
        {2'332'220'575, 392'978'423, 3237, "b99"},
        {589'718'333'397'745, 575'467'330'590'193, 72, "50"},
        {34'489'190'880, 8'989'884'310, 65'887'639, "3b13584"},
    };
    for (const auto& row : table) {
        CAPTURE(row.gas_limit);
        CAPTURE(row.gas_used);
        CAPTURE(row.base_fee);
        const auto parent = parent_of(row.gas_limit, row.gas_used, to_uint256(row.base_fee));
        CHECK(to_quantity(next_base_fee(parent)) == "0x" + std::string{row.next});
    }
    Uint256 high{};
    high[6] = std::byte{1};  // 2^200
    CHECK(to_quantity(next_base_fee(parent_of(30'000'000, 29'000'000, high))) ==
          "0x11ddddddddddddddddddddddddddddddddddddddddddddddddd");
}

TEST_CASE("the base fee begins at 1 gwei, and has an answer for any header") {
    CHECK(next_base_fee(Header{}) == to_uint256(1'000'000'000));
    CHECK(next_base_fee(parent_of(30'000'000, 30'000'000, all_ones())) == all_ones());
    CHECK(next_base_fee(parent_of(0, 0, to_uint256(7))) == to_uint256(7));
    CHECK(next_base_fee(parent_of(1, 0, to_uint256(7))) == to_uint256(7));
    CHECK(next_base_fee(parent_of(1, 1, to_uint256(16))) == to_uint256(18));
    CHECK(next_base_fee(parent_of(0, u64_max, all_ones())) == all_ones());
}

TEST_CASE("the next excess of blob gas is go-ethereum's") {
    const struct {
        std::uint64_t excess, used, next;
    } table[] = {
        {0, 0, 0},
        {0, 131'072, 0},
        {0, 393'216, 0},
        {0, 524'288, 131'072},
        {0, 786'432, 393'216},
        {0, 393'217, 1},
        {131'072, 131'072, 0},
        {131'072, 262'144, 0},
        {131'072, 393'216, 131'072},
        {1'000'000, 0, 606'784},
        {393'215, 0, 0},
        {393'217, 0, 1},
        {1'099'511'627'776, 786'432, 1'099'512'020'992},
        {u64_max, 786'432, u64_max},
        {u64_max, 0, u64_max - 393'216},
        {0, u64_max, u64_max - 393'216},
    };
    for (const auto& row : table) {
        CAPTURE(row.excess);
        CAPTURE(row.used);
        CHECK(next_excess_blob_gas(parent_of_blobs(row.excess, row.used)) == row.next);
    }
    CHECK(next_excess_blob_gas(Header{}) == 0);
}

TEST_CASE("the blob base fee is go-ethereum's, and ends at the largest number") {
    const struct {
        std::uint64_t excess;
        const char* fee;
    } table[] = {
        {0, "1"},
        {1, "1"},
        {393'216, "1"},
        {2'314'057, "1"},
        {2'314'058, "2"},
        {3'338'477, "2"},
        {10'485'760, "17"},
        {148'099'578, "fffffb9a532776f9"},
        {148'099'579, "1000000a04d7c5166"},
        {161'087'488, "30edd0822c2fc06c74"},
        {200'000'000, "561f9d15bfd64766365fc5"},
        {500'000'000, "10ce22ab45809aee5874013c7c5cc21a469b331be0702f60719a490"},
        {592'000'000, "e3354e766467218031e2380ec04fb0964feb5655e04f08ce734f4f6e09ce48db"},
        {592'398'000, "fff9ce915bcb89ed1e69b7ff3b320afe04faded08c7d39b383dd31368d9ce647"},
        {592'398'101, "fffbca180c2defd88ef597168f7c00be5b47836b72eb41d56e960ea44a053002"},
        {592'398'200, "fffdbb95bc8ccc047e404e09c05a8e7328d79e0ea3df265d79d8f31b791cde48"},
    };
    for (const auto& row : table) {
        CAPTURE(row.excess);
        CHECK(to_quantity(blob_base_fee(row.excess)) == "0x" + std::string{row.fee});
    }
    for (const auto excess :
         {592'400'000UL, 592'500'000UL, 594'000'000UL, 594'248'905UL, 594'248'906UL, u64_max}) {
        CAPTURE(excess);
        CHECK(blob_base_fee(excess) == all_ones());
    }
}

TEST_CASE("the gas limit moves by less than a 1,024th and stays above 5,000") {
    CHECK(gas_limit_ok(30'000'000, 30'000'000));
    CHECK(gas_limit_ok(30'000'000, 30'029'295));
    CHECK_FALSE(gas_limit_ok(30'000'000, 30'029'296));
    CHECK(gas_limit_ok(30'000'000, 29'970'705));
    CHECK_FALSE(gas_limit_ok(30'000'000, 29'970'704));
    CHECK(gas_limit_ok(5'000, 5'000));
    CHECK(gas_limit_ok(5'003, 5'000));
    CHECK_FALSE(gas_limit_ok(5'003, 4'999));
    CHECK_FALSE(gas_limit_ok(1'023, 1'023));
    CHECK_FALSE(gas_limit_ok(0, u64_max));
    CHECK(gas_limit_ok(u64_max, u64_max));
}

TEST_CASE("a block has room for six blobs, of which three leave the fee as it is") {
    CHECK(blob_gas_target == 393'216);
    CHECK(blob_gas_max == 786'432);
}
