// The topic "light", for both sides. Threading: pure.
#pragma once

#include <parley/transport/module.hpp>

namespace parley::chain::light {

transport::TopicSpec light_topic();

}  // namespace parley::chain::light
