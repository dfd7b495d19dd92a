#include <parley/node/rpc/pool_content.hpp>

#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/dispatcher.hpp>

#include <fmt/format.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley::node {

namespace {

/// {sender: {nonce: transaction}} as text, from entries in that order.
class BySender {
public:
    void add(const chain::PooledTx& entry) {
        if (sender_ != entry.sender) {
            text_ += sender_ ? "},\"" : "\"";
            sender_ = entry.sender;
            text_ += entry.sender.checksummed() + "\":{";
        } else {
            text_ += ',';
        }
        text_ += fmt::format("\"{}\":", entry.nonce);
        text_ += rpc::json::serialize(transaction_json(entry));
    }
    std::size_t bytes() const { return text_.size(); }
    const std::string& members() const { return text_; }
    std::string_view end() const { return sender_ ? "}}" : "}"; }

private:
    std::string text_;
    std::optional<chain::Address> sender_;
};

struct PageEntry {
    chain::PooledTx tx;
    bool pending;
};

/// What the frame of a reply adds to its result: there is room for it without a copy.
constexpr std::size_t envelope_bytes = 256;

}  // namespace

/// Passed between the node's thread and a Job; only one of them has it.
struct PoolContent::Build {
    std::deque<rpc::DoneText> askers;
    std::optional<chain::TxPool::Place> after;
    std::vector<PageEntry> page;
    bool last = false;
    BySender pending, queued;

    std::size_t bytes() const { return pending.bytes() + queued.bytes(); }
    void write_page() {
        for (const auto& entry : page) (entry.pending ? pending : queued).add(entry.tx);
        page.clear();
    }
    std::string text() const {
        std::string out;
        out.reserve(bytes() + envelope_bytes);
        out += R"({"pending":{)";
        out.append(pending.members()).append(pending.end());
        out += R"(,"queued":{)";
        out.append(queued.members()).append(queued.end());
        return out += '}';
    }
};

void PoolContent::ask(rpc::DoneText done) {
    waiting_.push_back(std::move(done));
    if (!busy_) begin();
}

void PoolContent::begin() {
    busy_ = !waiting_.empty();
    if (!busy_) return;
    const auto build = std::make_shared<Build>();
    build->askers = std::exchange(waiting_, {});
    take_page(build);
}

void PoolContent::take_page(const std::shared_ptr<Build>& build) {
    std::size_t bytes = 0;
    build->last = true;
    relay_.pool().for_each(
        [&](const chain::PooledTx& entry, bool pending) {
            if (build->page.size() == page_entries_max || bytes >= page_bytes_max) {
                build->last = false;
                return false;
            }
            build->page.push_back({entry, pending});
            build->after = {entry.sender, entry.nonce};
            bytes += entry.raw.size();
            return true;
        },
        build->after);
    const auto next = [self = shared_from_this(), build](Now) {
        if (build->bytes() > rpc::Dispatcher::reply_bytes_max) {
            return self->fail(
                build, {rpc::code::reply_too_large,
                        fmt::format("reply: {} transactions do not fit in {} bytes",
                                    self->relay_.pool().size(), rpc::Dispatcher::reply_bytes_max)});
        }
        build->last ? self->end(build) : self->take_page(build);
    };
    submit(build, {[build] { build->write_page(); }, next});
}

// Each asker's text is copied in a Job of its own, so that no turn of the node has more than one.
void PoolContent::end(const std::shared_ptr<Build>& build) {
    if (build->askers.empty()) return begin();
    const auto text = std::make_shared<std::string>();
    submit(build, {[build, text] { *text = build->text(); },
                   [self = shared_from_this(), build, text](Now) {
                       auto asker = std::move(build->askers.front());
                       build->askers.pop_front();
                       asker(std::move(*text));
                       self->end(build);
                   }});
}

void PoolContent::fail(const std::shared_ptr<Build>& build, const rpc::Error& why) {
    for (auto& asker : std::exchange(build->askers, {})) asker(std::unexpected{why});
    begin();
}

void PoolContent::submit(const std::shared_ptr<Build>& build, Job job) {
    if (relay_.network()->jobs().submit(std::move(job))) return;
    fail(build, {rpc::code::refused, "the node is busy: try again"});
}

}  // namespace parley::node
