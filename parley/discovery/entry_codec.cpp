#include <parley/discovery/entry_codec.hpp>

#include <parley/codec/rlp.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::discovery {

namespace {

/// 9999-12-31T23:59:59.999Z: what no clock says.
constexpr std::uint64_t time_ms_max = 253'402'300'799'999;

/// Reads the fields of a row; the first error sticks, and what follows it reads as empty.
class RowReader {
public:
    explicit RowReader(rlp::Reader reader) : reader_(reader) {}

    std::uint64_t number() { return next(&rlp::Reader::u64); }
    std::uint32_t small_number() { return next(&rlp::Reader::u32); }
    std::uint16_t port() { return next(&rlp::Reader::u16); }
    Bytes string() { return next(&rlp::Reader::string); }
    Bytes item() { return next(&rlp::Reader::raw_item); }
    UnixTime time() {
        const std::uint64_t ms = number();
        if (ms > time_ms_max) fail_with({RowErrc::bad_time, time_ms_max, ms});
        return ok() ? unix_from_milliseconds(static_cast<std::int64_t>(ms)) : unset;
    }
    std::optional<IpAddress> address() {
        const Bytes bytes = string();
        if (bytes.size() == 4) return IpAddress::v4(array_of<4>(bytes));
        if (bytes.size() == 16) return IpAddress::v6(array_of<16>(bytes));
        if (!bytes.empty()) fail_with({RowErrc::bad_endpoint, 0, bytes.size()});
        return std::nullopt;
    }
    void finish() {
        if (!ok()) return;
        const auto end = reader_.finish();
        if (!end) fail_with({RowErrc::rlp, 0, static_cast<std::uint64_t>(end.error().code)});
    }
    void fail_with(RowError error) {
        if (!error_) error_ = error;
    }
    bool ok() const { return !error_; }
    const std::optional<RowError>& error() const { return error_; }

private:
    template <class T>
    T next(Result<T, rlp::RlpError> (rlp::Reader::*read)()) {
        if (!ok()) return T{};
        const auto result = (reader_.*read)();
        if (result) return *result;
        fail_with({RowErrc::rlp, 0, static_cast<std::uint64_t>(result.error().code)});
        return T{};
    }

    rlp::Reader reader_;
    std::optional<RowError> error_;
};

void write_time(rlp::Writer& out, UnixTime time) {
    const std::int64_t ms = unix_milliseconds(time);
    out.number(ms < 0 ? 0 : std::min(static_cast<std::uint64_t>(ms), time_ms_max));
}

void write_address(rlp::Writer& out, const std::optional<IpAddress>& address) {
    out.string(address ? address->bytes() : Bytes{});
}

/// An empty string, or a record that is the node's own.
void read_record(RowReader& row, Entry& entry) {
    const Bytes item = row.item();
    if (!row.ok() || (item.size() == 1 && item[0] == std::byte{0x80})) return;
    auto record = Enr::decode(item);
    if (!record) {
        const auto code = static_cast<std::uint64_t>(record.error().code);
        return row.fail_with({RowErrc::bad_record, 0, code});
    }
    if (record->id() != entry.id) return row.fail_with({RowErrc::wrong_id});
    entry.record = std::move(*record);
}

void read_configured(RowReader& row, Entry& entry) {
    const auto address = row.address();
    const std::uint16_t port = row.port();
    if (!row.ok()) return;
    if (address.has_value() != (port != 0)) return row.fail_with({RowErrc::bad_endpoint});
    if (address) entry.configured = Endpoint{*address, port};
}

void read_source(RowReader& row, Entry& entry) {
    const std::uint64_t kind = row.number();
    const Bytes by = row.string();
    entry.source.address = row.address();
    if (kind >= source_kinds) return row.fail_with({RowErrc::bad_source, source_kinds - 1, kind});
    if (!by.empty() && by.size() != entry.source.by.size()) {
        return row.fail_with({RowErrc::bad_source, entry.source.by.size(), by.size()});
    }
    entry.source.kind = static_cast<SourceKind>(kind);
    std::ranges::copy(by, entry.source.by.key.begin());
}

}  // namespace

std::string message(const RowError& error) {
    switch (error.code) {
        case RowErrc::bad_key:
            return fmt::format("the key is no node ID: {} bytes, expected {}", error.actual,
                               error.expected);
        case RowErrc::rlp:
            return "not the RLP of a row: " +
                   rlp::message({static_cast<rlp::Errc>(error.actual), 0, 0});
        case RowErrc::bad_record:
            return "bad node record: " +
                   parley::message(EnrError{static_cast<EnrErrc>(error.actual), 0, 0});
        case RowErrc::wrong_id:
            return "the record is another node's";
        case RowErrc::bad_endpoint:
            return fmt::format("bad address ({} bytes) or port", error.actual);
        case RowErrc::no_endpoint:
            return "no TCP endpoint";
        case RowErrc::bad_source:
            return fmt::format("bad source: {}, at most {}", error.actual, error.expected);
        case RowErrc::bad_time:
            return fmt::format("impossible time: {} ms", error.actual);
    }
    return "unknown error";
}

Buffer encode_row(const Entry& entry) {
    rlp::Writer out;
    out.begin_list();
    if (entry.record) {
        out.raw(entry.record->raw());
    } else {
        out.string(Bytes{});
    }
    const auto& configured = entry.configured;
    write_address(out, configured ? std::optional{configured->address} : std::nullopt);
    out.number(configured ? configured->port : 0);
    out.number(static_cast<std::uint64_t>(entry.source.kind));
    out.string(entry.source.by == NodeId{} ? Bytes{} : entry.source.by.bytes());
    write_address(out, entry.source.address);
    for (const UnixTime time : {entry.added, entry.last_seen, entry.last_success,
                                entry.last_reached, entry.last_failure}) {
        write_time(out, time);
    }
    out.number(entry.failures);
    out.end_list();
    return out.take();
}

Result<Entry, RowError> decode_row(Bytes key, Bytes value) {
    Entry entry;
    if (key.size() != entry.id.size()) {
        return fail(RowErrc::bad_key, entry.id.size(), key.size());
    }
    entry.id.key = array_of<33>(key);
    if (!crypto::is_valid_public_key(entry.id.key)) {
        return fail(RowErrc::bad_key, entry.id.size(), key.size());
    }
    const auto list = rlp::Reader::open_list(value);
    if (!list) return fail(RowErrc::rlp, 0, static_cast<std::uint64_t>(list.error().code));
    RowReader row{*list};
    read_record(row, entry);
    read_configured(row, entry);
    read_source(row, entry);
    for (UnixTime* time : {&entry.added, &entry.last_seen, &entry.last_success, &entry.last_reached,
                           &entry.last_failure}) {
        *time = row.time();
    }
    entry.failures = row.small_number();
    row.finish();
    if (!row.ok()) return std::unexpected{*row.error()};
    if (entry.endpoint().port == 0) return fail(RowErrc::no_endpoint);
    return entry;
}

}  // namespace parley::discovery
