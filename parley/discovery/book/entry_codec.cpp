#include <parley/discovery/book/entry_codec.hpp>

#include <parley/base/endian.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace parley::discovery {

namespace {

/// 9999-12-31T23:59:59.999Z: what no clock says.
constexpr std::uint64_t time_ms_max = 253'402'300'799'999;
constexpr std::size_t row_bytes_about = 320;

/// Reads the fields of a row; the first error sticks, and what follows it reads as empty.
class RowReader {
public:
    explicit RowReader(Bytes row) : row_(row) {}

    template <class T>
    T number() {
        if (at_ + sizeof(T) > row_.size()) {
            fail_with({RowErrc::truncated, at_ + sizeof(T), row_.size()});
        }
        if (error_) return T{};
        const T value = load_be<T>(row_.subspan(at_));
        at_ += sizeof(T);
        return value;
    }
    UnixTime time() {
        const auto ms = number<std::uint64_t>();
        if (ms > time_ms_max) fail_with({RowErrc::bad_time, time_ms_max, ms});
        return error_ ? unset : unix_from_milliseconds(static_cast<std::int64_t>(ms));
    }
    /// Port 0: none.
    Endpoint endpoint() {
        const auto size = number<std::uint8_t>();
        if (error_ || size == 0) return {};
        if (size != 4 && size != 16) fail_with({RowErrc::bad_endpoint, 0, size});
        if (at_ + size > row_.size()) fail_with({RowErrc::truncated, at_ + size, row_.size()});
        if (error_) return {};
        const Bytes address = row_.subspan(at_, size);
        at_ += size;
        const auto port = number<std::uint16_t>();
        if (!error_ && port == 0) fail_with({RowErrc::bad_endpoint, 0, size});
        if (error_) return {};
        const IpAddress found =
            size == 4 ? IpAddress::v4(array_of<4>(address)) : IpAddress::v6(array_of<16>(address));
        // IPv4 in IPv6 has one form here: 4 bytes.
        if (found.bytes().size() != size) fail_with({RowErrc::bad_endpoint, 0, size});
        return {found, port};
    }
    Bytes rest() const { return error_ ? Bytes{} : row_.subspan(at_); }

    void fail_with(RowError error) {
        if (!error_) error_ = error;
    }
    const std::optional<RowError>& error() const { return error_; }

private:
    Bytes row_;
    std::size_t at_ = 0;
    std::optional<RowError> error_;
};

void write_time(Buffer& out, UnixTime time) {
    const std::int64_t ms = unix_milliseconds(time);
    append_be(out, ms < 0 ? 0 : std::min(static_cast<std::uint64_t>(ms), time_ms_max));
}

void write_endpoint(Buffer& out, const Endpoint& endpoint) {
    if (endpoint.port == 0) return append_be(out, std::uint8_t{0});
    const Bytes address = endpoint.address.bytes();
    append_be(out, static_cast<std::uint8_t>(address.size()));
    append(out, address);
    append_be(out, endpoint.port);
}

}  // namespace

std::string message(const RowError& error) {
    switch (error.code) {
        case RowErrc::bad_key:
            return fmt::format(
                "the key is no node ID: {} bytes, expected {} that begin with 2 or 3", error.actual,
                error.expected);
        case RowErrc::truncated:
            return fmt::format("the row ends early: {} bytes, expected {} at least", error.actual,
                               error.expected);
        case RowErrc::bad_source:
            return fmt::format("bad source: {}, at most {}", error.actual, error.expected);
        case RowErrc::bad_time:
            return fmt::format("impossible time: {} ms", error.actual);
        case RowErrc::bad_endpoint:
            return fmt::format("bad address ({} bytes) or port", error.actual);
        case RowErrc::no_endpoint:
            return "no TCP endpoint";
        case RowErrc::bad_record:
            return fmt::format("bad node record: {} bytes, expected {} at most", error.actual,
                               error.expected);
    }
    return "unknown error";
}

Buffer encode_row(const Entry& entry) {
    Buffer out;
    out.reserve(row_bytes_about);
    append_be(out, static_cast<std::uint8_t>(entry.source.kind));
    append_be(out, entry.source.group);
    append_be(out, entry.place);
    append_be(out, entry.failures);
    for (const UnixTime time :
         {entry.added, entry.last_seen, entry.last_success, entry.last_reached}) {
        write_time(out, time);
    }
    write_endpoint(out, entry.configured);
    write_endpoint(out, entry.record.endpoint());
    append_be(out, entry.record.sequence());
    append(out, entry.record.raw());
    return out;
}

Result<Entry, RowError> decode_row(Bytes key, Bytes value) {
    Entry entry;
    const bool is_id =
        key.size() == entry.id.size() && (key[0] == std::byte{2} || key[0] == std::byte{3});
    if (!is_id) return fail(RowErrc::bad_key, entry.id.size(), key.size());
    entry.id.key = array_of<33>(key);
    RowReader row{value};
    const auto kind = row.number<std::uint8_t>();
    if (kind >= source_kinds) row.fail_with({RowErrc::bad_source, source_kinds - 1, kind});
    entry.source.kind = static_cast<SourceKind>(kind);
    entry.source.group = row.number<std::uint64_t>();
    entry.place = row.number<std::uint32_t>();
    entry.failures = row.number<std::uint32_t>();
    for (UnixTime* time :
         {&entry.added, &entry.last_seen, &entry.last_success, &entry.last_reached}) {
        *time = row.time();
    }
    entry.configured = row.endpoint();
    const Endpoint named = row.endpoint();
    const auto sequence = row.number<std::uint64_t>();
    const Bytes record = row.rest();
    if (record.size() > Enr::size_bytes_max ||
        (record.empty() && (named.port != 0 || sequence != 0))) {
        row.fail_with({RowErrc::bad_record, Enr::size_bytes_max, record.size()});
    }
    if (row.error()) return std::unexpected{*row.error()};
    if (!record.empty()) entry.record = StoredRecord{record, sequence, named};
    if (entry.endpoint().port == 0) return fail(RowErrc::no_endpoint);
    return entry;
}

}  // namespace parley::discovery
