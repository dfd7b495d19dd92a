#include <parley/chain/ledger/import_error.hpp>

#include <fmt/format.h>

namespace parley::chain {

std::string message(const BranchError& error) {
    switch (error.code) {
        case BranchErrc::unknown_parent:
            return "the parent is not known";
        case BranchErrc::invalid_parent:
            return "the parent is invalid";
        case BranchErrc::too_deep:
            return fmt::format(
                "the branch leaves the main chain more than {} blocks below the head",
                error.expected);
        case BranchErrc::busy:
            return fmt::format("too much waits to be imported: {}, at most {}", error.actual,
                               error.expected);
    }
    return "unknown";
}

std::string message(const ImportError& error) {
    return std::visit([](const auto& what) { return message(what); }, error);
}

}  // namespace parley::chain
