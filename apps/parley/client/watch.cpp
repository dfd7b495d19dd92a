#include "client/watch.hpp"
#include "text.hpp"
#include <parley/runtime/signals.hpp>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <semaphore>
#include <utility>

namespace parley::app {

namespace {

using namespace std::chrono_literals;

winsize screen_size() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 2) size = {24, 80, 0, 0};
    return size;
}

/// Shows the cursor again when it goes.
struct Screen {
    Screen() { fmt::print("\x1b[?25l\x1b[2J"); }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() {
        fmt::print("\x1b[?25h");
        std::fflush(stdout);
    }

    void draw(const std::string& text) const {
        const auto size = screen_size();
        // Over what was there, so that nothing flickers. The last row stays free for the cursor.
        std::string out = "\x1b[H";
        for (const char c : fit_screen(text, size.ws_col, size.ws_row - 1U)) {
            if (c == '\n') out += "\x1b[K";
            out += c;
        }
        fmt::print("{}\x1b[J", out);
    }
};

}  // namespace

std::size_t screen_columns() {
    return screen_size().ws_col;
}

Outcome show(bool watch, const std::function<Result<std::string, Failure>()>& draw) {
    if (!watch) {
        const auto text = draw();
        if (!text) return std::unexpected{text.error()};
        fmt::print("{}", *text);
        return {};
    }
    std::binary_semaphore stopped{0};
    const runtime::Signals signals{[&stopped, told = false](int) mutable {
        if (!std::exchange(told, true)) stopped.release();
    }};
    std::optional<Screen> screen;
    auto next = std::chrono::steady_clock::now();
    for (bool first = true;; first = false) {
        const auto text = draw();
        // A node that is gone may be restarted; one that never was there is a mistake.
        if (!text && first) return std::unexpected{text.error()};
        if (::isatty(STDOUT_FILENO) == 1) {
            if (!screen) screen.emplace();
            screen->draw(text ? *text : text.error().what + '\n');
        } else if (!text) {
            fmt::print(stderr, "parley: {}\n", text.error().what);
        } else {
            fmt::print("{}{}", first || text->find('\n') + 1 == text->size() ? "" : "\n", *text);
        }
        std::fflush(stdout);
        next = std::max(next + 1s, std::chrono::steady_clock::now());
        if (stopped.try_acquire_until(next)) return {};
    }
}

}  // namespace parley::app
