#include <parley/chain/txpool/journal.hpp>

#include <utility>

namespace parley::chain {
namespace {

constexpr Duration retry_write_after = std::chrono::seconds{5};

}  // namespace

Journal::Journal(Store& store, JobQueue& jobs, Log& log)
    : store_(store), jobs_(jobs), log_(log), self_(std::make_shared<Journal*>(this)) {}

Journal::~Journal() {
    *self_ = nullptr;
}

std::vector<SharedBytes> Journal::load() {
    std::vector<SharedBytes> out;
    const auto read = store_.scan(table, [&](Bytes key, Bytes raw) {
        if (kept_.size() == rows_max) return false;
        if (key.size() != Hash256{}.size()) return true;
        kept_.insert(array_of<32>(key));
        out.push_back(SharedBytes::copy(raw));
        return true;
    });
    if (read) return out;
    log_.write(LogLevel::error, "pool", "cannot read own transactions",
               {{"error", message(read.error())}});
    return {};
}

void Journal::add(Now now, const Hash256& hash, const SharedBytes& raw) {
    if (kept_.size() >= rows_max || !kept_.insert(hash).second) return;
    changes_.insert_or_assign(hash, raw);
    write(now);
}

void Journal::remove(Now now, const Hash256& hash) {
    if (kept_.erase(hash) == 0) return;
    changes_.insert_or_assign(hash, std::nullopt);
    write(now);
}

void Journal::on_timer(Now now) {
    if (now.instant < retry_at_) return;
    retry_at_ = never;
    write(now);
}

/// All that changed, unless some is being written: the rest goes together after that.
void Journal::write(Now now) {
    if (is_writing_ || retry_at_ != never || changes_.empty()) return;
    const auto changes = std::make_shared<const decltype(changes_)>(std::exchange(changes_, {}));
    const auto result = std::make_shared<Result<void, StoreError>>();
    const auto put_back = [this, changes](Instant at) {
        for (const auto& change : *changes) changes_.insert(change);  // later ones stay
        retry_at_ = at;
    };
    auto kept = store_.weak_from_this().lock();
    is_writing_ = jobs_.submit(
        {[changes, result, &store = store_, kept = std::move(kept)] {
             StoreBatch batch;
             for (const auto& [hash, raw] : *changes) {
                 raw ? batch.put(table, hash, *raw) : batch.erase(table, hash);
             }
             *result = store.write(batch);
         },
         [result, put_back, self = self_](Now at) {
             if (!*self) return;
             auto& journal = **self;
             journal.is_writing_ = false;
             if (*result) return journal.write(at);
             journal.log_.write(LogLevel::error, "pool", "cannot keep own transactions",
                                {{"error", message(result->error())}});
             put_back(at.instant + retry_write_after);
         }});
    if (!is_writing_) put_back(now.instant + retry_write_after);
}

}  // namespace parley::chain
