// For tests: a small SOCKS5 proxy on loopback, honest or with a script of what it answers.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/endian.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/test_node.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace parley::runtime::test {

class TestProxy {
public:
    struct Options {
        std::string user = {};  ///< empty: it lets anybody in
        std::string password = {};
        Endpoint name_leads_to = {};  ///< where any name leads
        /// Not empty: after the greeting it says this, in hex, and nothing else.
        std::string script = {};
    };

    explicit TestProxy(Options options)
        : options_(std::move(options)),
          listener_(listen_tcp(any_port, 16).value()),
          endpoint_(local_endpoint(listener_.get())),
          thread_([this] { serve(); }) {}
    TestProxy(const TestProxy&) = delete;
    TestProxy& operator=(const TestProxy&) = delete;
    ~TestProxy() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        over_ = true;
        thread_.join();
        for (auto& call : calls_) call.join();
    }

    const Endpoint& endpoint() const { return endpoint_; }
    /// Everything that was asked for, as "address:port" or "name:port".
    std::vector<std::string> asked() {
        const std::scoped_lock lock{mutex_};
        return asked_;
    }

private:
    static bool readable(int fd) {
        pollfd wait{fd, POLLIN, 0};
        return ::poll(&wait, 1, 60'000) == 1;
    }
    void serve() {
        while (readable(listener_.get()) && !over_) {
            UniqueFd near{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
            if (near) calls_.emplace_back([this, fd = std::move(near)] { call(fd.get()); });
        }
    }
    static Buffer read(int fd, std::size_t size) {
        Buffer out(size);
        for (std::size_t at = 0; at < size;) {
            const auto got = ::recv(fd, out.data() + at, size - at, 0);
            if (got <= 0) return {};
            at += static_cast<std::size_t>(got);
        }
        return out;
    }
    static bool say(int fd, std::string_view hex) {
        const Buffer bytes = *from_hex(hex);
        return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    static std::string read_text(int fd) {
        const auto size = read(fd, 1);
        if (size.empty()) return {};
        return std::string{text_of(read(fd, std::to_integer<std::size_t>(size[0])))};
    }

    void call(int near) {
        const auto head = read(near, 2);
        if (head.empty()) return;
        const auto methods = read(near, std::to_integer<std::size_t>(head[1]));
        if (!options_.script.empty()) {
            say(near, options_.script);
            ::shutdown(near, SHUT_WR);
            while (!read(near, 1).empty()) {
            }
            return;
        }
        if (!let_in(near, methods)) return;
        const auto request = read(near, 4);
        if (request.empty()) return;
        const Endpoint to = read_destination(near, request[3]);
        const UniqueFd far{
            ::socket(to.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const auto address = to_asio(to);
        if (::connect(far.get(), address.data(), static_cast<socklen_t>(address.size())) != 0) {
            say(near, "05050001000000000000");
            return;
        }
        say(near, "05000001000000000000");
        relay(near, far.get());
    }
    bool let_in(int near, const Buffer& methods) {
        const std::byte wanted{options_.user.empty() ? std::uint8_t{0} : std::uint8_t{2}};
        if (std::ranges::find(methods, wanted) == methods.end()) {
            say(near, "05ff");
            return false;
        }
        if (options_.user.empty()) return say(near, "0500");
        say(near, "0502");
        read(near, 1);
        const auto user = read_text(near);
        const auto password = read_text(near);
        const bool right = user == options_.user && password == options_.password;
        return say(near, right ? "0100" : "0101") && right;
    }
    Endpoint read_destination(int near, std::byte kind) {
        Endpoint to;
        std::string shown;
        if (kind == std::byte{3}) {
            to = options_.name_leads_to;
            shown = read_text(near);
        } else if (kind == std::byte{1}) {
            to.address = IpAddress::v4(array_of<4>(read(near, 4)));
        } else {
            to.address = IpAddress::v6(array_of<16>(read(near, 16)));
        }
        const auto port = load_be<std::uint16_t>(read(near, 2));
        if (shown.empty()) to.port = port;
        shown = shown.empty() ? to.to_string() : shown + ":" + std::to_string(port);
        const std::scoped_lock lock{mutex_};
        asked_.push_back(shown);
        return to;
    }
    static void relay(int near, int far) {
        std::array<std::byte, 65536> buffer;
        for (;;) {
            std::array<pollfd, 2> waits{{{near, POLLIN, 0}, {far, POLLIN, 0}}};
            if (::poll(waits.data(), waits.size(), 60'000) <= 0) return;
            for (std::size_t i = 0; i < waits.size(); ++i) {
                if (waits[i].revents == 0) continue;
                const auto n = ::recv(waits[i].fd, buffer.data(), buffer.size(), 0);
                if (n <= 0) return;
                ::send(waits[1 - i].fd, buffer.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL);
            }
        }
    }

    Options options_;
    UniqueFd listener_;
    Endpoint endpoint_;
    std::atomic<bool> over_{false};
    std::mutex mutex_;
    std::vector<std::string> asked_;
    std::vector<std::thread> calls_;
    std::thread thread_;
};

/// Waits for an event of a node and gives one field of it.
class DetailLog final : public Log {
public:
    DetailLog(std::string_view event, std::string_view key) : event_(event), key_(key) {}
    bool enabled(LogLevel) const override { return true; }
    void write(LogLevel, std::string_view, std::string_view event,
               std::initializer_list<LogField> fields) override {
        if (event != event_) return;
        for (const auto& field : fields) {
            if (field.key != key_) continue;
            const std::scoped_lock lock{mutex_};
            seen_.emplace_back(field.value);
            changed_.notify_all();
        }
    }
    /// The value of the field in the `n`-th such event.
    std::string wait(std::size_t n = 1) {
        std::unique_lock lock{mutex_};
        const bool came = changed_.wait_for(lock, patience, [&] { return seen_.size() >= n; });
        return came ? seen_[n - 1] : "nothing";
    }
    std::size_t count() {
        const std::scoped_lock lock{mutex_};
        return seen_.size();
    }

private:
    std::string event_, key_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> seen_;
};

}  // namespace parley::runtime::test
