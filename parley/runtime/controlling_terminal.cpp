#include <parley/runtime/controlling_terminal.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

namespace parley::runtime {

ControllingTerminal::ControllingTerminal() {
    struct sigaction before{};
    if (::sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
    terminal_ = UniqueFd{::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)};
}

bool ControllingTerminal::closed() const {
    if (!terminal_) return false;
    pollfd state{terminal_.get(), 0, 0};
    return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace parley::runtime
