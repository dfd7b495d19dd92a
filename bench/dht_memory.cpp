#include "dht.hpp"
#include "harness.hpp"
#include <parley/discovery/discv5/sessions.hpp>
#include <parley/discovery/discv5/table.hpp>

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <list>
#include <stdexcept>

namespace parley::bench {

using namespace discovery::discv5;

namespace {

constexpr std::size_t tables = 8;  ///< each of one node, with all its buckets full
constexpr std::size_t target_bytes = 1024;
constexpr std::size_t runs = 3;

Endpoint endpoint_of(std::size_t number) {
    return {IpAddress::v4({std::byte{10}, static_cast<std::byte>(number >> 16),
                           static_cast<std::byte>(number >> 8), static_cast<std::byte>(number)}),
            30303};
}

/// As many as it takes, half of those in a bucket by hearsay; each with a record of the given size.
void fill(Table& table, Sessions* sessions, const Id& self, std::size_t record_bytes, Rng& rng) {
    const Now now{Instant{Duration{1h}}, {}};
    const Buffer record(record_bytes);
    std::size_t number = 0;
    for (unsigned distance = log_distance_max; distance > log_distance_max - 128; --distance) {
        for (std::size_t i = 0; i < Table::entries_max + Table::replacements_max; ++i) {
            const Contact contact{random_at_distance(self, distance, rng), endpoint_of(++number), 1,
                                  SharedBytes::copy(record)};
            (void)table.add(now, contact, i % 2 == 0 ? Origin::met : Origin::heard);
            if (sessions) sessions->put(Remote::of(contact.id, contact.endpoint), Keys{});
        }
    }
}

/// Bytes a node.
double measure(std::size_t record_bytes, bool with_sessions) {
    Rng rng{1};
    std::list<Table> filled;
    std::list<Sessions> sessions;
    ::malloc_trim(0);
    const double before = resident_bytes();
    std::size_t nodes = 0;
    for (std::size_t i = 0; i < tables; ++i) {
        Id self{};
        self[0] = static_cast<std::byte>(i);
        auto& table = filled.emplace_back(TableConfig{}, self, rng.split("table"));
        Sessions* their_sessions =
            with_sessions ? &sessions.emplace_back(std::size_t{1} << 16, rng.next()) : nullptr;
        fill(table, their_sessions, self, record_bytes, rng);
        nodes += table.size() + table.replacements();
    }
    ::malloc_trim(0);
    return (resident_bytes() - before) / static_cast<double>(nodes);
}

}  // namespace

int dht_memory(const std::vector<std::string>& arguments) {
    fmt::print("{:.6g}\n", measure(std::stoul(arguments.at(0)), arguments.at(1) == "sessions"));
    return 0;
}

void run_dht_memory() {
    const auto median_of = [](const char* record_bytes, const char* kind) {
        std::vector<double> values;
        for (std::size_t i = 0; i < runs; ++i) {
            values.push_back(
                std::stod(PeerProcess{{"dht-memory", record_bytes, kind}}.read_line()));
        }
        std::ranges::sort(values);
        return values[runs / 2];
    };
    const double value = median_of("300", "sessions");
    fmt::print(
        "{{\"bench\":\"{}\",\"value\":{:.4g},\"unit\":\"bytes/node\",\"target\":{},\"met\":{},"
        "\"runs\":{},\"table_alone\":{:.4g},\"table_of_150_byte_records\":{:.4g}}}\n",
        dht_memory_name, value, target_bytes, value <= target_bytes, runs,
        median_of("300", "table"), median_of("150", "table"));
    std::fflush(stdout);
}

}  // namespace parley::bench
