#include "live_line.hpp"
#include <parley/runtime/clock.hpp>

#include <fmt/format.h>
#include <unistd.h>

namespace parley::app {

LiveLine::LiveLine(std::FILE* out, Duration elsewhere)
    : out_(out),
      terminal_(::isatty(::fileno(out)) == 1),
      interval_(terminal_ ? 200ms : elsewhere),
      next_(terminal_                      ? Instant::min()
            : elsewhere == Duration::max() ? never
                                           : runtime::monotonic_now() + elsewhere) {}

void LiveLine::show(const std::string& text) {
    const auto now = runtime::monotonic_now();
    if (now < next_) return;
    next_ = now + interval_;
    if (terminal_) {
        fmt::print(out_, "\r\033[K{}", text);
    } else {
        fmt::print(out_, "{}\n", text);
    }
    std::fflush(out_);
}

void LiveLine::clear() {
    if (!terminal_) return;
    fmt::print(out_, "\r\033[K");
    std::fflush(out_);
}

}  // namespace parley::app
