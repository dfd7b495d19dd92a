#include <parley/chain/ledger/ledger_error.hpp>

#include <fmt/format.h>

namespace parley::chain {

std::string message(const LedgerError& error) {
    switch (error.code) {
        case LedgerErrc::store:
            return error.store ? "the chain: " + message(*error.store) : "the chain's store failed";
        case LedgerErrc::other_genesis:
            return fmt::format(
                "the folder holds the chain of genesis 0x{}, and the settings name 0x{}: use the "
                "genesis file of that chain, or another folder",
                to_hex(error.actual), to_hex(error.expected));
        case LedgerErrc::replay:
            return fmt::format(
                "block 0x{} of the log cannot be executed again: {}; the folder was written by "
                "other rules, or is damaged",
                to_hex(error.expected), error.import ? message(*error.import) : "unknown");
    }
    return "unknown";
}

}  // namespace parley::chain
