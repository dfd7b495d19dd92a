#include <parley/runtime/io/poller.hpp>

#include <parley/runtime/clock.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

namespace parley::runtime {

namespace {

UniqueFd checked(int fd, const char* call) {
    if (fd < 0) throw std::system_error{errno, std::generic_category(), call};
    return UniqueFd{fd};
}

/// For epoll_wait(2): rounded up, so that what is due is due when it returns.
int timeout_until(Instant deadline) {
    if (deadline == never) return -1;
    constexpr std::chrono::milliseconds longest = std::chrono::hours{1};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::clamp<Duration>(deadline - monotonic_now(), 0ns, longest));
    return static_cast<int>(left.count());
}

}  // namespace

Poller::Poller()
    : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      event_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
    // Never read: edge-triggered, each write is reported.
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, event_.get(), &event) != 0) {
        throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
    }
}

bool Poller::add(int fd, Watcher& watcher) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                      .data = {.ptr = &watcher}};
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::remove(int fd, Watcher& watcher) {
    epoll_event ignored{};
    (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &ignored);
    for (auto& event : seen_) {
        if (event.data.ptr == &watcher) event.data.ptr = nullptr;
    }
}

void Poller::wait(Instant deadline) {
    (void)dispatch(has_posted_ ? 0 : timeout_until(deadline));
}

bool Poller::dispatch(int timeout_ms) {
    const int count = ::epoll_wait(epoll_.get(), events_.data(), events_max, timeout_ms);
    seen_ = std::span{events_}.first(static_cast<std::size_t>(std::max(count, 0)));
    while (!seen_.empty()) {
        const auto [events, data] = seen_.front();
        seen_ = seen_.subspan(1);
        if (data.ptr == nullptr) continue;  // a wake-up, or removed meanwhile
        const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
        static_cast<Watcher*>(data.ptr)->on_ready(
            {.readable = failed || (events & (EPOLLIN | EPOLLRDHUP)) != 0,
             .writable = failed || (events & EPOLLOUT) != 0,
             .ended = failed || (events & EPOLLRDHUP) != 0});
    }
    if (has_posted_) run_posted();
    return count > 0;
}

void Poller::wake() noexcept {
    const std::uint64_t one = 1;
    (void)!::write(event_.get(), &one, sizeof one);
}

void Poller::post(std::move_only_function<void()> call) {
    {
        const std::scoped_lock lock{mutex_};
        posted_.push_back(std::move(call));
        if (has_posted_.exchange(true)) return;
    }
    wake();
}

void Poller::run_posted() {
    std::vector<std::move_only_function<void()>> calls;
    {
        const std::scoped_lock lock{mutex_};
        calls.swap(posted_);
        has_posted_ = false;
    }
    for (auto& call : calls) call();
}

}  // namespace parley::runtime
