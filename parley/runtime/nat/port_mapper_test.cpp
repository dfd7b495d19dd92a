#include <parley/runtime/nat/port_mapper.hpp>

#include <parley/runtime/nat/ask_router.hpp>
#include <parley/runtime/nat/test_router.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::runtime;
using namespace parley::runtime::test;
using nat::Mapping;
using nat::MappingErrc;
using nat::MappingError;
using nat::MappingMethod;
using nat::MappingMode;
using nat::MappingRequest;
using nat::MappingResult;
using nat::MappingStatus;

namespace {

nat::PortMappingConfig config(MappingMode mode) {
    nat::PortMappingConfig out;
    out.mode = mode;
    out.port = 30303;
    return out;
}

/// For everything that should take a moment; machines may be busy.
constexpr std::chrono::seconds patience{30};

}  // namespace

TEST_CASE("port mapper: maps at the start by what works, tells it, and takes it back at the end") {
    TestUpnp router{[](const std::string& action, const std::string&) {
        return TestUpnp::success(action, "<NewExternalIPAddress>81.2.3.4</NewExternalIPAddress>");
    }};
    Endpoint closed;
    {
        const TestDatagramRouter gone{[](Bytes) { return std::vector<Buffer>{}; }};
        closed = gone.endpoint();
    }
    auto asker = std::make_shared<RouterAsker>(
        RouterConfig{.router = closed, .upnp_description = router.url()});
    std::promise<MappingStatus> mapped;
    {
        PortMapper mapper{config(MappingMode::automatic), Rng{1},
                          [asker](const MappingRequest& request) { return asker->ask(request); },
                          [&](const MappingStatus& status) {
                              if (status.mapping) mapped.set_value(status);
                          },
                          patience};
        auto future = mapped.get_future();
        REQUIRE(future.wait_for(patience) == std::future_status::ready);
        const auto status = future.get();
        CHECK(*status.mapping ==
              Mapping{MappingMethod::upnp, *Endpoint::parse("81.2.3.4:30303"), 3600s});
        CHECK_FALSE(status.why);
    }
    CHECK(router.asked() == std::vector<std::string>{"description", "GetExternalIPAddress",
                                                     "AddPortMapping", "DeletePortMapping"});
}

TEST_CASE("port mapper: a router that is started again is asked again long before half an hour") {
    const auto hex = [](std::string_view text) { return from_hex(text).value(); };
    std::atomic<int> maps{0};
    std::promise<void> again;
    TestDatagramRouter router{[&](Bytes datagram) -> std::vector<Buffer> {
        if (datagram.size() == 12 && datagram[7] != std::byte{0} && ++maps == 2) again.set_value();
        // It has been up for 65536 seconds, until it has mapped something.
        const std::string epoch = maps == 0 ? "00010000" : "00000000";
        if (datagram.size() == 2) return {hex("00800000" + epoch + "51020304")};
        return {hex("0082000000010000765f765f00000e10")};
    }};
    auto checked = config(MappingMode::nat_pmp);
    checked.check_every = 10ms;
    auto asker = std::make_shared<RouterAsker>(RouterConfig{.router = router.endpoint()});
    const PortMapper mapper{checked, Rng{1},
                            [asker](const MappingRequest& request) { return asker->ask(request); },
                            [](const MappingStatus&) {}, 0s};
    CHECK(again.get_future().wait_for(patience) == std::future_status::ready);
}

TEST_CASE("port mapper: UDP as well, if it is wanted, and both are taken back") {
    std::mutex mutex;
    std::vector<std::string> changes;
    TestUpnp router{[&](const std::string& action, const std::string& body) {
        if (action != "GetExternalIPAddress") {
            const std::scoped_lock lock{mutex};
            changes.push_back(action + " " + TestUpnp::member(body, "NewProtocol") + " " +
                              TestUpnp::member(body, "NewExternalPort"));
        }
        return TestUpnp::success(action, "<NewExternalIPAddress>81.2.3.4</NewExternalIPAddress>");
    }};
    auto asker = std::make_shared<RouterAsker>(RouterConfig{.upnp_description = router.url()});
    std::promise<MappingStatus> mapped;
    {
        auto both = config(MappingMode::upnp);
        both.udp = true;
        PortMapper mapper{both, Rng{1},
                          [asker](const MappingRequest& request) { return asker->ask(request); },
                          [&](const MappingStatus& status) {
                              if (status.udp) mapped.set_value(status);
                          },
                          patience};
        auto future = mapped.get_future();
        REQUIRE(future.wait_for(patience) == std::future_status::ready);
        CHECK(future.get().mapping->outside == *Endpoint::parse("81.2.3.4:30303"));
    }
    const std::scoped_lock lock{mutex};
    CHECK(changes ==
          std::vector<std::string>{"AddPortMapping TCP 30303", "AddPortMapping UDP 30303",
                                   "DeletePortMapping UDP 30303", "DeletePortMapping TCP 30303"});
}

TEST_CASE("port mapper: a failure is told, and the end comes at once") {
    std::promise<MappingStatus> told;
    PortMapper mapper{config(MappingMode::nat_pmp), Rng{1},
                      [](const MappingRequest&) -> MappingResult {
                          return std::unexpected{MappingError{MappingErrc::refused, "no"}};
                      },
                      [&](const MappingStatus& status) { told.set_value(status); }, patience};
    auto future = told.get_future();
    REQUIRE(future.wait_for(patience) == std::future_status::ready);
    CHECK(future.get().why == MappingError{MappingErrc::refused, "no"});
}

TEST_CASE("port mapper: a router that hangs does not hold up the end, and is told nothing later") {
    auto hang = std::make_shared<std::promise<void>>();
    std::promise<void> asked;
    auto done = std::make_shared<std::promise<void>>();
    auto later = done->get_future();
    std::atomic<bool> told{false};
    {
        PortMapper mapper{config(MappingMode::upnp), Rng{1},
                          [hang, done, &asked](const MappingRequest& request) -> MappingResult {
                              if (request.action == nat::MappingAction::remove) {
                                  done->set_value();
                                  return Mapping{};
                              }
                              asked.set_value();
                              hang->get_future().wait();
                              return Mapping{MappingMethod::upnp,
                                             *Endpoint::parse("81.2.3.4:30303"), 3600s};
                          },
                          [&](const MappingStatus&) { told = true; }, 0s};
        asked.get_future().wait();
        mapper.begin_stop();
    }
    // What it maps after all is taken back.
    hang->set_value();
    CHECK(later.wait_for(patience) == std::future_status::ready);
    CHECK_FALSE(told);
}
