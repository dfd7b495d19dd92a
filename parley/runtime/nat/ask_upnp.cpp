#include <parley/runtime/nat/ask_upnp.hpp>

#include <fmt/format.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>

#include <array>
#include <memory>
#include <optional>
#include <string_view>

namespace parley::runtime {

using nat::Mapping;
using nat::MappingAction;
using nat::MappingErrc;
using nat::MappingError;
using nat::MappingMethod;
using nat::MappingProtocol;
using nat::MappingRequest;
using nat::MappingResult;

namespace {

constexpr int search_ms = 2'000;
constexpr unsigned char search_hops = 2;
constexpr auto description = "parley";

// Of AddPortMapping (UPnP WANIPConnection, section 2.4.16).
constexpr int no_such_entry = 714;
constexpr int conflict = 718;
constexpr int permanent_leases_only = 725;
// Of UpdatePinhole and DeletePinhole (UPnP WANIPv6FirewallControl, section 2.5).
constexpr int no_such_pinhole = 704;

std::unexpected<MappingError> failed(MappingErrc code, std::string why) {
    return std::unexpected{MappingError{code, std::move(why)}};
}

/// An answer of miniupnpc below 0, or the router's own number.
std::unexpected<MappingError> failed(int code, std::string_view what) {
    if (code == UPNPCOMMAND_HTTP_ERROR) {
        return failed(MappingErrc::no_answer, fmt::format("the router does not answer: {}", what));
    }
    if (code < 0) {
        return failed(MappingErrc::bad_answer,
                      fmt::format("the router's answer makes no sense: {}", what));
    }
    const char* const known = strupnperror(code);
    auto why = fmt::format("the router refuses: {}, {} ({})", what, known ? known : "?", code);
    if (code == conflict) return failed(MappingErrc::port_taken, std::move(why));
    if (code == permanent_leases_only) return failed(MappingErrc::permanent_only, std::move(why));
    return failed(MappingErrc::refused, std::move(why));
}

struct FreeDevices {
    void operator()(UPNPDev* devices) const { freeUPNPDevlist(devices); }
};

}  // namespace

/// A router as the library describes it.
class AskUpnp::Router {
public:
    Router() = default;
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;
    ~Router() { FreeUPNPUrls(&urls_); }

    /// Nothing if it worked; otherwise why not.
    std::optional<MappingError> find(const std::string& url, bool v4) {
        if (!url.empty()) {
            if (UPNP_GetIGDFromUrl(url.c_str(), &urls_, &data_, own_address_.data(),
                                   static_cast<int>(own_address_.size())) != 1) {
                return MappingError{MappingErrc::no_answer, "no description of a router at " + url};
            }
            return checked(v4);
        }
        int error = 0;
        const std::unique_ptr<UPNPDev, FreeDevices> devices{
            upnpDiscover(search_ms, nullptr, nullptr, 0, v4 ? 0 : 1, search_hops, &error)};
        if (!devices) return MappingError{MappingErrc::no_router, "no router answers UPnP"};
        const int found = UPNP_GetValidIGD(devices.get(), &urls_, &data_, own_address_.data(),
                                           static_cast<int>(own_address_.size()));
        if (found == 0 || found == 3) {
            return MappingError{MappingErrc::no_router, "what answers UPnP is no router"};
        }
        return checked(v4);  // 2: a router that says it is not connected; it may know better soon
    }

    const char* control_url() const { return urls_.controlURL; }
    const char* service() const { return data_.first.servicetype; }
    const char* firewall_url() const { return urls_.controlURL_6FC; }
    const char* firewall() const { return data_.IPv6FC.servicetype; }
    const char* own_address() const { return own_address_.data(); }

private:
    static bool is_set(const char* text) { return text != nullptr && text[0] != '\0'; }

    std::optional<MappingError> checked(bool v4) const {
        if (v4 && is_set(control_url()) && is_set(service()) && is_set(own_address())) {
            return std::nullopt;
        }
        if (v4) {
            return MappingError{MappingErrc::bad_answer, "the router's description makes no sense"};
        }
        if (is_set(firewall_url()) && is_set(firewall())) return std::nullopt;
        return MappingError{MappingErrc::no_router,
                            "the router's description names no firewall for IPv6"};
    }

    UPNPUrls urls_{};
    IGDdatas data_{};
    std::array<char, 64> own_address_{};
};

AskUpnp::AskUpnp(std::string description_url, bool v4)
    : description_url_(std::move(description_url)), v4_(v4) {}
AskUpnp::~AskUpnp() = default;

MappingResult AskUpnp::ask(const MappingRequest& request, const IpAddress& own) {
    const bool known = router_ != nullptr;
    if (known) {
        auto result = ask_router(request, own);
        const bool gone = !result && (result.error().code == MappingErrc::no_answer ||
                                      result.error().code == MappingErrc::bad_answer);
        if (!gone || request.action == MappingAction::remove) return result;
    }
    router_ = std::make_unique<Router>();
    pinholes_.clear();
    if (auto error = router_->find(description_url_, v4_)) {
        router_.reset();
        return std::unexpected{*std::move(error)};
    }
    return ask_router(request, own);
}

MappingResult AskUpnp::ask_router(const MappingRequest& request, const IpAddress& own) {
    return v4_ ? ask_mapping(request) : ask_pinhole(request, own);
}

MappingResult AskUpnp::ask_mapping(const MappingRequest& request) const {
    const auto& router = *router_;
    const auto outside_port = std::to_string(request.outside_port);
    const std::string protocol{name(request.protocol)};
    if (request.action == MappingAction::remove) {
        const int code = UPNP_DeletePortMapping(router.control_url(), router.service(),
                                                outside_port.c_str(), protocol.c_str(), nullptr);
        if (code != UPNPCOMMAND_SUCCESS && code != no_such_entry) {
            return failed(code, "DeletePortMapping");
        }
        return Mapping{};
    }
    std::array<char, 64> outside{};
    int code = UPNP_GetExternalIPAddress(router.control_url(), router.service(), outside.data());
    if (code != UPNPCOMMAND_SUCCESS) return failed(code, "GetExternalIPAddress");
    outside.back() = '\0';
    const auto address = IpAddress::parse(outside.data());
    if (!address) {
        return failed(MappingErrc::bad_answer, "the router does not know its address");
    }
    const auto port = std::to_string(request.port);
    const auto lifetime = std::to_string(request.lifetime.count());
    code = UPNP_AddPortMapping(router.control_url(), router.service(), outside_port.c_str(),
                               port.c_str(), router.own_address(), description, protocol.c_str(),
                               nullptr, lifetime.c_str());
    if (code != UPNPCOMMAND_SUCCESS) return failed(code, "AddPortMapping");
    return Mapping{MappingMethod::upnp, {*address, request.outside_port}, request.lifetime};
}

MappingResult AskUpnp::ask_pinhole(const MappingRequest& request, const IpAddress& own) {
    const auto found = pinholes_.find(request.protocol);
    const bool is_open = found != pinholes_.end();
    const bool renew = is_open && request.action == MappingAction::map && found->second.own == own;
    if (is_open && !renew) {
        if (auto error = close_pinhole(request.protocol)) return std::unexpected{*std::move(error)};
    }
    if (request.action == MappingAction::remove) return Mapping{};
    const Mapping opened{MappingMethod::upnp, {own, request.port}, request.lifetime};
    const auto lifetime = std::to_string(request.lifetime.count());
    if (renew) {
        const int code = UPNP_UpdatePinhole(router_->firewall_url(), router_->firewall(),
                                            found->second.id.c_str(), lifetime.c_str());
        if (code == UPNPCOMMAND_SUCCESS) return opened;
        if (code != no_such_pinhole) return failed(code, "UpdatePinhole");
    }
    const std::string protocol = request.protocol == MappingProtocol::tcp ? "6" : "17";
    const auto port = std::to_string(request.port);
    std::array<char, 16> id{};  // the library writes 8
    const int code = UPNP_AddPinhole(router_->firewall_url(), router_->firewall(), "empty", "0",
                                     own.to_string().c_str(), port.c_str(), protocol.c_str(),
                                     lifetime.c_str(), id.data());
    if (code != UPNPCOMMAND_SUCCESS) return failed(code, "AddPinhole");
    pinholes_.insert_or_assign(request.protocol, Pinhole{id.data(), own});
    return opened;
}

/// Nothing if it is closed, or was already.
std::optional<MappingError> AskUpnp::close_pinhole(MappingProtocol protocol) {
    const auto pinhole = pinholes_.extract(protocol);
    const int code = UPNP_DeletePinhole(router_->firewall_url(), router_->firewall(),
                                        pinhole.mapped().id.c_str());
    if (code == UPNPCOMMAND_SUCCESS || code == no_such_pinhole) return std::nullopt;
    return failed(code, "DeletePinhole").error();
}

}  // namespace parley::runtime
