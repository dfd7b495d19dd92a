#include <parley/chain/txpool/journal.hpp>

#include <parley/chain/ledger/test_ledger.hpp>
#include <parley/events/test_log.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::chain;

namespace {

Hash256 hash_of(std::uint8_t number) {
    return {std::byte{number}};
}

SharedBytes raw_of(std::string_view text) {
    return SharedBytes::copy(bytes_of(text));
}

/// A disk that can be full.
class FickleStore final : public Store {
public:
    bool is_full = false;
    std::size_t writes = 0;
    Result<std::optional<Buffer>, StoreError> get(std::string_view table, Bytes key) override {
        return under_.get(table, key);
    }
    Result<void, StoreError> scan_from(std::string_view table, Bytes first,
                                       const Visitor& visit) override {
        return under_.scan_from(table, first, visit);
    }
    Result<void, StoreError> write(const StoreBatch& batch) override {
        if (is_full) return fail(StoreErrc::full);
        ++writes;
        return under_.write(batch);
    }

private:
    MemoryStore under_;
};

struct Rig {
    FickleStore store;
    JobQueue jobs{8};
    TestLog log;
    /// What another start would find.
    std::vector<std::string> content() {
        std::vector<std::string> out;
        for (const auto& raw : Journal{store, jobs, log}.load()) out.emplace_back(text_of(raw));
        return out;
    }
    void run(Now now = {}) { chain::testing::run_all(jobs, now); }
};

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("own transactions are there after another start, but those that are done") {
    Rig rig;
    Journal journal{rig.store, rig.jobs, rig.log};
    CHECK(journal.load().empty());
    journal.add({}, hash_of(2), raw_of("two"));
    journal.add({}, hash_of(1), raw_of("one"));
    journal.add({}, hash_of(3), raw_of("three"));
    journal.remove({}, hash_of(3));
    journal.remove({}, hash_of(9));
    rig.run();
    CHECK(rig.store.writes == 2);  // the first, and what gathered meanwhile
    CHECK(rig.content() == Strings{"one", "two"});
    Journal next{rig.store, rig.jobs, rig.log};
    CHECK(next.load().size() == 2);
    next.remove({}, hash_of(1));
    rig.run();
    CHECK(rig.content() == Strings{"two"});
}

TEST_CASE("what a full disk refused is written when there is room, the last word of each") {
    Rig rig;
    Journal journal{rig.store, rig.jobs, rig.log};
    rig.store.is_full = true;
    journal.add({}, hash_of(1), raw_of("one"));
    journal.add({}, hash_of(2), raw_of("two"));
    rig.run();
    CHECK(rig.log.take() == Strings{"error cannot keep own transactions error=the store is full"});
    journal.remove({}, hash_of(1));
    rig.run();
    CHECK(rig.log.take().empty());  // not before its time
    rig.store.is_full = false;
    const Now later{journal.next_wakeup(), {}};
    CHECK(later.instant > Instant{});
    journal.on_timer(later);
    rig.run(later);
    CHECK(rig.content() == Strings{"two"});
    CHECK(journal.next_wakeup() == never);
}

TEST_CASE("the journal is bounded, and its Jobs may come back late") {
    Rig rig;
    {
        Journal journal{rig.store, rig.jobs, rig.log};
        for (std::size_t i = 0; i <= Journal::rows_max; ++i) {
            Hash256 hash{};
            hash[0] = static_cast<std::byte>(i);
            hash[1] = static_cast<std::byte>(i >> 8);
            journal.add({}, hash, raw_of("x"));
        }
        CHECK(journal.size() == Journal::rows_max);
    }
    rig.run();
    CHECK(rig.content().size() == 1);  // the first, which was being written
}
