// parley mine: an outside miner of a node.
#include "client/client.hpp"
#include "command.hpp"
#include "live_line.hpp"
#include "mine/nonce_threads.hpp"
#include "text.hpp"
#include <parley/base/endian.hpp>
#include <parley/chain/consensus/pow/work.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/signals.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace parley::app {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto description =
    R"text(Looks for the nonces of blocks on behalf of a node whose chain is made by work: asks it
for work, and hands in what is found. Reward and fees go to the account that the
node's setting chain.miner names. Until Ctrl-C, or --blocks.)text";

constexpr auto footer = R"text(EXAMPLES
  parley mine alice
  parley mine 127.0.0.1:8570 --threads 8

FILES
  DIR/parley.sock   a node by its folder is asked here

EXIT STATUS
  0 ended by a signal or after --blocks, 1 the node does not answer or makes no work,
  2 wrong command line)text";

constexpr Duration ask_each = 500ms;
/// While there is no work.
constexpr Duration ask_soon = 50ms;
constexpr Duration report_each = 5s;
/// Where no terminal is.
constexpr Duration line_each = 1min;
/// What a node says that will have work soon.
constexpr std::string_view no_work_yet = "no mining work available yet";

struct Options {
    std::string node;
    unsigned threads = 0;
    std::uint64_t blocks = 0;
};

Result<runtime::RpcAddress, Failure> address_of_node(const std::string& node) {
    std::error_code ignored;
    if (std::filesystem::is_directory(node, ignored)) return socket_in(node);
    std::string_view text = node;
    if (text.starts_with("http://")) text.remove_prefix(7);
    if (text.ends_with('/')) text.remove_suffix(1);
    if (const auto endpoint = Endpoint::parse(text)) return runtime::RpcAddress{*endpoint};
    return failed(fmt::format(
        "{}: expected a node's folder, or ADDRESS:PORT of its JSON-RPC over HTTP", node));
}

std::optional<Buffer> data_at(const json::value& items, std::size_t place) {
    const auto* text = items.as_array()[place].if_string();
    if (text == nullptr || !text->starts_with("0x")) return std::nullopt;
    return from_hex(std::string_view{*text}.substr(2));
}

/// Of eth_getWork's five items.
Result<chain::Work, Failure> read_items(const json::value& items) {
    const auto* array = items.if_array();
    if (array == nullptr || array->size() < 5) {
        return failed(
            fmt::format("eth_getWork: expected five items, the last one a header, got {}: "
                        "is it a node of Parley?",
                        array == nullptr ? 0 : array->size()));
    }
    const auto name = data_at(items, 0);
    const auto boundary = data_at(items, 2);
    const auto header = data_at(items, 4);
    if (!name || !boundary || boundary->size() != sizeof(Uint256) || !header) {
        return failed("eth_getWork: expected hex data of 32 bytes, and a header");
    }
    auto work = chain::read_work(*header, array_of<sizeof(Uint256)>(*boundary));
    if (!work) return failed(fmt::format("eth_getWork: header: {}", message(work.error())));
    if (to_buffer(work->name) != *name) {
        return failed("eth_getWork: the header is not that which the first item names");
    }
    return std::move(*work);
}

/// One run of the command.
class Mining {
public:
    Mining(runtime::RpcAddress node, const Options& options)
        : node_(std::move(node)),
          options_(options),
          search_(options.threads, runtime::random_seed()) {
        runtime::OsEntropy{}.fill(MutableBytes{id_});
        search_.on_found([this] { woken_.release(); });
    }

    Outcome run() {
        const runtime::Signals signals{[this](int) {
            is_stopped_ = true;
            woken_.release();
        }};
        if (auto ok = ask(); !ok) return ok;
        say(fmt::format("Mining with {} thread{}; Ctrl-C ends it.", options_.threads,
                        options_.threads == 1 ? "" : "s"));
        while (!is_stopped_ && (options_.blocks == 0 || found_ < options_.blocks)) {
            for (const auto& solution : search_.take({})) hand_in(solution);
            const auto now = runtime::monotonic_now();
            if (now >= next_ask_) note(ask());
            if (now >= next_report_) report(now);
            line_.show(state_text());
            (void)woken_.try_acquire_for(work_ ? ask_each : ask_soon);
        }
        line_.clear();
        fmt::print("{} found, {} too late.\n", blocks_text(found_), late_);
        return {};
    }

private:
    /// For other work. A node that has none yet is asked again.
    Outcome ask() {
        next_ask_ = runtime::monotonic_now() + ask_each;
        const auto items = call_at(node_, "eth_getWork");
        if (!items) {
            drop();
            if (items.error().what == no_work_yet) return {};
            return std::unexpected{items.error()};
        }
        auto work = read_items(*items);
        if (!work) {
            drop();
            return std::unexpected{work.error()};
        }
        if (work_ && work_->name == work->name) return {};
        work_ = std::make_shared<const chain::Work>(std::move(*work));
        search_.begin({}, work_);
        return {};
    }

    void drop() {
        search_.stop();
        work_.reset();
        next_ask_ = runtime::monotonic_now() + ask_soon;
    }

    void hand_in(const chain::Solution& solution) {
        if (!work_ || work_->name != solution.work) return;
        const auto work = work_;
        ByteArray<sizeof(std::uint64_t)> nonce{};
        store_be(MutableBytes{nonce}, solution.nonce);
        const auto taken = call_at(
            node_, "eth_submitWork",
            {rpc::hex_data(nonce), rpc::hex_data(solution.work), rpc::hex_data(solution.mix_hash)});
        drop();
        next_ask_ = {};
        if (!taken) return note(std::unexpected{taken.error()});
        const bool is_good = taken->is_bool() && taken->get_bool();
        ++(is_good ? found_ : late_);
        say(is_good ? fmt::format("Block {} found: {}", work->number,
                                  rpc::hex_data(chain::hash_of(*work, solution)))
                    : fmt::format("Block {}: too late, there is other work", work->number));
    }

    void report(Instant now) {
        next_report_ = now + report_each;
        const auto rate = static_cast<std::uint64_t>(search_.rate());
        (void)call_at(node_, "eth_submitHashrate", {rpc::hex_quantity(rate), rpc::hex_data(id_)});
    }

    /// What is wrong, once, until it is well again.
    void note(const Outcome& outcome) {
        const auto problem = outcome ? std::string{} : outcome.error().what;
        if (problem == problem_) return;
        problem_ = problem;
        line_.clear();
        fmt::print(stderr, "parley: {}\n", outcome ? "the node answers again" : problem);
    }

    void say(const std::string& text) {
        line_.clear();
        fmt::print("{}\n", text);
        std::fflush(stdout);
    }

    static std::string blocks_text(std::uint64_t blocks) {
        return fmt::format("{} block{}", count_text(static_cast<std::int64_t>(blocks)),
                           blocks == 1 ? "" : "s");
    }

    std::string state_text() const {
        const auto doing =
            work_ ? fmt::format("at block {}", work_->number) : std::string{"waits for work"};
        return fmt::format("{}, {}; {} found, {} too late", doing, hash_rate_text(search_.rate()),
                           blocks_text(found_), late_);
    }

    runtime::RpcAddress node_;
    Options options_;
    NonceThreads search_;
    Hash256 id_{};  // of this miner's reports
    std::shared_ptr<const chain::Work> work_;
    std::counting_semaphore<> woken_{0};
    std::atomic<bool> is_stopped_{false};
    std::uint64_t found_ = 0, late_ = 0;
    std::string problem_;
    Instant next_ask_{}, next_report_{};
    LiveLine line_{stdout, line_each};
};

Outcome mine(const Options& options) {
    auto node = address_of_node(options.node);
    if (!node) return std::unexpected{node.error()};
    return Mining{std::move(*node), options}.run();
}

}  // namespace

void add_mine(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "mine", "look for nonces on behalf of a node", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    options->threads = std::max(std::thread::hardware_concurrency(), 1U);
    command
        ->add_option("NODE", options->node,
                     "A node's folder, or ADDRESS:PORT of its JSON-RPC over HTTP")
        ->required();
    command->add_option("--threads", options->threads, "That look for nonces")
        ->type_name("N")
        ->check(CLI::Range(1, 1'024))
        ->capture_default_str();
    command->add_option("--blocks", options->blocks, "End after so many blocks; 0: never")
        ->type_name("N")
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return mine(*options); }; });
}

}  // namespace parley::app
