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
using nat::MappingErrc;
using nat::MappingError;
using nat::MappingMethod;
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
    std::optional<MappingError> find(const std::string& url) {
        if (!url.empty()) {
            if (UPNP_GetIGDFromUrl(url.c_str(), &urls_, &data_, own_address_.data(),
                                   static_cast<int>(own_address_.size())) != 1) {
                return MappingError{MappingErrc::no_answer, "no description of a router at " + url};
            }
            return checked();
        }
        int error = 0;
        const std::unique_ptr<UPNPDev, FreeDevices> devices{
            upnpDiscover(search_ms, nullptr, nullptr, 0, 0, search_hops, &error)};
        if (!devices) return MappingError{MappingErrc::no_router, "no router answers UPnP"};
        const int found = UPNP_GetValidIGD(devices.get(), &urls_, &data_, own_address_.data(),
                                           static_cast<int>(own_address_.size()));
        if (found == 0 || found == 3) {
            return MappingError{MappingErrc::no_router, "what answers UPnP is no router"};
        }
        return checked();  // 2: a router that says it is not connected; it may know better soon
    }

    const char* control_url() const { return urls_.controlURL; }
    const char* service() const { return data_.first.servicetype; }
    const char* own_address() const { return own_address_.data(); }

private:
    std::optional<MappingError> checked() const {
        const bool usable = urls_.controlURL != nullptr && urls_.controlURL[0] != '\0' &&
                            data_.first.servicetype[0] != '\0' && own_address_[0] != '\0';
        if (usable) return std::nullopt;
        return MappingError{MappingErrc::bad_answer, "the router's description makes no sense"};
    }

    UPNPUrls urls_{};
    IGDdatas data_{};
    std::array<char, 64> own_address_{};
};

AskUpnp::AskUpnp(std::string description_url) : description_url_(std::move(description_url)) {}
AskUpnp::~AskUpnp() = default;

MappingResult AskUpnp::ask(const MappingRequest& request) {
    const bool known = router_ != nullptr;
    if (known) {
        auto result = ask(*router_, request);
        const bool gone = !result && (result.error().code == MappingErrc::no_answer ||
                                      result.error().code == MappingErrc::bad_answer);
        if (!gone || request.remove) return result;
    }
    router_ = std::make_unique<Router>();
    if (auto error = router_->find(description_url_)) {
        router_.reset();
        return std::unexpected{*std::move(error)};
    }
    return ask(*router_, request);
}

MappingResult AskUpnp::ask(const Router& router, const MappingRequest& request) {
    const auto outside_port = std::to_string(request.outside_port);
    const std::string protocol{name(request.protocol)};
    if (request.remove) {
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

}  // namespace parley::runtime
