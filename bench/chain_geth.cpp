#include "chain.hpp"
#include "temp_folder.hpp"
#include "transfer_chain.hpp"
#include <parley/chain/genesis/genesis_json.hpp>

#include <boost/json.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace parley::bench {
namespace {

/// The program of tools/interop/ledger, which `./dev bench` builds where there is Go.
std::string geth_program() {
    const char* named = std::getenv("PARLEY_LEDGER_GETH");
    return named == nullptr ? "" : named;
}

void write_file(const std::string& path, std::string_view text) {
    std::ofstream out{path, std::ios::binary};
    out << text;
    out.close();
    if (!out) throw std::runtime_error{"cannot write " + path};
}

/// The chain as files, for as long as the process.
const TempFolder& chain_files() {
    static const TempFolder folder;
    static const bool written = [] {
        std::string raw;
        for (const auto& block : transfer_chain().blocks) raw += text_of(block.encode());
        write_file(folder.file("genesis.json"), to_json(transfer_chain().genesis));
        write_file(folder.file("blocks.rlp"), raw);
        return true;
    }();
    (void)written;
    return folder;
}

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(command.c_str(), "r"), ::pclose};
    if (!pipe) throw std::runtime_error{"cannot run " + command};
    std::string out;
    std::array<char, 4096> part{};
    while (const auto size = std::fread(part.data(), 1, part.size(), pipe.get())) {
        out.append(part.data(), size);
    }
    return out;
}

}  // namespace

std::string geth_obstacle() {
    if (geth_program().empty()) return "needs Go (./dev bench builds with it)";
    return std::filesystem::exists(geth_program()) ? "" : geth_program() + " is not there";
}

double geth_import() {
    const auto& folder = chain_files();
    const auto summary = boost::json::parse(output_of("'" + geth_program() + "' replay '" +
                                                      folder.file("genesis.json") + "' '" +
                                                      folder.file("blocks.rlp") + "'"));
    const auto& chain = transfer_chain();
    if (summary.at("stateRoot").as_string() !=
        "0x" + to_hex(chain.blocks.back().header.state_root)) {
        throw std::runtime_error{"go-ethereum has another state"};
    }
    return static_cast<double>(chain.transfers()) / summary.at("seconds").to_number<double>();
}

}  // namespace parley::bench
