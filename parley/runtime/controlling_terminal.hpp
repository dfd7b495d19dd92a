// ControllingTerminal: the terminal from which the process was started, if there is one. SIGHUP
// says that it closed, or is the owner's word to read the settings again; this tells them apart.
// Threading: one thread, or const calls from any.
#pragma once

#include <parley/runtime/io/unique_fd.hpp>

namespace parley::runtime {

class ControllingTerminal {
public:
    /// Before any handler of SIGHUP: where it is ignored (nohup), the terminal does not matter.
    ControllingTerminal();

    /// There was one, and it is gone.
    bool closed() const;

private:
    UniqueFd terminal_;
};

}  // namespace parley::runtime
