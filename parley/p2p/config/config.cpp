#include <parley/p2p/config/config.hpp>

#include <fmt/format.h>

#include <memory>

namespace parley::p2p {

Result<void, ConfigError> check(const Config& config, std::string_view file_name) {
    const auto& p2p = config.p2p;
    const auto bad = [&](std::string_view what) {
        return std::unexpected{ConfigError{fmt::format("{}: {}", file_name, what)}};
    };
    if (p2p.proxy.user.empty() && !p2p.proxy.password.empty()) {
        return bad("p2p.proxy_password is of no use without p2p.proxy_user");
    }
    if (!p2p.uses_proxy() && !p2p.proxy.user.empty()) {
        return bad("p2p.proxy_user is of no use without p2p.proxy");
    }
    if (p2p.uses_proxy() && p2p.port_mapping != nat::MappingMode::off) {
        return bad(
            "p2p.port_mapping tells where this node is, which p2p.proxy hides: only one of them");
    }
    return {};
}

Result<void, ConfigError> read_config(const SettingList& list, const Config& config,
                                      std::string_view toml, std::string_view file_name,
                                      OtherTables other) {
    if (auto ok = read_settings(list, toml, file_name, other); !ok) return ok;
    return check(config, file_name);
}

Result<Config, ConfigError> parse_config(std::string_view toml, std::string_view file_name,
                                         OtherTables other) {
    Config config;
    const auto ok = read_config(settings_of(config), config, toml, file_name, other);
    if (!ok) return std::unexpected{ok.error()};
    return config;
}

transport::LinkConfig Config::link() const {
    const auto bytes = [](std::uint32_t kib) { return std::uint64_t{kib} * 1024; };
    const auto shared = [&](std::uint32_t kib) {
        return kib == 0 ? nullptr : std::make_shared<transport::Pacer>(bytes(kib));
    };
    transport::LinkConfig out;
    out.heartbeat = {p2p.heartbeat_interval, p2p.heartbeat_timeout};
    out.bandwidth = {bytes(p2p.upload_per_peer_max), bytes(p2p.download_per_peer_max),
                     shared(p2p.upload_max), shared(p2p.download_max)};
    return out;
}

}  // namespace parley::p2p
