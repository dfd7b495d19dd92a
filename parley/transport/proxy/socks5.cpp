#include <parley/transport/proxy/socks5.hpp>

#include <parley/base/endian.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::transport {

namespace {

constexpr std::byte version{5};
constexpr std::byte login_version{1};
constexpr std::byte no_login{0};
constexpr std::byte user_and_password{2};
constexpr std::byte none_acceptable{0xff};
constexpr std::byte command_connect{1};
constexpr std::byte address_v4{1};
constexpr std::byte address_name{3};
constexpr std::byte address_v6{4};
constexpr std::size_t reply_head_bytes = 5;  // version, reply, reserved, kind, first of the address
constexpr std::size_t known_replies = 8;

/// A byte that counts, then the text.
void append_text(Buffer& out, std::string_view text) {
    text = text.substr(0, Proxy::text_bytes_max);
    out.push_back(static_cast<std::byte>(text.size()));
    append(out, bytes_of(text));
}

Buffer make_login(const Proxy& proxy) {
    Buffer out{login_version};
    append_text(out, proxy.user);
    append_text(out, proxy.password);
    return out;
}

Buffer make_request(const Endpoint& to, std::string_view host) {
    Buffer out{version, command_connect, std::byte{0}};
    if (host.empty()) {
        out.push_back(to.address.is_v4() ? address_v4 : address_v6);
        append(out, to.address.bytes());
    } else {
        out.push_back(address_name);
        append_text(out, host);
    }
    append_be(out, to.port);
    return out;
}

std::uint64_t number(std::byte b) {
    return std::to_integer<std::uint64_t>(b);
}

}  // namespace

std::string message(const Socks5Error& error) {
    switch (error.code) {
        case Socks5Errc::wrong_version:
            return fmt::format("not SOCKS version {}: its answer begins with {}", error.expected,
                               error.actual);
        case Socks5Errc::method_refused:
            return "it takes none of the ways to log in that were offered";
        case Socks5Errc::unasked_method:
            return fmt::format("it wants a way to log in that was not offered: {}", error.actual);
        case Socks5Errc::wrong_login_version:
            return fmt::format("unknown version of the login: expected {}, got {}", error.expected,
                               error.actual);
        case Socks5Errc::login_refused:
            return fmt::format("wrong user name or password (status {})", error.actual);
        case Socks5Errc::general_failure:
            return "general failure";
        case Socks5Errc::not_allowed:
            return "not allowed by its rules";
        case Socks5Errc::network_unreachable:
            return "network unreachable";
        case Socks5Errc::host_unreachable:
            return "host unreachable";
        case Socks5Errc::connection_refused:
            return "connection refused";
        case Socks5Errc::ttl_expired:
            return "time to live expired";
        case Socks5Errc::command_not_supported:
            return "it does not make connections";
        case Socks5Errc::address_type_not_supported:
            return "address type not supported";
        case Socks5Errc::unknown_reply:
            return fmt::format("unknown reply {}", error.actual);
        case Socks5Errc::bad_address_type:
            return fmt::format("unknown address type {} in its reply", error.actual);
        case Socks5Errc::truncated:
            return fmt::format("it ended the connection after {} of {} bytes of a message",
                               error.actual, error.expected);
    }
    return "unknown error";
}

bool is_proxys_own(Socks5Errc code) {
    const bool about_destination =
        code >= Socks5Errc::general_failure && code <= Socks5Errc::ttl_expired;
    return !about_destination && code != Socks5Errc::address_type_not_supported;
}

Socks5::Socks5(const Proxy& proxy, const Endpoint& to, std::string_view host)
    : request_(make_request(to, host)) {
    Buffer greeting{version, std::byte{1}, no_login};
    if (!proxy.user.empty()) {
        login_ = make_login(proxy);
        greeting = {version, std::byte{2}, no_login, user_and_password};
    }
    say(std::move(greeting));
    expect(Step::method, 2);
}

Result<void, Socks5Error> Socks5::on_bytes(Bytes bytes) {
    assert(bytes.size() <= wanted());
    append(in_, bytes);
    // A part that tells more of the size may be followed by one that was complete with it.
    while (!done() && in_.size() == need_) {
        if (auto ok = on_message(); !ok) return ok;
    }
    return {};
}

Result<void, Socks5Error> Socks5::on_message() {
    switch (step_) {
        case Step::method:
            return on_method();
        case Step::login:
            return on_login();
        case Step::reply:
            return on_reply();
        case Step::reply_address:
            return on_address();
        case Step::done:
            break;
    }
    return {};
}

Result<void, Socks5Error> Socks5::on_method() {
    if (in_[0] != version) {
        return fail(Socks5Errc::wrong_version, number(version), number(in_[0]));
    }
    if (in_[1] == none_acceptable) return fail(Socks5Errc::method_refused);
    if (in_[1] == no_login) {
        say(std::exchange(request_, {}));
        expect(Step::reply, 2);
        return {};
    }
    if (in_[1] != user_and_password || login_.empty()) {
        return fail(Socks5Errc::unasked_method, 0, number(in_[1]));
    }
    say(std::exchange(login_, {}));
    expect(Step::login, 2);
    return {};
}

Result<void, Socks5Error> Socks5::on_login() {
    if (in_[0] != login_version) {
        return fail(Socks5Errc::wrong_login_version, number(login_version), number(in_[0]));
    }
    if (in_[1] != std::byte{0}) return fail(Socks5Errc::login_refused, 0, number(in_[1]));
    say(std::exchange(request_, {}));
    expect(Step::reply, 2);
    return {};
}

/// The code is judged as soon as it is there: of a failure not all proxies send the rest.
Result<void, Socks5Error> Socks5::on_reply() {
    if (in_.size() == 2) {
        if (in_[0] != version) {
            return fail(Socks5Errc::wrong_version, number(version), number(in_[0]));
        }
        const auto code = number(in_[1]);
        if (code > known_replies) return fail(Socks5Errc::unknown_reply, 0, code);
        if (code > 0) {
            const auto first = static_cast<std::uint64_t>(Socks5Errc::general_failure);
            return fail(static_cast<Socks5Errc>(first + code - 1));
        }
        need_ = reply_head_bytes;
        return {};
    }
    const std::byte kind = in_[3];
    std::size_t address = 0;
    if (kind == address_v4) address = 4;
    if (kind == address_v6) address = 16;
    if (kind == address_name) address = 1 + number(in_[4]);
    if (address == 0) return fail(Socks5Errc::bad_address_type, 0, number(kind));
    step_ = Step::reply_address;
    need_ = reply_head_bytes - 1 + address + sizeof(Endpoint::port);
    return {};
}

/// Where the proxy connects from is nothing to us.
Result<void, Socks5Error> Socks5::on_address() {
    expect(Step::done, 0);
    return {};
}

Socks5Error Socks5::on_end() const {
    return {Socks5Errc::truncated, need_, in_.size()};
}

void Socks5::expect(Step step, std::size_t bytes) {
    step_ = step;
    in_.clear();
    need_ = bytes;
}

void Socks5::say(Buffer message) {
    out_ = std::move(message);
    sent_ = 0;
}

}  // namespace parley::transport
