#include "awake.hpp"

#include <cerrno>
#include <system_error>

namespace parley::bench {

Awake::Awake() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    if (::sched_getaffinity(0, sizeof before_, &before_) != 0 ||
        ::sched_setaffinity(0, sizeof one, &one) != 0) {
        throw std::system_error{errno, std::generic_category(), "sched_setaffinity"};
    }
}

Awake::~Awake() {
    (void)::sched_setaffinity(0, sizeof before_, &before_);
}

}  // namespace parley::bench
