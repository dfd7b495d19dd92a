// JsonSession: a connection at the Unix socket that speaks JSON without HTTP, as geth's IPC: one
// value after the other, each a request or a batch; the server ends each of its own with a line
// feed. It may be idle for as long as there is a place for it. For sources of the server only.
// Threading: the server's thread.
#pragma once

#include <parley/rpc/json_stream.hpp>
#include <parley/runtime/http/duplex_session.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace parley::runtime {

class JsonSession final : public DuplexSession {
public:
    JsonSession(Stream stream, Serving serving, std::shared_ptr<Place> place)
        : DuplexSession(stream, std::move(serving), std::move(place)), stream_(std::move(stream)) {}

    /// Serves, beginning with what was read already. Owned by a shared_ptr.
    void start(std::string_view first_bytes);

private:
    void read() override;
    void write(const std::string& text) override;
    void say_goodbye(Cause cause, const std::string& reason) override;
    void close_socket() override;

    Stream stream_;
    rpc::JsonStream values_;
    std::vector<char> part_ = std::vector<char>(16 * 1024);
};

}  // namespace parley::runtime
