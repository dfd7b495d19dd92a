// The faults: each does one thing to real processes and then lets go of it. A fault returns what
// it saw, throws Failed with what does not hold, or Skipped with what it needs.
#pragma once

#include "swarm.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::chaos {

struct FaultOptions {
    std::size_t kills = 1000;
    Duration stopped = 120s;
};

struct Fault {
    std::string_view name;
    std::string_view what;  ///< for the table: what is done
    std::string (*run)(Swarm&, const FaultOptions&);
};

/// In the order in which they are run.
const std::vector<Fault>& faults();

// faults_net.cpp
std::string delay(Swarm&, const FaultOptions&);
std::string loss(Swarm&, const FaultOptions&);
std::string narrow(Swarm&, const FaultOptions&);
std::string reorder(Swarm&, const FaultOptions&);
std::string cut(Swarm&, const FaultOptions&);

// faults_process.cpp
std::string stopped(Swarm&, const FaultOptions&);
std::string disk_full(Swarm&, const FaultOptions&);
std::string file_limit(Swarm&, const FaultOptions&);
std::string clock_step(Swarm&, const FaultOptions&);

// siege.cpp
std::string siege(Swarm&, const FaultOptions&);

// faults_kill.cpp
std::string kills(Swarm&, const FaultOptions&);

}  // namespace parley::chaos
