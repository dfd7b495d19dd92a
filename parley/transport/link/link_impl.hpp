// The inside of Link, for link*.cpp only: the phases of a connection and what each one keeps.
#pragma once

#include <parley/base/token_bucket.hpp>
#include <parley/transport/handshake/handshake.hpp>
#include <parley/transport/link/chunk.hpp>
#include <parley/transport/link/control.hpp>
#include <parley/transport/link/frame.hpp>
#include <parley/transport/link/lanes_in.hpp>
#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/link/link.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::transport {

/// Control messages that a peer may send, but Credits: they are bounded by what we sent.
inline constexpr unsigned controls_per_second = 50;
inline constexpr unsigned controls_burst = 100;

/// A lane that had to wait for credit for so long says so, but not too often.
inline constexpr Duration blocked_min = 2ms;
inline constexpr Duration blocked_interval = 50ms;

class Link::Impl {
public:
    using Events = std::vector<LinkEvent>;

    Impl(LinkConfig config, std::shared_ptr<const LinkIdentity> identity, Direction direction,
         Now now);
    void start_dial(const NodeId& target, EntropySource& entropy);
    void start_accept(EntropySource& entropy, std::optional<Endpoint> remote);

    void on_bytes(Now now, MutableBytes bytes, Events& out);
    void on_end(CloseReason why, Events& out);
    void on_command(Now now, LinkCommand&& command, Events& out);
    void on_timer(Now now, Events& out);
    Instant next_wakeup() const;
    std::size_t produce(Now now, MutableBytes room, Events& out);
    std::size_t output_estimate() const;
    bool wants_to_write() const;
    Instant read_at() const { return read_at_; }
    bool closed() const { return phase_ == Phase::closed; }
    const LinkConfig& config() const { return config_; }

private:
    enum class Phase : std::uint8_t {
        awaiting_m1,     // responder
        awaiting_m2,     // initiator
        awaiting_m3,     // responder
        proven,          // both: the Switch decides
        awaiting_ready,  // initiator
        up,
        closed,
    };

    // link_handshake.cpp
    void on_handshake_bytes(Now now, MutableBytes& bytes, Events& out);
    void on_bytes_after_proof(Now now, MutableBytes bytes, Events& out);
    void on_m1(Now now, Events& out);
    void on_m2(Now now, Events& out);
    void on_version_notice(Events& out);
    void on_m3(Now now, Events& out);
    void on_proof(Now now, HandshakeProof&& proof, Events& out);
    void handshake_failed(const HandshakeError& error, Events& out);
    void send_m3();
    void take_keys(SessionKeys keys);
    Instant handshake_deadline() const;

    // link_frames.cpp
    void on_frames(Now now, MutableBytes bytes, Events& out);
    void on_msg(Now now, Bytes msg, Events& out);
    void on_control(Now now, const Chunk& chunk, Events& out);
    Result<void, LinkError> check_control(Now now, const Chunk& chunk);
    void on_ready(Now now, Bytes body, Events& out);
    void on_beat(Now now, Bytes body, Events& out);
    void on_observed_address(Bytes body, Events& out);
    void on_goodbye(Bytes body, Events& out);
    void on_credit(Now now, Bytes body, Events& out);
    void on_blocked(Bytes body, Events& out);
    void on_stalled(Bytes body, Events& out);
    void on_returned(Bytes body, Events& out);
    void flush(Delivered& delivered, Events& out);
    std::size_t produce_now(Now now, MutableBytes room, Events& out);
    void pay_for_input(Now now, std::size_t bytes);
    std::size_t produce_frame(Now now, MutableBytes room, Events& out);
    void report_drained(Events& out);
    void put_controls(Now now, ChunkWriter& writer);
    bool control_due() const;

    // link.cpp
    Instant frame_deadline() const;
    void proceed(Now now);
    void send(Now now, Send&& command, Events& out);
    void refuse(const Goodbye& goodbye, Events& out);
    void go_up(Now now);
    void say_goodbye(Goodbye goodbye);
    void fail_link(const LinkError& error, std::string where, Events& out);
    void close(CloseReason reason, std::string detail, Events& out,
               std::optional<Goodbye> goodbye = std::nullopt);

    LinkConfig config_;
    std::shared_ptr<const LinkIdentity> identity_;
    Direction direction_;
    Phase phase_;
    Instant started_;
    Instant asked_;  // when the last message of ours went that is answered by one

    // The handshake; given back when it is over. A responder exists from M1 on: callers that send
    // none cost little.
    EntropySource* entropy_ = nullptr;
    std::optional<Initiator> initiator_;
    std::optional<Responder> responder_;
    Buffer handshake_in_;
    Buffer raw_out_;  // M1, M2, a version notice or M3
    std::size_t raw_sent_ = 0;

    // Frames, from the moment both sides are authenticated.
    std::optional<FrameSealer> sealer_;
    std::optional<FrameOpener> opener_;
    std::size_t frame_bytes_max_ = 0;  // that the peer takes
    Instant frame_started_ = never;
    LanesOut lanes_out_;
    LanesIn lanes_in_;
    std::optional<Heartbeat> heartbeat_;

    // Control: what is due is a state and not a queue, so that no peer can make it grow.
    TokenBucket controls_in_;
    SharedBytes statuses_;
    std::optional<Endpoint> remote_;  // of the caller
    bool ready_due_ = false;
    bool tell_all_drained_ = false;  // with a heartbeat
    std::optional<Endpoint> seen_due_;
    bool seen_heard_ = false;
    std::optional<std::uint32_t> answer_due_;  // to this Beat
    Buffer goodbye_due_;                       // its body
    std::optional<LaneId> blocked_due_;        // the lane that waited
    Instant blocked_next_{};                   // not before

    // Limits of bandwidth.
    Pacer up_, down_;
    Instant write_at_{}, read_at_{};
    bool held_ = false;  // produce() gave nothing because of write_at_

    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
};

}  // namespace parley::transport
