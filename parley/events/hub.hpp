// Hub: typed publish and subscribe inside one node. Events are queued and delivered by the
// driver at the end of a turn, so that no handler is entered while another one runs.
// Threading: the node's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace parley {

/// Events of one node, by their type; see the head of this file.
class Hub {
public:
    /// Ends the subscription when destroyed. May outlive the hub.
    class Subscription {
    public:
        Subscription() = default;  ///< to nothing
        /// For the hub alone.
        explicit Subscription(std::shared_ptr<bool> alive) : alive_(std::move(alive)) {}
        Subscription(Subscription&&) noexcept = default;  ///< leaves one to nothing
        /// Ends the one that was held.
        Subscription& operator=(Subscription&& other) noexcept;
        ~Subscription();

    private:
        std::shared_ptr<bool> alive_;
    };

    /// Calls `handler` for each event of that type until the subscription is destroyed, in the
    /// order of subscribing. The handler may publish, subscribe and unsubscribe.
    template <class Event>
    [[nodiscard]] Subscription subscribe(std::function<void(const Event&)> handler) {
        return add(&tag<Event>,
                   [h = std::move(handler)](const void* e) { h(*static_cast<const Event*>(e)); });
    }

    /// Queues an event for the next deliver(). The driver bounds the queue by calling that at the
    /// end of each turn.
    template <class Event>
    void publish(Event event) {
        auto held = std::make_shared<const Event>(std::move(event));
        queue_.push_back({&tag<Event>, std::move(held)});
    }

    /// Delivers all that is queued, also what handlers publish meanwhile, in order of publishing.
    /// Returns how many events were delivered. Called from a handler it does nothing. A handler
    /// subscribed while an event is delivered hears the later ones; one that is unsubscribed is
    /// not called again.
    std::size_t deliver();
    /// Nothing is queued.
    bool idle() const { return queue_.empty(); }

private:
    /// Its address stands for the event's type, so that users may do without RTTI.
    using Type = const char*;
    template <class Event>
    static constexpr char tag = 0;

    struct Handler {
        std::shared_ptr<bool> alive;
        std::function<void(const void*)> call;
    };
    struct Queued {
        Type type;
        std::shared_ptr<const void> event;
    };
    Subscription add(Type type, std::function<void(const void*)> call);
    void deliver_one(const Queued& queued);

    // Deques: subscribing while a handler runs must not move the handler.
    std::map<Type, std::deque<Handler>> handlers_;
    std::deque<Queued> queue_;
    bool delivering_ = false;
};

}  // namespace parley
