// The examples in the headers' comments, each in a function that nobody calls: documents_test.cpp
// looks whether all are here, and here they have to build. Parameters stand for what an example
// takes for granted.
#include <parley/base/overloaded.hpp>
#include <parley/chain/consensus/qbft/machine.hpp>
#include <parley/chain/consensus/qbft/signing/signing_log.hpp>
#include <parley/chain/genesis/genesis.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/light/light_node.hpp>
#include <parley/chain/sync/header_presync.hpp>
#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/codec/rlp_fields.hpp>
#include <parley/discovery/discv5/requests.hpp>
#include <parley/discovery/discv5/service.hpp>
#include <parley/node/chain.hpp>
#include <parley/node/light_chain.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/filters.hpp>
#include <parley/node/rpc/functions.hpp>
#include <parley/node/rpc/subscriptions.hpp>
#include <parley/p2p/metrics.hpp>
#include <parley/p2p/network.hpp>
#include <parley/rpc/dispatcher.hpp>
#include <parley/rpc/json_stream.hpp>
#include <parley/rpc/method_list.hpp>
#include <parley/rpc/params.hpp>
#include <parley/rpc/session.hpp>
#include <parley/runtime/host.hpp>
#include <parley/runtime/io/dialer.hpp>
#include <parley/runtime/io/io_links.hpp>
#include <parley/runtime/module_host.hpp>
#include <parley/runtime/node_host.hpp>
#include <parley/runtime/own_thread.hpp>
#include <parley/sim/world/world.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/proxy/socks5.hpp>
#include <parley/transport/switch/switch.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace parley {

namespace {

using namespace transport;

struct ChatPeer final : TopicHandler {
    explicit ChatPeer(Context&) {}
    Result<void, Offence> handle(Code, Message) override { return {}; }
};

// parley/transport/module.hpp
struct Chat final : PeerHandler {
    TopicSpec topic() const override { return {.name = "chat"}; }
    std::unique_ptr<TopicHandler> new_peer(Context& peer) override {
        return std::make_unique<ChatPeer>(peer);  // its handle() gets the messages
    }
};

using Kv = Chat;
using Indexer = Chat;

using Text = std::string;
using Number = int;
template <class Value>
void show(const Value&) {}

[[maybe_unused]] void visit_one(const std::variant<Text, Number>& value) {
    // parley/base/overloaded.hpp
    // clang-format off
    std::visit(overloaded{[](const Text& text) { show(text); },
                          [](const Number& number) { show(number); }},
               value);
    // clang-format on
}

[[maybe_unused]] void chain_in_network(const node::ChainConfig& config, Rng rng,
                                       p2p::Network& network, rpc::Dispatcher& dispatcher,
                                       Now now) {
    using node::Chain;
    // parley/node/chain.hpp
    Chain chain{config, rng};
    if (!network.open(now, chain.modules())) return;
    chain.follow(network.hub());
    dispatcher.add(chain.rpc_methods());
}

[[maybe_unused]] void light_chain_in_network(const node::ChainConfig& config,
                                             const node::LightData& data, Rng rng,
                                             p2p::Network& network, rpc::Dispatcher& dispatcher,
                                             Now now) {
    using node::LightChain;
    // parley/node/light_chain.hpp
    LightChain chain{config, data, rng};
    if (!network.open(now, chain.modules())) return;
    dispatcher.add(chain.rpc_methods());
}

[[maybe_unused]] void light_node_in_network(
    const chain::light::LightNodeConfig& config, std::shared_ptr<const chain::qbft::Qbft> engine,
    const chain::ChainHeader& start, Store& store, Rng rng, p2p::Network& network,
    std::uint64_t number, const chain::Address& address, Now now,
    void (*show_account)(Now, Result<chain::light::Asker::ProvenAccount, std::string>)) {
    using namespace chain::light;
    // parley/chain/light/light_node.hpp
    LightNode light{config, {engine, start, store}, rng};
    if (!network.open(now, {&light})) return;
    light.account(now, *light.at(number), address, {}, show_account);
}

[[maybe_unused]] void followed_and_asked(
    chain::light::Follower& follower, chain::light::Follower::PeerId peer,
    const chain::light::ChainStatus& status, chain::light::Asker& asker,
    const chain::light::Follower::Known& head, const chain::Address& address, Now now,
    const std::function<void(chain::light::Follower::Effect&)>& perform,
    const std::function<void(chain::light::Asker::Effect&)>& carry_out,
    void (*show_account)(Now, Result<chain::light::Asker::ProvenAccount, std::string>)) {
    {
        chain::light::Follower::Effects out;
        // parley/chain/light/follower.hpp
        follower.on_status(now, peer, status, out);
        for (auto& effect : out) perform(effect);  // Check in a Job, and back to on_checked()
    }
    chain::light::Asker::Effects out;
    // parley/chain/light/asker.hpp
    asker.account(now, head, address, {}, show_account, out);
    for (auto& effect : out) carry_out(effect);
}

[[maybe_unused]] void headers_that_are_kept(
    const chain::light::Trust& trust, const chain::light::TrustedHeader& trusted,
    const chain::Header& header, Now at, const std::function<void()>& ask_between, Store& store,
    chain::qbft::ExtraForm form, const chain::ChainHeader& start,
    const std::vector<chain::light::Headers::Known>& known, const chain::ChainHeader& head,
    const std::vector<chain::light::Headers::Gap>& gaps, bool walks,
    const std::function<void(std::shared_ptr<const StoreBatch>)>& write) {
    using namespace chain::light;
    const auto now = at.unix_time;
    // parley/chain/light/trust.hpp
    const auto next = trust.check(trusted, header, now);
    if (!next && next.error().code == TrustErrc::too_little) ask_between();
    // parley/chain/light/headers.hpp
    auto headers = Headers::open(store, form, start);
    headers->keep(known, KeepSeals::quorum);
    headers->set_head(head, gaps, walks);
    write(headers->take_batch());
}

[[maybe_unused]] void ledger_of_blocks(chain::LedgerServices services,
                                       const chain::Genesis& genesis, const chain::Block& block,
                                       Now now) {
    using namespace chain;
    // parley/chain/ledger/ledger.hpp
    auto ledger = Ledger::open(services, make_genesis_block(genesis));
    if (!ledger) return show(message(ledger.error()));
    (*ledger)->import(now, block, [](Now, const Result<Imported, ImportError>& result) {
        if (!result) show(message(result.error()));
    });
}

[[maybe_unused]] void one_height(const chain::qbft::MachineConfig& config,
                                 const std::set<chain::Address>& silent,
                                 const chain::qbft::Record& record,
                                 const chain::qbft::Signed<chain::qbft::Prepare>& prepare,
                                 Now now) {
    using namespace chain::qbft;
    Effects out;
    // parley/chain/consensus/qbft/machine.hpp
    Machine machine{config, silent, record, now, out};
    if (!machine.on_prepare(now, prepare, out)) return;  // its author is proven, and wrong
    machine.on_timer(now, out);                          // at next_wakeup()
}

[[maybe_unused]] void written_before_said(AppendLog& first_file, AppendLog& second_file,
                                          const chain::qbft::Record& record) {
    using namespace chain::qbft;
    // parley/chain/consensus/qbft/record.hpp
    auto log = RecordLog::open(first_file, second_file);
    if (!log->write(record)) return;  // on disk when it returns: for a Job
}

[[maybe_unused]] std::string never_twice(chain::qbft::SigningLog& log,
                                         const chain::qbft::Claim& claim) {
    using namespace chain::qbft;
    // parley/chain/consensus/qbft/signing/high_water.hpp
    const auto next = after(log.latest(), claim);
    if (!next) return next.error();           // in words
    if (!log.write(*next)) return "no room";  // before the signature leaves
    return {};
}

[[maybe_unused]] void shown_first(const chain::ChainHeader& start,
                                  const std::vector<chain::ChainHeader>& checked,
                                  const Uint256& work_min) {
    using chain::HeaderPresync;
    constexpr std::uint64_t claimed_number = 100;
    constexpr std::uint64_t number = 7;
    const Hash256 hash{};
    const SipKey key{};
    const auto ask_again = [] {};
    const auto charge_peer = [] {};
    // parley/chain/sync/header_presync.hpp
    HeaderPresync presync{start, claimed_number, work_min, key};
    if (!presync.add(checked)) return;  // it gave more than it said
    if (presync.is_shown()) ask_again();
    if (!presync.fits(number, hash)) charge_peer();  // the second time
}

enum class Field : std::uint8_t { envelope, number, hash };
struct Numbered {
    std::uint64_t number = 0;
    Hash256 hash{};
};
[[maybe_unused]] Result<Numbered, rlp::FieldError<Field>> fields_of(Bytes message) {
    Numbered out;
    // parley/codec/rlp_fields.hpp
    std::optional<rlp::FieldError<Field>> error;
    rlp::Fields<Field> in{message, Field::envelope, error};
    out.number = in.u64(Field::number);
    out.hash = in.fixed<32>(Field::hash);
    in.finish();
    if (error) return std::unexpected{*error};
    return out;
}

[[maybe_unused]] void changes_of_a_trie(const chain::trie::NodeReader& nodes, const Hash256& root,
                                        std::span<const chain::trie::Change> changes) {
    using namespace chain::trie;
    // parley/chain/trie/dirty_tree.hpp
    DirtyTree tree{nodes, root};
    if (auto updated = tree.update(changes); !updated) return;
    const Commit commit = tree.commit();
    show(to_hex(commit.root));
}

[[maybe_unused]] void on_a_thread_of_its_own() {
    // parley/runtime/own_thread.hpp
    Indexer indexer;
    runtime::OwnThread module{indexer};
    runtime::ModuleHost host{{&module}};
}

[[maybe_unused]] void polling(runtime::Poller& poller, int socket, runtime::Poller::Watcher& echo,
                              const bool& ended) {
    // parley/runtime/io/poller.hpp
    poller.add(socket, echo);  // a Watcher, whose on_ready reads until a read comes short
    while (!ended) poller.wait(never);
    poller.remove(socket, echo);  // before either of the two goes
}

[[maybe_unused]] void io_links(runtime::IoLinks& links, CommandLink& command, Now now) {
    // parley/runtime/io/io_links.hpp
    links.command(now, command);
    links.on_timer(now);
    links.read(now);
    links.settle(now);
    links.bury();
}

template <class Use>
[[maybe_unused]] void dialing(runtime::Poller& poller, const runtime::DialerConfig& config,
                              LinkId link, const Target& target,
                              const std::shared_ptr<const LinkIdentity>& identity, Now now,
                              Use use) {
    using runtime::Dialer;
    // parley/runtime/io/dialer.hpp
    Dialer dialer{poller, config};
    dialer.dial(now, {link, target, identity});
    poller.wait(dialer.next_wakeup());
    dialer.on_timer(now);
    for (auto& outcome : dialer.take_outcomes()) use(outcome);
}

[[maybe_unused]] void modules_alone(Chat& module, const Target& target) {
    using runtime::ModuleHost;
    // parley/runtime/module_host.hpp
    ModuleHost host{{&module}};
    host.start();
    host.dial(target);
}

[[maybe_unused]] void run_host(const runtime::HostConfig& config, EntropySource& entropy, Log& log,
                               p2p::Network& network, Now now) {
    using runtime::Host;
    // parley/runtime/host.hpp
    Host host{config, entropy, log};
    const auto endpoints = host.listen();
    for (const auto& endpoint : endpoints.value()) network.add_listener(now, endpoint, {});
    host.run(network);
}

namespace dht {

using namespace discovery::discv5;

template <class Use>
[[maybe_unused]] void ask(Requests& requests, const Contact& contact, Now now, Use use) {
    // parley/discovery/discv5/requests.hpp
    requests.ping(now, contact, [&](Now, const auto& answer) { use(answer); });
    requests.on_timer(now);
}

[[maybe_unused]] void say(Wire& wire, const Contact& contact, RequestId id, std::uint64_t sequence,
                          Now now) {
    // parley/discovery/discv5/wire.hpp
    const auto nonce = wire.send_request(now, contact, encode(Ping{id, sequence}));
    (void)nonce;
}

template <class Ping>
[[maybe_unused]] void keep(Table& table, const Contact& contact, const Id& id,
                           const Endpoint& endpoint, Now now, Ping ping) {
    // parley/discovery/discv5/table.hpp
    table.add(now, contact, Origin::heard);
    while (const auto* entry = table.next_check(now)) ping(*entry);
    table.on_alive(now, id, endpoint);
}

template <class Use, class Later>
[[maybe_unused]] void look_up(Lookups& lookups, const Id& target, Now now, Use use, Later later) {
    // parley/discovery/discv5/lookups.hpp
    const auto done = [&](Now, const LookupResult& result) { use(result); };
    if (!lookups.start(now, Goal::closest, target, done)) later();
}

[[maybe_unused]] void serve(const ServiceConfig& config, const NodeKey& key, const Enr& record,
                            EntropySource& entropy, Rng rng, const Enr& boot, const Endpoint& from,
                            Bytes bytes, Now now) {
    // parley/discovery/discv5/service.hpp
    Service service{config, key, record, entropy, rng};
    service.add_boot(now, boot);
    service.on_datagram(now, from, bytes);
}

}  // namespace dht

[[maybe_unused]] void chain_methods(node::Chain& chain, rpc::Dispatcher& dispatcher) {
    using namespace node;
    using rpc::MethodList;
    // parley/rpc/method_list.hpp
    MethodList<Chain> list{chain};
    list.answers("txpool_status", 0, &txpool_status);
    dispatcher.add(list.take());
}

[[maybe_unused]] void ledger_methods(const chain::TxPool& pool, chain::TxRelay& relay, Rng rng,
                                     const node::EthLedger& chain, rpc::Dispatcher& dispatcher) {
    using node::EthRpc;
    // parley/node/rpc/eth_rpc.hpp
    EthRpc eth{{.chain_id = 7700, .pool = pool, .relay = relay}, rng};
    eth.use_ledger(chain);
    dispatcher.add(eth.methods());
}

[[maybe_unused]] auto follow_blocks(node::Filters& filters, Now now, const Hash256& hash) {
    using node::FilterKind;
    // parley/node/rpc/filters.hpp
    const auto id = filters.add(now, FilterKind::blocks);
    filters.on_block(hash);
    const auto changes = filters.changes(now, *id);  // hash; the next time nothing
    return changes;
}

struct KvStore {
    rpc::json::value find(std::string_view) const { return {}; }
    std::size_t size() const { return 0; }
};

[[maybe_unused]] void own_methods(rpc::Dispatcher& dispatcher, const KvStore& store) {
    // parley/rpc/method.hpp
    dispatcher.add({{.name = "kv_get", .params_max = 1, .answer = [&](const rpc::Call& call) {
                         const auto key = rpc::text_param(call, 0, "a key");
                         if (!key) return rpc::Result{std::unexpected{key.error()}};
                         return rpc::Result{store.find(*key)};
                     }}});
}

[[maybe_unused]] rpc::Result follow(const rpc::Call& call,
                                    std::vector<std::shared_ptr<rpc::Session>>& subscribers) {
    // parley/rpc/session.hpp
    if (!call.session) return std::unexpected{rpc::notifications_unsupported()};
    call.session->hold_until_replied();
    subscribers.push_back(call.session);  // each is notified until it has_ended()
    return true;
}

[[maybe_unused]] auto subscribe(node::Subscriptions& subscriptions, const rpc::Call& call,
                                const rpc::json::value& header) {
    using node::SubscriptionKind;
    // parley/node/rpc/subscriptions.hpp
    const auto id = subscriptions.add(call.session, SubscriptionKind::heads);
    subscriptions.notify(SubscriptionKind::heads, [&] { return serialize(header); });
    return id;
}

[[maybe_unused]] void cut(std::string_view bytes, std::size_t bytes_max,
                          const std::function<void(std::string)>& handle) {
    rpc::JsonStream stream;
    // parley/rpc/json_stream.hpp
    stream.push(bytes);
    while (const auto text = stream.next(bytes_max)) {
        if (!*text) break;  // more bytes are needed
        handle(**text);
    }
}

[[maybe_unused]] void simulate(const Endpoint& endpoint, const LinkConfig& links,
                               const sim::World::MakeNode& make_node,
                               const std::function<bool()>& settled) {
    using sim::World;
    // parley/sim/world/world.hpp
    World world{{.seed = 7}};
    const auto a = world.add_host(endpoint, links, make_node);
    world.start(a);
    world.later(10s, [&] { world.kill(a); });
    CHECK(world.run_until([&] { return settled(); }, 60s));
}

template <class CarryOut>
[[maybe_unused]] void switching(const SwitchConfig& config, const NodeKey& key, const Hello& hello,
                                Chat& chat, Hub& hub, JobQueue& jobs, Log& log, Rng rng,
                                const Target& target, LinkEvent& event, Now now,
                                CarryOut carry_out) {
    // parley/transport/switch/switch.hpp
    Switch links{config, key, hello, {&chat}, hub, jobs, log, rng};
    const auto link = links.dial(now, target, SlotClass::ordinary);
    for (auto& effect : links.take_effects()) carry_out(effect);
    links.on_event(now, *link, std::move(event));
}

[[maybe_unused]] void through_a_proxy(const Proxy& proxy, const Target& target,
                                      const std::function<std::size_t(Bytes)>& write,
                                      const std::function<Bytes(std::size_t)>& read) {
    // parley/transport/proxy/socks5.hpp
    Socks5 socks{proxy, target.endpoint, target.host};
    while (!socks.done()) {
        socks.sent(write(socks.output()));
        if (!socks.on_bytes(read(socks.wanted()))) break;
    }
}

struct PoolSettings {
    std::uint64_t bytes_max = 0;
};

[[maybe_unused]] void own_settings(PoolSettings& pool) {
    using p2p::SettingList;
    constexpr auto any = SettingList::any;
    // parley/p2p/config/setting.hpp
    SettingList list;
    list.table("pool").number("bytes_max", "Bytes of memory.", 1 << 16, any, pool.bytes_max);
}

[[maybe_unused]] void own_figures(p2p::Metrics& metrics, const KvStore& store) {
    // parley/p2p/metrics.hpp
    metrics.gauge("kv_keys", "Keys in the store.").add(store.size());
}

}  // namespace

namespace whole_node {

/// That of a program of its own.
int main(int argc, char** argv);

// parley/runtime/node_host.hpp
int main(int, char** argv) {
    p2p::Config config;
    config.client = "kv/1.0";
    config.network = {.name = "kv", .id = 4711};
    Kv kv;
    runtime::NodeHost host{{.folder = argv[1], .config = config, .modules = {&kv}}};
    host.run();  // until SIGINT or SIGTERM
    return 0;
}

}  // namespace whole_node

TEST_CASE("snippets: the examples in headers build") {
    Chat chat;
    CHECK(chat.topic().name == "chat");
}

}  // namespace parley
