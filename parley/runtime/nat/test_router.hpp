// For tests: small routers on loopback that answer NAT-PMP, PCP and UPnP as they are told to.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace parley::runtime::test {

/// Answers each datagram with all that `answer` says, and first, from another port, with `forged`.
class TestDatagramRouter {
public:
    using Answer = std::function<std::vector<Buffer>(Bytes)>;

    explicit TestDatagramRouter(Answer answer, Buffer forged = {},
                                const char* loopback = "127.0.0.1:0")
        : answer_(std::move(answer)),
          forged_(std::move(forged)),
          socket_(udp_socket(*Endpoint::parse(loopback))),
          endpoint_(bind_to(*Endpoint::parse(loopback))),
          thread_([this] { serve(); }) {}
    TestDatagramRouter(const TestDatagramRouter&) = delete;
    TestDatagramRouter& operator=(const TestDatagramRouter&) = delete;
    ~TestDatagramRouter() {
        // A datagram of nothing ends it.
        const auto fd = udp_socket(endpoint_);
        const auto to = to_asio(endpoint_);
        ::sendto(fd.get(), nullptr, 0, 0, to.data(), static_cast<socklen_t>(to.size()));
        thread_.join();
    }

    const Endpoint& endpoint() const { return endpoint_; }
    /// What was asked, in hex.
    std::vector<std::string> asked() {
        const std::scoped_lock lock{mutex_};
        return asked_;
    }

private:
    static UniqueFd udp_socket(const Endpoint& endpoint) {
        const int family = endpoint.address.is_v4() ? AF_INET : AF_INET6;
        return UniqueFd{::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    }
    Endpoint bind_to(const Endpoint& endpoint) {
        const auto any = to_asio(endpoint);
        if (::bind(socket_.get(), any.data(), static_cast<socklen_t>(any.size())) != 0) {
            throw std::runtime_error{"bind"};
        }
        return local_endpoint(socket_.get());
    }

    void serve() {
        for (;;) {
            std::array<std::byte, 256> bytes{};
            boost::asio::ip::tcp::endpoint from;
            auto size = static_cast<socklen_t>(from.capacity());
            const auto got =
                ::recvfrom(socket_.get(), bytes.data(), bytes.size(), 0, from.data(), &size);
            if (got <= 0) return;
            const auto datagram = Bytes{bytes}.first(static_cast<std::size_t>(got));
            {
                const std::scoped_lock lock{mutex_};
                asked_.push_back(to_hex(datagram));
            }
            if (!forged_.empty()) {
                const auto other = udp_socket(endpoint_);
                ::sendto(other.get(), forged_.data(), forged_.size(), 0, from.data(), size);
            }
            for (const auto& reply : answer_(datagram)) {
                ::sendto(socket_.get(), reply.data(), reply.size(), 0, from.data(), size);
            }
        }
    }

    Answer answer_;
    Buffer forged_;
    UniqueFd socket_;
    Endpoint endpoint_;
    std::mutex mutex_;
    std::vector<std::string> asked_;
    std::thread thread_;
};

/// A gateway device with a description at "/desc.xml" and its control below "/ctl".
class TestUpnp {
public:
    struct Reply {
        int status = 200;
        std::string body;
    };
    /// What it says to an action such as "AddPortMapping", with the body of the request.
    using Answer = std::function<Reply(const std::string& action, const std::string& body)>;

    explicit TestUpnp(Answer answer, std::string description = described())
        : answer_(std::move(answer)),
          description_(std::move(description)),
          listener_(listen_tcp(*Endpoint::parse("127.0.0.1:0"), 16).value()),
          endpoint_(local_endpoint(listener_.get())),
          thread_([this] { serve(); }) {}
    TestUpnp(const TestUpnp&) = delete;
    TestUpnp& operator=(const TestUpnp&) = delete;
    ~TestUpnp() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

    std::string url() const { return "http://" + endpoint_.to_string() + "/desc.xml"; }
    /// The actions, and "description".
    std::vector<std::string> asked() {
        const std::scoped_lock lock{mutex_};
        return asked_;
    }

    static std::string described() {
        return R"(<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType>
<serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType>
<serviceId>urn:upnp-org:serviceId:WANCommonIFC1</serviceId><controlURL>/common</controlURL>
<eventSubURL>/evt</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service></serviceList><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>
<serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId><controlURL>/ctl</controlURL>
<eventSubURL>/evt</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service></serviceList></device>
</deviceList></device></deviceList></device></root>)";
    }
    /// One that has a firewall for IPv6 as well.
    static std::string described_with_firewall() {
        constexpr std::string_view firewall = R"(<serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANIPv6FirewallControl:1</serviceType>
<serviceId>urn:upnp-org:serviceId:WANIPv6FC1</serviceId><controlURL>/ctl</controlURL>
<eventSubURL>/evt</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service>)";
        auto out = described();
        constexpr std::string_view list = "<serviceList>";
        return out.replace(out.rfind(list), list.size(), firewall);
    }
    static Reply success(const std::string& action, const std::string& members = {}) {
        return {200, envelope("<u:" + action +
                              "Response xmlns:u=\"urn:schemas-upnp-org:service:"
                              "WANIPConnection:1\">" +
                              members + "</u:" + action + "Response>")};
    }
    static Reply refusal(int code) {
        return {500,
                envelope("<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError"
                         "</faultstring><detail><UPnPError xmlns=\"urn:schemas-upnp-org:"
                         "control-1-0\"><errorCode>" +
                         std::to_string(code) + "</errorCode></UPnPError></detail></s:Fault>")};
    }
    static std::string envelope(const std::string& body) {
        return "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/"
               "envelope/\"><s:Body>" +
               body + "</s:Body></s:Envelope>";
    }
    /// The text of an element of a request.
    static std::string member(const std::string& body, const std::string& name) {
        const auto begin = body.find("<" + name + ">");
        if (begin == std::string::npos) return {};
        const auto from = begin + name.size() + 2;
        return body.substr(from, body.find('<', from) - from);
    }

private:
    void serve() {
        for (;;) {
            pollfd wait{listener_.get(), POLLIN, 0};
            ::poll(&wait, 1, -1);
            const UniqueFd call{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
            if (!call && errno != EAGAIN) return;
            if (!call) continue;
            const auto reply = reply_to(read_request(call.get()));
            if (reply.status == 0) continue;  // it hangs up
            const auto text = "HTTP/1.1 " + std::to_string(reply.status) +
                              " X\r\nContent-Type: text/xml\r\nConnection: close\r\n"
                              "Content-Length: " +
                              std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
            ::send(call.get(), text.data(), text.size(), MSG_NOSIGNAL);
        }
    }

    static std::string read_request(int fd) {
        std::string text;
        std::array<char, 4096> part{};
        for (;;) {
            const auto head = text.find("\r\n\r\n");
            if (head != std::string::npos && text.size() >= head + 4 + body_bytes(text)) {
                return text;
            }
            const auto got = ::recv(fd, part.data(), part.size(), 0);
            if (got <= 0) return text;
            text.append(part.data(), static_cast<std::size_t>(got));
        }
    }
    static std::size_t body_bytes(const std::string& request) {
        constexpr std::string_view field = "Content-Length: ";
        const auto at = request.find(field);
        return at == std::string::npos ? 0 : std::stoul(request.substr(at + field.size()));
    }

    Reply reply_to(const std::string& request) {
        std::string action = "description";
        if (request.starts_with("POST /ctl ")) {
            const auto hash = request.find('#', request.find("SOAPAction: "));
            action = request.substr(hash + 1, request.find('"', hash) - hash - 1);
        }
        {
            const std::scoped_lock lock{mutex_};
            asked_.push_back(action);
        }
        if (action == "description") return {description_.empty() ? 404 : 200, description_};
        return answer_(action, request);
    }

    Answer answer_;
    std::string description_;
    UniqueFd listener_;
    Endpoint endpoint_;
    std::mutex mutex_;
    std::vector<std::string> asked_;
    std::thread thread_;
};

}  // namespace parley::runtime::test
