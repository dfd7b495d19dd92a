// A node's part in the agreement: blocks are made before their time, on what is about to be final,
// and held until they are due; what was executed to check a block is handed on with it.
#include <parley/chain/consensus/qbft/agreement.hpp>

#include <parley/chain/consensus/qbft/test_signing.hpp>
#include <parley/chain/ledger/test_ledger.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using parley::chain::testing::run_all;
using parley::chain::testing::secret_of;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t genesis_time_s = 1'000;
constexpr std::uint64_t self = 1;

ChainHeader genesis_of(const std::vector<std::uint64_t>& validators) {
    ExtraData extra;
    for (const auto seed : validators) {
        extra.validators.push_back(address_of_secret(secret_of(seed)));
    }
    std::ranges::sort(extra.validators);
    ChainHeader out;
    out.header.extra_data = extra.encode();
    out.header.timestamp = genesis_time_s;
    out.hash = out.header.hash();
    return out;
}

/// One validator on a chain of which nothing is executed. Its clock is that of the chain.
class AgreementRig {
public:
    explicit AgreementRig(const std::vector<std::uint64_t>& validators)
        : head(genesis_of(validators)) {}

    struct Asked {
        Agreement::Parent parent;
        std::uint64_t time_s = 0;
        Agreement::OnDraft done;
        ExtraData extra;
    };
    struct Import {
        Block block;
        ExecutedBlock known;
    };
    ChainHeader head;
    std::vector<Asked> asked;  ///< for a block
    std::vector<Import> imports;
    std::vector<Code> said;
    std::size_t said_ahead = 0;
    std::vector<Hash256> checked;

    /// So long after the genesis.
    Now at(Duration time) const {
        return {Instant{} + seconds{100} + time,
                UnixTime{seconds{genesis_time_s} + std::chrono::floor<milliseconds>(time)}};
    }
    void start(Duration time) {
        now_ = at(time);
        agreement.on_head(now_);
        run_all(jobs, now_);
    }
    /// Everything that happens until then.
    void run(Duration until) {
        const auto end = at(until);
        while (agreement.next_wakeup() <= end.instant) {
            now_ = at(std::max(agreement.next_wakeup(), now_.instant) - at({}).instant);
            agreement.on_timer(now_);
            run_all(jobs, now_);
        }
        now_ = end;
    }
    /// Answers the last question for a block.
    void make(std::shared_ptr<const Executed> executed = {}) {
        auto& question = asked.back();
        Block block;
        auto& header = block.header;
        header.parent_hash = question.parent.header.hash;
        header.number = question.parent.header.header.number + 1;
        header.timestamp = question.time_s;
        header.beneficiary = address_of_secret(secret_of(self));
        header.extra_data = question.extra.encode();
        question.done(now_, Agreement::Draft{block, {{}, std::move(executed)}});
        run_all(jobs, now_);
    }
    void take_over(const Block& block) {
        head = child_of(*engine, head, block.header, engine->hash_of(block.header));
        agreement.on_head(now_);
        run_all(jobs, now_);
    }

    JobQueue jobs{64};
    MemoryLog first, second;
    std::shared_ptr<const Qbft> engine = std::make_shared<const Qbft>(QbftConfig{});
    Agreement agreement{
        {},
        engine,
        {.head = [this]() -> const ChainHeader& { return head; },
         .make =
             [this](Now, const auto& parent, const auto& extra, auto time_s, auto done) {
                 asked.push_back({parent, time_s, std::move(done), extra});
                 return true;
             },
         .check =
             [this](Now now, auto block, auto known, auto done) {
                 if (!known.executed) checked.push_back(block->digest);
                 done(now, std::move(known));
                 return true;
             },
         .import = [this](Now, auto block,
                          auto known) { imports.push_back({std::move(block), std::move(known)}); },
         .last_vote = [](Now, const auto&, auto, auto) { return true; },
         .form = {.limits = {.extra_data_bytes_max = extra_data_bytes_max}}},
        {.say = [this](Code code, const auto&, const auto&) { said.push_back(code); },
         .say_ahead = [this](const auto&) { ++said_ahead; }},
        std::make_shared<LocalSigner>(secret_of(self)),
        std::make_shared<RecordLog>(*RecordLog::open(first, second)),
        jobs,
        no_log()};

private:
    Now now_;
};

}  // namespace

TEST_CASE("a block is made before its time, told ahead, and proposed when it is due") {
    AgreementRig rig{{self}};
    rig.start(milliseconds{200});
    rig.run(milliseconds{980});
    CHECK(rig.asked.empty());
    rig.run(milliseconds{995});
    REQUIRE(rig.asked.size() == 1);
    CHECK(rig.asked[0].time_s == genesis_time_s + 1);
    CHECK_FALSE(rig.asked[0].parent.block);
    rig.make();
    CHECK(rig.said_ahead == 1);
    CHECK(rig.said.empty());
    const auto written = RecordLog::open(rig.first, rig.second)->latest();
    REQUIRE(written);
    CHECK(written->proposed);
    rig.run(milliseconds{999});
    CHECK(rig.said.empty());
    rig.run(seconds{1});
    CHECK(rig.said == std::vector{Code::proposal, Code::prepare, Code::commit});
    CHECK(rig.asked.size() == 1);
}

TEST_CASE("one that is not made in time is proposed as soon as it is") {
    AgreementRig rig{{self}};
    rig.start(milliseconds{200});
    rig.run(milliseconds{1'100});
    REQUIRE(rig.asked.size() == 1);
    CHECK(rig.said.empty());
    rig.make();
    CHECK(rig.said_ahead == 0);
    CHECK(rig.said == std::vector{Code::proposal, Code::prepare, Code::commit});
}

TEST_CASE("making one takes long: the next one is begun as much earlier") {
    AgreementRig rig{{self}};
    rig.start(milliseconds{200});
    rig.run(milliseconds{995});
    rig.run(milliseconds{1'095});  // 105 ms after it was asked for
    rig.make();
    REQUIRE(rig.imports.size() == 1);
    rig.take_over(rig.imports[0].block);
    rig.run(milliseconds{1'785});
    CHECK(rig.asked.size() == 1);
    rig.run(milliseconds{1'800});
    CHECK(rig.asked.size() == 2);
}

TEST_CASE("the next block is made on the one that is on its way into the ledger") {
    AgreementRig rig{{self}};
    rig.start(milliseconds{200});
    rig.run(seconds{1});
    const auto executed = std::make_shared<const Executed>();
    rig.make(executed);
    REQUIRE(rig.imports.size() == 1);
    CHECK(rig.imports[0].known.executed == executed);
    CHECK(rig.checked.empty());  // it was executed when it was made
    rig.run(seconds{2});         // the ledger is slow
    REQUIRE(rig.asked.size() == 2);
    const auto& parent = rig.asked[1].parent;
    REQUIRE(parent.block);
    CHECK(parent.header.hash == rig.engine->hash_of(rig.imports[0].block.header));
    CHECK(parent.executed == executed);
    CHECK(rig.asked[1].time_s == genesis_time_s + 2);
    rig.make();
    rig.said.clear();
    rig.take_over(rig.imports[0].block);
    CHECK(rig.said == std::vector{Code::proposal, Code::prepare, Code::commit});
    CHECK(rig.asked.size() == 2);
    REQUIRE(rig.imports.size() == 2);
    CHECK(rig.imports[1].block.header.parent_hash == rig.head.hash);
}

TEST_CASE("a block that was made for another head is forgotten") {
    AgreementRig rig{{self}};
    rig.start(milliseconds{200});
    rig.run(milliseconds{995});
    rig.make();
    auto other = rig.imports.empty() ? Block{} : rig.imports[0].block;
    other.header.number = 1;
    other.header.timestamp = genesis_time_s + 1;
    other.header.extra_data = rig.engine->extra_after(rig.head, {}, 0).encode();
    rig.take_over(other);
    rig.run(milliseconds{1'500});
    CHECK(rig.said.empty());
    rig.run(seconds{2});
    REQUIRE(rig.asked.size() == 2);
    CHECK(rig.asked[1].parent.header.hash == rig.head.hash);
}
