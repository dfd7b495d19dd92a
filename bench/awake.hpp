// Awake: while it lives, what this thread starts shares one processor with it. A question and its
// answer keep that awake between them, so that what is measured is the programs' own work; a
// processor that sleeps, or is woken from another one, takes many times as long on a virtual
// machine.
#pragma once

#include <sched.h>

namespace parley::bench {

/// Threads and processes that are started meanwhile stay on that processor.
class Awake {
public:
    Awake();
    Awake(const Awake&) = delete;
    Awake& operator=(const Awake&) = delete;
    ~Awake();

private:
    cpu_set_t before_{};
};

}  // namespace parley::bench
