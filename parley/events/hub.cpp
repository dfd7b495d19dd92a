#include <parley/events/hub.hpp>

#include <cstddef>

namespace parley {

Hub::Subscription& Hub::Subscription::operator=(Subscription&& other) noexcept {
    if (this != &other) {
        if (alive_) *alive_ = false;
        alive_ = std::move(other.alive_);
    }
    return *this;
}

Hub::Subscription::~Subscription() {
    if (alive_) *alive_ = false;
}

Hub::Subscription Hub::add(Type type, std::function<void(const void*)> call) {
    auto& handlers = handlers_[type];
    // Here and not in ~Subscription, which may outlive the hub; not under a running handler.
    if (!delivering_) std::erase_if(handlers, [](const Handler& h) { return !*h.alive; });
    auto alive = std::make_shared<bool>(true);
    handlers.push_back({alive, std::move(call)});
    return Subscription{std::move(alive)};
}

void Hub::deliver_one(const Queued& queued) {
    const auto found = handlers_.find(queued.type);
    if (found == handlers_.end()) return;
    auto& handlers = found->second;
    const std::size_t count = handlers.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (*handlers[i].alive) handlers[i].call(queued.event.get());
    }
    std::erase_if(handlers, [](const Handler& h) { return !*h.alive; });
}

std::size_t Hub::deliver() {
    if (delivering_) return 0;
    struct Guard {
        bool& flag;
        explicit Guard(bool& f) : flag(f) { flag = true; }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;
        ~Guard() { flag = false; }
    };
    const Guard guard{delivering_};
    std::size_t count = 0;
    for (; !queue_.empty(); ++count) {
        const Queued next = std::move(queue_.front());
        queue_.pop_front();
        deliver_one(next);
    }
    return count;
}

}  // namespace parley
