// Swarm: a few nodes on a wide-area network inside this machine, and what must hold once a fault
// has ended: every node has a link to every other one, and every transaction that a node took is
// in all pools.
#pragma once

#include "node_process.hpp"

#include <tools/wan/wan.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace parley::chaos {

/// What had to hold and does not.
class Failed : public std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// The fault cannot be done on this machine; what() says what it needs.
class Skipped : public std::runtime_error {
public:
    /// `thing`: as PARLEY_MAY_SKIP names it.
    Skipped(const char* thing, const std::string& what) : std::runtime_error{what}, thing_(thing) {}
    const char* thing() const { return thing_; }

private:
    const char* thing_;
};

void require(bool holds, const std::string& statement);
void sleep_for(Duration time);
/// Asks every 50 ms until `holds`; throws Failed with `statement` after `patience`.
void wait_until(Duration patience, const std::string& statement,
                const std::function<bool()>& holds);

class Swarm {
public:
    /// `folder` is there and is for this swarm. The last end has no node at first.
    Swarm(const std::string& binary, const std::string& folder, std::size_t count);

    std::size_t size() const { return nodes_.size(); }
    NodeProcess& node(std::size_t number) { return *nodes_.at(number - 1); }
    wan::Wan& wan() { return wan_; }
    /// One more node, at the spare end, in a folder of its own.
    std::unique_ptr<NodeProcess> guest(const std::string& folder);
    const std::string& folder() const { return folder_; }
    const std::string& binary() const { return binary_; }
    /// Changes the lines of all ends. Throws std::runtime_error.
    void change_all(std::string_view words);
    void change(std::size_t end, std::string_view words);

    /// Sends `count` new transactions to a node and remembers those that it took.
    /// Returns how many it took.
    std::size_t send(const NodeProcess& to, std::size_t count);
    /// Sends to nodes by turns for so long, `each` transactions five times a second.
    void load_for(Duration time, std::size_t each = 2);
    /// Starts the count of transactions anew: those before may be anywhere.
    void forget() {
        pooled_ += taken_.size();
        taken_.clear();
    }
    /// A new link is told of 4,096 transactions at most: with more in the pools, a node that begins
    /// anew may not hear of some.
    bool pools_are_large() const { return pooled_ + taken_.size() > 2'000; }
    std::size_t taken() const { return taken_.size(); }

    /// Waits until all nodes (and `guest`) are linked with each other and have every transaction
    /// that was taken. Throws Failed.
    void settle(Duration patience = 180s, const NodeProcess* guest = nullptr);

private:
    std::string binary_;
    std::string folder_;
    wan::Wan wan_;
    std::vector<std::unique_ptr<NodeProcess>> nodes_;
    std::vector<std::string> taken_;  // hashes
    std::size_t pooled_ = 0;          // of what was forgotten
    std::uint64_t next_transaction_ = 0;
};

}  // namespace parley::chaos
