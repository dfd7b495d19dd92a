#include <parley/chain/light/light_topic.hpp>

#include <parley/chain/light/messages.hpp>
#include <parley/transport/handshake/hello_check.hpp>

#include <cstdint>
#include <string>

namespace parley::chain::light {

transport::TopicSpec light_topic() {
    constexpr std::uint32_t message_bytes = answer_bytes_max + (1U << 16);
    return {
        .name = std::string{transport::light_topic_name},
        .priority = transport::Priority::bulk,
        .message_bytes_max = message_bytes,
        .window_bytes = message_bytes + 4096,
        .send_budget_bytes = 2 * message_bytes,
    };
}

}  // namespace parley::chain::light
