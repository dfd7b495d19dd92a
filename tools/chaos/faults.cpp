#include "faults.hpp"

namespace parley::chaos {

const std::vector<Fault>& faults() {
    static const std::vector<Fault> all{
        {"delay", "200 ms round trip, 20 s", &delay},
        {"loss", "5 % of packets lost, 20 s", &loss},
        {"narrow", "1 Mbit/s each, 20 s", &narrow},
        {"reorder", "10 % of packets overtake, 20 s", &reorder},
        {"cut", "2 of 5 nodes cut off for 60 s", &cut},
        {"stop", "SIGSTOP", &stopped},
        {"disk", "the store's disk is full", &disk_full},
        {"files", "callers use up its descriptors", &file_limit},
        {"clock", "wall clock + 1 h, then - 1 h", &clock_step},
        {"siege", "crowds of callers", &siege},
        {"kill", "SIGKILL at random moments", &kills},
    };
    return all;
}

}  // namespace parley::chaos
