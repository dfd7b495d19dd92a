#include "dht/crawl_csv.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <utility>

using namespace parley;
using namespace parley::app;

TEST_CASE(
    "a field of a CSV file is neither two fields nor a formula, nor does it move the cursor") {
    const std::pair<std::string_view, std::string_view> fields[] = {
        {"parley 0.1.0", "parley 0.1.0"},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"\"", "\"\"\"\""},
        {"a\r\nb", "a??b"},
        {"=1+1", "'=1+1"},
        {"+1", "'+1"},
        {"-1", "'-1"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"  =1", "'  =1"},
        {"\t=1", "?=1"},
        {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
        {"a=b", "a=b"},
        {"\x1b[31mred", "?[31mred"},
        {std::string_view{"a\0b", 3}, "a?b"},
        {"\xc3\xa4\x7f\xff", "????"},
    };
    for (const auto& [text, field] : fields) CHECK(csv_field(text) == field);
}

TEST_CASE("a crawl as CSV") {
    CrawlReport report;
    CHECK(to_csv(report) ==
          "id,address,port,network,client,answered,rtt_ms,neighbours,sequence,enr\r\n");
    report.nodes.push_back({.id = "02ab",
                            .endpoint = *Endpoint::parse("203.0.113.7:30303"),
                            .network = 7,
                            .client = "=a,b",
                            .state = CrawlState::answered,
                            .round_trip_ms = 12.3456,
                            .neighbours = 40,
                            .sequence = 3,
                            .enr = "enr:x"});
    report.nodes.push_back({.id = "03cd",
                            .endpoint = *Endpoint::parse("[2001:db8::1]:9000"),
                            .client = "unknown",
                            .state = CrawlState::silent,
                            .sequence = 18'446'744'073'709'551'615ULL,
                            .enr = "enr:y"});
    const auto csv = to_csv(report);
    CHECK(csv.substr(csv.find("\r\n") + 2) ==
          "02ab,203.0.113.7,30303,7,\"'=a,b\",true,12.346,40,3,enr:x\r\n"
          "03cd,2001:db8::1,9000,,unknown,false,,0,18446744073709551615,enr:y\r\n");
}
