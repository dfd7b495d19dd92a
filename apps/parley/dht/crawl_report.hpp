// What a crawl of the DHT found, as it is told to people: plain values, made once at its end.
#pragma once

#include <parley/base/time.hpp>
#include <parley/discovery/discv5/crawl.hpp>

#include <boost/json.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

enum class CrawlState : std::uint8_t {
    answered,
    silent,
    undecided,  ///< the crawl ended before it answered or had failed to
};
std::string_view name(CrawlState state);

struct CrawlRow {
    std::string id = {};                        ///< the node's, 66 hex digits
    discovery::discv5::Id place{};              ///< in the key space
    Endpoint endpoint = {};                     ///< UDP
    std::optional<std::uint64_t> network = {};  ///< of its entry `parley`
    std::string client = {};                    ///< client_name()
    CrawlState state = CrawlState::undecided;
    std::optional<double> round_trip_ms = {};
    std::size_t neighbours = 0;
    std::uint64_t sequence = 0;
    std::string enr = {};
};

/// "parley 0.1.0", as the record says (EIP-7636). If it does not: the protocol that it is made for
/// with a question mark, "parley ?", "eth2 ?", "eth ?", or "unknown". Printable ASCII.
std::string client_name(const Enr& record);

struct CrawlReport {
    enum class End : std::uint8_t { complete, interrupted, out_of_time };
    std::int64_t began = 0;  ///< Unix time in seconds
    double seconds = 0;
    std::uint64_t requests = 0;
    End end = End::complete;
    bool full = false;                 ///< there are more nodes than these
    std::vector<CrawlRow> nodes = {};  ///< by place in the key space

    static std::vector<CrawlRow> rows_of(const discovery::discv5::Crawl& crawl);

    std::size_t count(CrawlState state) const;
    /// In milliseconds, ascending.
    std::vector<double> round_trips() const;

    struct Group {
        std::string name;
        std::size_t nodes = 0, answered = 0;
    };
    /// The largest first.
    std::vector<Group> clients() const;
    /// "1", "other protocols".
    std::vector<Group> networks() const;
};

/// "interrupted", "out of time", or empty.
std::string_view text(CrawlReport::End end);

/// p50, p90 and p99. Precondition: ascending and not empty.
std::array<double, 3> quantiles_of(const std::vector<double>& sorted);

/// For the terminal, without the files.
std::string summary(const CrawlReport& report);
boost::json::object to_json(const CrawlReport& report);

}  // namespace parley::app
