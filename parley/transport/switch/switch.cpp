#include <parley/transport/switch/switch.hpp>

#include <parley/transport/switch/switch_core.hpp>

#include <utility>

namespace parley::transport {

class Switch::Impl final : public SwitchCore {
public:
    using SwitchCore::SwitchCore;
};

Switch::Switch(SwitchConfig config, const NodeKey& key, Hello hello,
               std::vector<PeerHandler*> modules, Hub& hub, JobQueue& jobs, Log& log, Rng rng)
    : impl_(std::make_unique<Impl>(std::move(config), key, std::move(hello), modules, hub, jobs,
                                   log, rng)) {
    for (PeerHandler* module : modules) module->attached(*this);
}
Switch::~Switch() = default;

std::optional<LinkId> Switch::on_accept(Now now, const Endpoint& remote) {
    return impl_->on_accept(now, remote);
}
Result<LinkId, DialError> Switch::dial(Now now, const Target& target, DialOptions options) {
    return impl_->dial(now, target, options);
}
void Switch::on_connected(Now now, LinkId link, const Endpoint& endpoint) {
    impl_->on_connected(now, link, endpoint);
}
void Switch::on_connect_failed(Now now, LinkId link, std::string_view why) {
    impl_->on_connect_failed(now, link, why);
}
void Switch::on_event(Now now, LinkId link, LinkEvent event) {
    impl_->on_event(now, link, std::move(event));
}
void Switch::on_timer(Now now) {
    impl_->on_timer(now);
}
Instant Switch::next_wakeup() const {
    return impl_->next_wakeup();
}
void Switch::shut_down(Now now) {
    impl_->shut_down(now);
}
bool Switch::idle() const {
    return impl_->idle();
}
std::optional<std::string> Switch::failed_module() const {
    return impl_->failed_module();
}
bool Switch::wants_to_end() const {
    return impl_->wants_to_end();
}

std::shared_ptr<const LinkIdentity> Switch::identity() const {
    return impl_->identity();
}
void Switch::set_record(const Enr& record) {
    impl_->set_record(record);
}
void Switch::set_roles(std::uint64_t roles, std::uint64_t services) {
    impl_->set_roles(roles, services);
}
void Switch::set_class(const NodeId& id, SlotClass slot_class) {
    impl_->set_class(id, slot_class);
}
void Switch::set_allowed(std::function<bool(const NodeId&)> allowed) {
    impl_->allowed = std::move(allowed);
}
void Switch::set_call_watch(CallWatch* call_watch) {
    impl_->call_watch = call_watch;
}
void Switch::set_alternatives(Alternatives alternatives) {
    impl_->alternatives = std::move(alternatives);
}
void Switch::set_forks(Now now, const ForkRules& forks) {
    impl_->set_forks(now, forks);
}
void Switch::disconnect(Now now, const NodeId& id, CloseReason reason) {
    impl_->disconnect(now, id, reason);
}
void Switch::ban(Now now, const NodeId& id, const std::optional<IpAddress>& address,
                 std::string_view why) {
    impl_->ban(now, id, address, why);
}
bool Switch::impose_ban(Now now, const Ban& ban) {
    return impl_->impose_ban(now, ban);
}

BroadcastResult Switch::broadcast(std::string_view topic, Code code, const SharedBytes& message,
                                  const PeerPredicate& except) {
    impl_->check_thread("broadcast", topic);
    return impl_->broadcast(topic, code, message, except);
}
JobQueue& Switch::jobs() {
    impl_->check_thread("jobs");
    return impl_->jobs();
}
Hub& Switch::hub() {
    impl_->check_thread("hub");
    return impl_->hub();
}
Log& Switch::log() {
    impl_->check_thread("log");
    return impl_->log();
}
Now Switch::now() const {
    impl_->check_thread("now");
    return impl_->now();
}
const NodeId& Switch::id() const {
    impl_->check_thread("id");
    return impl_->id();
}

std::size_t Switch::connections() const {
    return impl_->connections();
}
const Slots& Switch::slots() const {
    return impl_->slots();
}
const Offences& Switch::offences() const {
    return std::as_const(*impl_).offences();
}
Offences& Switch::offences() {
    return impl_->offences();
}
const SwitchStats& Switch::stats() const {
    return impl_->stats();
}
std::vector<PeerInfo> Switch::peers() const {
    return impl_->peers();
}
std::vector<TopicLoad> Switch::topic_loads() const {
    return impl_->topic_loads();
}

std::vector<SwitchEffect> Switch::take_effects() {
    std::vector<SwitchEffect> out;
    impl_->take_effects(out);
    return out;
}
void Switch::take_effects(std::vector<SwitchEffect>& out) {
    impl_->take_effects(out);
}

}  // namespace parley::transport
