// DuplexSession: a connection over which both sides speak when they like: the client sends requests
// and the server replies and notifications. The next request is read once the reply to the one
// before is written; in a batch, requests run side by side. What carries messages is for
// WebSocketSession and JsonSession.
//
// Bounds: one request and one reply at a time; the Outbox; deadlines for the rest of a request, for
// the handler and for the client to read each message. A client that missed notifications gets
// what had room, then a last one, "parley_missed", that says how many it missed, and the end.
// For sources of the server only. Threading: the server's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/runtime/http/connection.hpp>
#include <parley/runtime/http/outbox.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace parley::runtime {

class DuplexSession : public Connection, public std::enable_shared_from_this<DuplexSession> {
public:
    using Stream = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;

    ~DuplexSession() override;
    void close() final;
    std::optional<Instant> waits_since() const final;

protected:
    enum class Cause : std::uint8_t { refused, too_slow, no_answer };

    DuplexSession(Stream& stream, Serving serving, std::shared_ptr<Place> place);

    // What the protocol does. Whatever fails calls close().
    /// Reads a message and calls on_message(). Not called again before that.
    virtual void read() = 0;
    /// Sends a text, which stays as it is until then, and calls on_written(). One at a time.
    virtual void write(const std::string& text) = 0;
    /// All is written: says so to the client, and closes.
    virtual void say_goodbye(Cause cause, const std::string& reason) = 0;
    virtual void close_socket() = 0;

    // What the protocol calls.
    /// Once, owned by a shared_ptr: from now on messages are read.
    void begin();
    void on_message(std::string text);
    void on_written(boost::beast::error_code error);
    /// A part of a message has come.
    void expect_rest();
    /// The client is there.
    void note_life();
    /// The client says goodbye, and has a moment to close.
    void on_goodbye();
    /// Ends with this reply.
    void refuse(std::string text, Cause cause, std::string reason);
    const Serving& serving() const { return serving_; }

private:
    enum class Kind : std::uint8_t { reply, notification };
    struct Message {
        std::string text;
        Kind kind{};
    };
    struct Ending {
        Cause cause{};
        std::string reason;
    };
    struct Deadline {
        boost::asio::steady_timer timer;
        std::uint64_t last = 0;  ///< number of the last one
        bool armed = false;
    };

    void on_reply(std::uint64_t request_number, std::string text);
    void on_notified();
    void take_notifications();
    void send_next();
    void tell_missed();
    void arm(Deadline& deadline, Duration after, void (DuplexSession::*late)());
    static void disarm(Deadline& deadline);
    void on_no_answer();

    Serving serving_;
    std::shared_ptr<Place> place_;
    std::shared_ptr<Outbox> outbox_;  ///< since begin()
    Deadline rest_;                   ///< of a message of which a part has come
    Deadline answer_;                 ///< of the handler
    Deadline written_;                ///< of the message that is written
    std::deque<Message> queue_;
    bool writing_ = false;
    bool closed_ = false;
    bool said_goodbye_ = false;
    std::optional<Ending> ending_;  ///< what is queued is written, and nothing more read
    Instant waits_since_{};
    std::uint64_t request_number_ = 0;
    std::uint64_t awaiting_ = 0;  ///< number of the request that the handler has, 0 if none
};

}  // namespace parley::runtime
