#include "folder.hpp"
#include "key/terminal.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

namespace parley::app {

namespace {

volatile std::sig_atomic_t caught = 0;

void catch_signal(int number) {
    caught = number;
}

/// While it lives, what is typed is not shown, and signals that would end or stop the program
/// only interrupt reading; at its end the first of them takes effect.
class Hidden {
public:
    Hidden() {
        caught = 0;
        struct sigaction action{};
        action.sa_handler = &catch_signal;  // without SA_RESTART
        for (std::size_t i = 0; i < signals.size(); ++i) {
            ::sigaction(signals[i], &action, &actions_[i]);
        }
        ok_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
        if (!ok_) return;
        termios hidden = before_;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        hidden.c_lflag |= ECHONL | ICANON;
        ok_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
    }
    Hidden(const Hidden&) = delete;
    Hidden& operator=(const Hidden&) = delete;
    ~Hidden() {
        if (ok_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i < signals.size(); ++i) {
            ::sigaction(signals[i], &actions_[i], nullptr);
        }
        if (caught != 0) ::raise(caught);
    }

    bool ok() const { return ok_; }

private:
    static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    std::array<struct sigaction, signals.size()> actions_{};
    termios before_{};
    bool ok_ = false;
};

}  // namespace

bool stdin_is_terminal() {
    return ::isatty(STDIN_FILENO) == 1;
}

Result<SecretBytes, Failure> read_hidden_line(const std::string& prompt, std::size_t bytes_max) {
    const Hidden hidden;
    if (!hidden.ok()) return failed("the terminal cannot be kept from showing what is typed");
    fmt::print(stderr, "{}", prompt);
    std::fflush(stderr);
    SecretBytes line{bytes_max};
    for (std::size_t size = 0; caught == 0;) {
        std::byte next{};
        const auto got = ::read(STDIN_FILENO, &next, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("cannot read the terminal: " + system_message(errno));
        if (got == 0 && size == 0) return failed("nothing was typed");
        if (got == 0 || next == std::byte{'\n'}) {
            line.truncate(size);
            return line;
        }
        if (size == bytes_max) return failed("what was typed is too long");
        line.bytes()[size++] = next;
    }
    return failed("interrupted");
}

}  // namespace parley::app
