// parley chain export: blocks of the ledger into a file.
#include "chain/chain.hpp"
#include "folder.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Writes blocks of the main chain to a file, RLP, one after the other, as `geth import` and
`parley chain import` read them: all after the genesis, or those of --first to --last.)text";

struct Options {
    std::string folder;
    std::string file;
    std::uint64_t first = 1;
    std::optional<std::uint64_t> last;
};

Outcome write_blocks(OfflineLedger& offline, const Options& options, std::ostream& out) {
    const auto& blocks = offline.ledger().blocks();
    const auto head = offline.ledger().head().header.number;
    const auto last = options.last.value_or(head);
    if (last > head || options.first > last + 1) {
        return failed(fmt::format("expected blocks up to {}, the head, got {} to {}", head,
                                  options.first, last));
    }
    for (auto number = options.first; number <= last; ++number) {
        const auto hash = blocks.main(number);
        if (!hash) return failed(message(hash.error()));
        if (!*hash) return failed(fmt::format("block {} is not there", number));
        const auto logged = blocks.read(**hash);
        if (!logged) return failed(message(logged.error()));
        if (!*logged) return failed(fmt::format("block {} is not there", number));
        const auto raw = (*logged)->block.encode();
        const auto text = text_of(raw);
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
    }
    out.flush();
    if (!out)
        return failed(fmt::format("cannot write {}: {}", options.file, system_message(errno)));
    fmt::print(stderr, "{} blocks in {}\n", last + 1 - options.first, options.file);
    return {};
}

Outcome export_blocks(const Options& options) {
    auto offline = OfflineLedger::open(options.folder);
    if (!offline) return std::unexpected{offline.error()};
    if (options.file == "-") return write_blocks(**offline, options, std::cout);
    std::ofstream out{options.file, std::ios::binary | std::ios::trunc};
    if (!out) return failed(fmt::format("cannot make {}: {}", options.file, system_message(errno)));
    return write_blocks(**offline, options, out);
}

}  // namespace

void add_chain_export(CLI::App& chain, Chosen& chosen) {
    auto* command = add_command(chain, "export", "blocks of the ledger into a file", description);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_option("FILE", options->file, "The file to write; -: standard output")->required();
    command->add_option("--first", options->first, "The number of the first block")
        ->type_name("N")
        ->capture_default_str();
    command->add_option("--last", options->last, "That of the last; without: the head")
        ->type_name("N");
    command->callback(
        [options, &chosen] { chosen = [options] { return export_blocks(*options); }; });
}

}  // namespace parley::app
