#include "bare.hpp"
#include "sockets.hpp"
#include <parley/base/endian.hpp>
#include <parley/crypto/aead.hpp>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>

namespace parley::bench {

namespace {

constexpr std::size_t record_bytes = 65536;
constexpr std::size_t header_bytes = 4 + crypto::gcm_tag_bytes;
const ByteArray<32> key{std::byte{1}};

ByteArray<12> nonce_of(std::uint64_t n) {
    ByteArray<12> nonce{};
    store_be(MutableBytes{nonce}.subspan(4), n);
    return nonce;
}

class RecordWriter {
public:
    explicit RecordWriter(Socket& socket) : socket_(socket) {}
    void write(Bytes plain) {
        MutableBytes out{out_};
        store_be(out, static_cast<std::uint32_t>(plain.size()));
        aes_.seal(nonce_of(n_++), out.first(4), plain, out.subspan(header_bytes, plain.size()),
                  out.subspan(4, crypto::gcm_tag_bytes));
        socket_.write_all(out.first(header_bytes + plain.size()));
    }

private:
    Socket& socket_;
    crypto::AesGcm aes_{crypto::AesGcm::Mode::seal, key};
    Buffer out_ = Buffer(header_bytes + record_bytes);
    std::uint64_t n_ = 0;
};

class RecordReader {
public:
    explicit RecordReader(Socket& socket) : socket_(socket) {}
    /// The next record, decrypted in place; valid until the next call.
    Bytes read() {
        while (filled_ - at_ < header_bytes) fill();
        const auto size = load_be<std::uint32_t>(Bytes{in_}.subspan(at_));
        while (filled_ - at_ < header_bytes + size) fill();
        auto record = MutableBytes{in_}.subspan(at_, header_bytes + size);
        at_ += record.size();
        auto body = record.subspan(header_bytes);
        if (!aes_.open(nonce_of(n_++), record.first(4), body,
                       record.subspan(4, crypto::gcm_tag_bytes), body)) {
            throw std::runtime_error{"bad tag"};
        }
        return body;
    }

private:
    void fill() {
        if (at_ > 0) {
            std::memmove(in_.data(), in_.data() + at_, filled_ - at_);
            filled_ -= at_;
            at_ = 0;
        }
        const auto n = socket_.read_some(MutableBytes{in_}.subspan(filled_));
        if (n == 0) throw std::runtime_error{"the stream ended early"};
        filled_ += n;
    }

    Socket& socket_;
    crypto::AesGcm aes_{crypto::AesGcm::Mode::open, key};
    Buffer in_ = Buffer(std::size_t{256} * 1024);
    std::size_t at_ = 0;
    std::size_t filled_ = 0;
    std::uint64_t n_ = 0;
};

std::uint64_t consumed = 0;
[[gnu::noinline]] void consume(Bytes message) {
    consumed += message.size();
}

}  // namespace

double bare_bulk(std::uint64_t bytes) {
    Listener listener;
    PeerProcess peer{{"bare-bulk", std::to_string(listener.port()), std::to_string(bytes)}};
    auto socket = listener.accept();
    RecordReader reader{socket};
    reader.read();
    const double start = seconds_now();
    std::uint64_t received = 0;
    while (received < bytes) received += reader.read().size();
    return static_cast<double>(received) / (seconds_now() - start);
}

int bare_bulk_sender(const std::vector<std::string>& arguments) {
    auto socket = connect_to(static_cast<std::uint16_t>(std::stoul(arguments.at(0))));
    const auto bytes = std::stoull(arguments.at(1));
    const Buffer message(std::size_t{1} << 20, std::byte{7});
    RecordWriter writer{socket};
    writer.write(Bytes{message}.first(record_bytes));
    for (std::uint64_t sent = 0; sent < bytes;) {
        for (std::size_t at = 0; at < message.size(); at += record_bytes, sent += record_bytes) {
            writer.write(Bytes{message}.subspan(at, record_bytes));
        }
    }
    std::byte end{};
    socket.read_some({&end, 1});
    return 0;
}

double bare_small(std::uint64_t messages) {
    Listener listener;
    PeerProcess peer{{"bare-small", std::to_string(listener.port()), std::to_string(messages)}};
    auto socket = listener.accept();
    RecordReader reader{socket};
    double start = 0;
    std::uint64_t received = 0;
    while (received < messages) {
        Bytes record = reader.read();
        if (start == 0) start = seconds_now();
        while (!record.empty()) {
            const auto size = load_be<std::uint32_t>(record);
            consume(record.subspan(4, size));
            record = record.subspan(4 + size);
            ++received;
        }
    }
    return static_cast<double>(received) / (seconds_now() - start);
}

int bare_small_sender(const std::vector<std::string>& arguments) {
    auto socket = connect_to(static_cast<std::uint16_t>(std::stoul(arguments.at(0))));
    const auto messages = std::stoull(arguments.at(1));
    const Buffer message(small_message_bytes, std::byte{7});
    RecordWriter writer{socket};
    Buffer record(record_bytes);
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < messages; ++i) {
        if (at + 4 + message.size() > record.size()) {
            writer.write(Bytes{record}.first(at));
            at = 0;
        }
        store_be(MutableBytes{record}.subspan(at), static_cast<std::uint32_t>(message.size()));
        std::memcpy(record.data() + at + 4, message.data(), message.size());
        at += 4 + message.size();
    }
    writer.write(Bytes{record}.first(at));
    std::byte end{};
    socket.read_some({&end, 1});
    return 0;
}

}  // namespace parley::bench
