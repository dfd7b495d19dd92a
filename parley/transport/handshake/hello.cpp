#include <parley/transport/handshake/hello.hpp>

#include <parley/base/endian.hpp>
#include <parley/codec/rlp.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace parley::transport {

namespace {

constexpr std::size_t size_bytes = 2;

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::unexpected<HelloError> rlp_failure(const rlp::RlpError& error) {
    return fail(HelloErrc::rlp, 0, static_cast<std::uint64_t>(error.code));
}

Buffer encode(const Hello& hello) {
    rlp::Writer out;
    out.begin_list().number(hello.version_min).number(hello.version_max);
    out.string(hello.client).number(hello.network_id).string(hello.genesis);
    out.begin_list().string(hello.fork.hash).number(hello.fork.next).end_list();
    out.number(hello.roles).number(hello.services).begin_list();
    for (const auto& topic : hello.topics) {
        out.begin_list().string(topic.name).number(topic.version);
        out.number(topic.window_bytes).number(topic.message_bytes_max).end_list();
    }
    out.end_list().raw(hello.record.raw()).number(hello.frame_bytes_max);
    const bool named = !hello.node_name.empty();
    if (hello.chain_id != 0 || named) out.number(hello.chain_id);
    if (named) out.string(hello.node_name);
    out.end_list();
    return out.take();
}

/// Reads into `out`; false after an error, which it keeps.
class Fields {
public:
    explicit Fields(rlp::Reader reader) : reader_(reader) {}

    template <class T>
    bool read(T& out, Result<T, rlp::RlpError> item) {
        if (!item) {
            error_ = item.error();
            return false;
        }
        out = *item;
        return true;
    }
    bool number(std::uint16_t& out) { return read(out, reader_.u16()); }
    bool number(std::uint32_t& out) { return read(out, reader_.u32()); }
    bool number(std::uint64_t& out) { return read(out, reader_.u64()); }
    bool string(Bytes& out) { return read(out, reader_.string()); }
    bool raw(Bytes& out) { return read(out, reader_.raw_item()); }
    template <std::size_t N>
    bool fixed(ByteArray<N>& out) {
        return read(out, reader_.fixed<N>());
    }
    bool list(rlp::Reader& out) { return read(out, reader_.list()); }
    /// As it was where nothing is left.
    bool number_or_end(std::uint64_t& out) { return reader_.at_end() || number(out); }
    bool string_or_end(Bytes& out) { return reader_.at_end() || string(out); }
    std::unexpected<HelloError> failure() const { return rlp_failure(error_); }

private:
    rlp::Reader reader_;
    rlp::RlpError error_{};
};

/// The fields of a Hello as they stand in the RLP, before any is judged.
struct RawHello {
    std::uint16_t version_min = 0, version_max = 0;
    Bytes client;
    std::uint64_t network_id = 0;
    Hash256 genesis{};
    ForkId fork;
    std::uint64_t roles = 0, services = 0;
    rlp::Reader topics{Bytes{}};
    Bytes record;
    std::uint32_t frame_bytes_max = 0;
    std::uint64_t chain_id = 0;
    Bytes node_name;
};

Result<RawHello, HelloError> split_hello(Bytes encoded) {
    const auto outer = rlp::Reader::open_list(encoded);
    if (!outer) return rlp_failure(outer.error());
    Fields in{*outer};
    RawHello raw;
    rlp::Reader fork{Bytes{}};
    if (!(in.number(raw.version_min) && in.number(raw.version_max) && in.string(raw.client) &&
          in.number(raw.network_id) && in.fixed(raw.genesis) && in.list(fork) &&
          in.number(raw.roles) && in.number(raw.services) && in.list(raw.topics) &&
          in.raw(raw.record) && in.number(raw.frame_bytes_max) && in.number_or_end(raw.chain_id) &&
          in.string_or_end(raw.node_name))) {
        return in.failure();
    }
    Fields fork_in{fork};
    if (!(fork_in.fixed(raw.fork.hash) && fork_in.number(raw.fork.next))) {
        return fork_in.failure();
    }
    return raw;
}

Result<HelloTopic, HelloError> decode_topic(rlp::Reader reader) {
    Fields in{reader};
    HelloTopic topic;
    Bytes topic_name;
    if (!(in.string(topic_name) && in.number(topic.version) && in.number(topic.window_bytes) &&
          in.number(topic.message_bytes_max))) {
        return in.failure();
    }
    topic.name = text_of(topic_name);
    if (!is_topic_name(topic.name) || topic.message_bytes_max == 0 ||
        topic.message_bytes_max > topic.window_bytes) {
        return fail(HelloErrc::bad_topic);
    }
    return topic;
}

Result<std::vector<HelloTopic>, HelloError> decode_topics(rlp::Reader reader) {
    std::vector<HelloTopic> topics;
    while (!reader.at_end()) {
        if (topics.size() == Hello::topics_max) {
            return fail(HelloErrc::too_many_topics, Hello::topics_max, Hello::topics_max + 1);
        }
        const auto item = reader.list();
        if (!item) return rlp_failure(item.error());
        auto topic = decode_topic(*item);
        if (!topic) return std::unexpected{topic.error()};
        if (!topics.empty() && topic->name <= topics.back().name) {
            return fail(HelloErrc::unsorted_topics);
        }
        topics.push_back(std::move(*topic));
    }
    return topics;
}

}  // namespace

bool is_client_name(std::string_view name) {
    return name.size() <= Hello::client_bytes_max && is_printable(name);
}

bool is_node_name(std::string_view name) {
    return name.size() <= Hello::node_name_bytes_max && is_printable(name);
}

bool is_topic_name(std::string_view name) {
    return !name.empty() && name.size() <= Hello::topic_name_bytes_max &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '-' ||
                      c == '_';
           });
}

std::string message(const HelloError& error) {
    switch (error.code) {
        case HelloErrc::bad_size:
            return fmt::format("size {} is over the limit of {}", error.actual, error.expected);
        case HelloErrc::bad_padding:
            return fmt::format("byte {} after the Hello is not zero", error.actual);
        case HelloErrc::rlp:
            return rlp::message({static_cast<rlp::Errc>(error.actual)});
        case HelloErrc::bad_record:
            return "record: " + parley::message(EnrError{static_cast<EnrErrc>(error.actual)});
        case HelloErrc::wrong_record_id:
            return "the record is another node's";
        case HelloErrc::bad_client:
            return "client name is too long or not printable ASCII";
        case HelloErrc::bad_node_name:
            return "the node's name is too long or not printable ASCII";
        case HelloErrc::bad_topic:
            return "a topic's name, window or message size is out of range";
        case HelloErrc::unsorted_topics:
            return "topics are not sorted or not unique";
        case HelloErrc::too_many_topics:
            return fmt::format("more than {} topics", error.expected);
        case HelloErrc::bad_version_range:
            return fmt::format("lowest version {} is above the highest {}", error.actual,
                               error.expected);
        case HelloErrc::bad_frame_limit:
            return fmt::format("frame limit {} is beyond {}", error.actual, error.expected);
        case HelloErrc::bad_reason:
            return fmt::format("reason {} is never sent", error.actual);
        case HelloErrc::bad_value:
            return "a value is too long or not printable ASCII";
        case HelloErrc::too_many_records:
            return fmt::format("more than {} records", error.expected);
    }
    return "unknown";
}

std::size_t encoded_bytes(const Hello& hello) {
    return size_bytes + encode(hello).size();
}

ByteArray<Hello::wire_bytes> encode_hello(const Hello& hello) {
    const Buffer encoded = encode(hello);
    assert(encoded.size() <= Hello::wire_bytes - size_bytes);
    ByteArray<Hello::wire_bytes> bytes{};
    store_be(MutableBytes{bytes}, static_cast<std::uint16_t>(encoded.size()));
    std::ranges::copy(encoded, bytes.begin() + size_bytes);
    return bytes;
}

Result<Hello, HelloError> decode_hello(Bytes bytes, const NodeId& sender, KnownRecords* known) {
    assert(bytes.size() == Hello::wire_bytes);
    const std::size_t size = load_be<std::uint16_t>(bytes);
    const Bytes body = bytes.subspan(size_bytes);
    if (size > body.size()) return fail(HelloErrc::bad_size, body.size(), size);
    const Bytes padding = body.subspan(size);
    const auto stray = std::ranges::find_if(padding, [](std::byte b) { return b != std::byte{}; });
    if (stray != padding.end()) {
        const auto offset = static_cast<std::size_t>(stray - padding.begin());
        return fail(HelloErrc::bad_padding, 0, size_bytes + size + offset);
    }
    const auto raw = split_hello(body.first(size));
    if (!raw) return std::unexpected{raw.error()};
    if (raw->version_min > raw->version_max) {
        return fail(HelloErrc::bad_version_range, raw->version_max, raw->version_min);
    }
    if (!is_client_name(text_of(raw->client))) return fail(HelloErrc::bad_client);
    if (!is_node_name(text_of(raw->node_name))) return fail(HelloErrc::bad_node_name);
    auto topics = decode_topics(raw->topics);
    if (!topics) return std::unexpected{topics.error()};
    if (raw->frame_bytes_max < Hello::frame_bytes_least) {
        return fail(HelloErrc::bad_frame_limit, Hello::frame_bytes_least, raw->frame_bytes_max);
    }
    if (raw->frame_bytes_max > Hello::frame_bytes_most) {
        return fail(HelloErrc::bad_frame_limit, Hello::frame_bytes_most, raw->frame_bytes_max);
    }
    // Last, because it costs a signature check.
    auto record = known ? known->decode(raw->record) : Enr::decode(raw->record);
    if (!record) {
        return fail(HelloErrc::bad_record, 0, static_cast<std::uint64_t>(record.error().code));
    }
    if (record->id() != sender) return fail(HelloErrc::wrong_record_id);

    Hello hello{std::move(*record)};
    hello.version_min = raw->version_min;
    hello.version_max = raw->version_max;
    hello.client = text_of(raw->client);
    hello.network_id = raw->network_id;
    hello.genesis = raw->genesis;
    hello.fork = raw->fork;
    hello.roles = raw->roles;
    hello.services = raw->services;
    hello.topics = std::move(*topics);
    hello.frame_bytes_max = raw->frame_bytes_max;
    hello.chain_id = raw->chain_id;
    hello.node_name = text_of(raw->node_name);
    return hello;
}

}  // namespace parley::transport
