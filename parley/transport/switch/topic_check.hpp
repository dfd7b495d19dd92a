// What a node says of itself is checked when it is built: a module whose topic no peer could take
// is an error that names it, and not a node that silently has no links.
// Threading: pure functions.
#pragma once

#include <parley/base/result.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/module.hpp>

#include <span>
#include <string>

namespace parley::transport {

/// Names within is_topic_name and each only once, at most Hello::topics_max of them, sizes above
/// zero, a known priority, and a window that is not below the largest message. The
/// error names the topic, its value and the limit.
Result<void, std::string> check_topics(std::span<const TopicSpec> topics);

/// A Hello that its peers can read: a client name within its limits, and room for all topics, the
/// largest record and the largest fork numbers in Hello::wire_bytes.
Result<void, std::string> check_own_hello(const Hello& hello);

}  // namespace parley::transport
