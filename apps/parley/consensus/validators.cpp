// parley validators: who they are, and this validator's votes on who they should be.
#include "client/client.hpp"
#include "command.hpp"
#include "consensus/consensus_view.hpp"

#include <fmt/format.h>

#include <memory>

namespace parley::app {

namespace {

constexpr auto description =
    R"(Shows who makes and seals the blocks of a chain by votes, the votes that are open on
others, and what this node votes for. With propose, the blocks of this node vote to
add or remove a validator; more than half of the validators must do so.)";

constexpr auto footer = R"text(EXAMPLES
  parley validators alice
  parley validators propose alice 0xfe3b557e8fb62b89f4916b721be55ceb828dbd73 --add
  parley validators propose alice 0xfe3b557e8fb62b89f4916b721be55ceb828dbd73 --discard
  parley validators resume alice

FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 it worked, 1 the node does not answer or refuses, 2 wrong command line)text";

constexpr auto propose_description =
    R"(The blocks of the node that runs in the folder DIR vote to add ADDRESS to the
validators or to remove it, until it is so, --discard, or the end of the node. A vote
stands until the epoch ends (30,000 blocks by default). The change takes effect with
the block after the vote that makes more than half.)";

constexpr auto resume_description =
    R"(A validator that finds no record of what it said (DIR/chain/votes.0, votes.1) waits
for a block before it speaks; if its key voted in one of the last 100 blocks, it is
silent until 100 blocks went by without it, since another node may have the key: two
that speak in one validator's name can split the chain. If you know that no other
node has the key, this lets it speak at once.)";

struct Options {
    std::string folder;
    bool json = false;
    std::string address;
    bool adds = false;
    bool removes = false;
    bool discards = false;
};

Outcome list(const Options& options) {
    const auto reply = call(options.folder, "parley_validators");
    if (!reply) return std::unexpected{reply.error()};
    fmt::print("{}",
               options.json ? boost::json::serialize(*reply) + '\n' : validators_text(*reply));
    return {};
}

Outcome propose(const Options& options) {
    if (options.discards) {
        const auto reply = call(options.folder, "qbft_discardValidatorVote", {options.address});
        if (!reply) return std::unexpected{reply.error()};
        if (reply->is_bool() && reply->get_bool()) return {};
        return failed("this node does not vote on " + options.address);
    }
    const auto reply =
        call(options.folder, "qbft_proposeValidatorVote", {options.address, options.adds});
    if (!reply) return std::unexpected{reply.error()};
    return {};
}

Outcome resume(const Options& options) {
    const auto reply = call(options.folder, "parley_resumeValidator");
    if (!reply) return std::unexpected{reply.error()};
    if (reply->is_bool() && reply->get_bool()) return {};
    return failed("this node is not silent for want of a record");
}

void add_resume(CLI::App& validators, Chosen& chosen) {
    auto* command =
        add_command(validators, "resume", "let one speak that lost its record", resume_description);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->callback([options, &chosen] { chosen = [options] { return resume(*options); }; });
}

void add_propose(CLI::App& validators, Chosen& chosen) {
    auto* command =
        add_command(validators, "propose", "vote to add or remove one", propose_description);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_option("ADDRESS", options->address, "The validator's, 0x and 40 hex digits")
        ->required();
    auto* ways = command->add_option_group("vote");
    ways->add_flag("--add", options->adds, "It should be a validator");
    ways->add_flag("--remove", options->removes, "It should not be one");
    ways->add_flag("--discard", options->discards, "This node votes on it no more");
    ways->require_option(1);
    command->callback([options, &chosen] { chosen = [options] { return propose(*options); }; });
}

}  // namespace

void add_validators(CLI::App& app, Chosen& chosen) {
    auto* validators =
        add_command(app, "validators", "show the validators, and vote on them", description);
    validators->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*validators, options->folder)->required(false);
    validators->add_flag("--json", options->json, "As one JSON object");
    add_propose(*validators, chosen);
    add_resume(*validators, chosen);
    validators->callback([options, validators, &chosen] {
        if (!validators->get_subcommands().empty()) return;  // its own is chosen
        if (options->folder.empty()) throw CLI::RequiredError{"DIR"};
        chosen = [options] { return list(*options); };
    });
}

}  // namespace parley::app
