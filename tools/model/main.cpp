// qbft-model: shows that the production code of the consensus reaches no state with two final
// blocks or a bad one, and that five mistakes in it would be found.
//
//     qbft-model [--restarts N]    exit status 0: all as it must be
#include <fmt/format.h>
#include <tools/model/explore.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace parley;

constexpr std::size_t states_max = 40'000'000;

bool all_states(std::size_t restarts) {
    bool good = true;
    for (std::size_t faulty = 0; faulty < 4; ++faulty) {
        const auto began = std::chrono::steady_clock::now();
        const auto out = model::explore(faulty, restarts, states_max);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        fmt::print("{} faulty: {} states, {} different machines, depth {}, {:.1f} s: {}\n",
                   static_cast<char>('A' + faulty), out.states, out.machines, out.depth,
                   took.count(),
                   out.violation             ? out.violation->back()
                   : out.states > states_max ? "NOT ALL STATES"
                                             : "agreement and validity hold in every one");
        std::fflush(stdout);
        if (out.violation) {
            for (const auto& step : *out.violation) fmt::print("    {}\n", step);
        }
        good = good && !out.violation && out.states <= states_max;
    }
    return good;
}

#ifdef PARLEY_MUTATIONS
/// The shortest ways are found long before.
constexpr std::size_t mistake_states_max = 4'000'000;

struct Mistake {
    Mutation mutation;
    std::string_view name;
    std::size_t restarts = 0;  ///< that it takes
};
constexpr Mistake mistakes[] = {
    {Mutation::highest_prepared_dropped, "a proposal need not be of the block prepared last"},
    {Mutation::authors_not_distinct, "one validator's messages make a quorum"},
    {Mutation::rounds_not_compared, "what proves a prepared round may be of any round"},
    {Mutation::lock_lost, "who restarts forgets what it prepared", 1},
    {Mutation::own_validation_dropped, "a block is prepared although it may not follow"},
};

bool is_found(const Mistake& mistake) {
    std::optional<std::vector<std::string>> shortest;
    active_mutation = mistake.mutation;
    for (std::size_t faulty = 0; faulty < 4; ++faulty) {
        auto out = model::explore(faulty, mistake.restarts, mistake_states_max);
        if (out.violation && (!shortest || out.violation->size() < shortest->size())) {
            shortest = std::move(out.violation);
        }
    }
    active_mutation = Mutation::none;
    fmt::print("{}: {}\n", mistake.name, shortest ? "found" : "NOT FOUND");
    if (shortest) {
        for (const auto& step : *shortest) fmt::print("    {}\n", step);
    }
    std::fflush(stdout);
    return shortest.has_value();
}
#endif

}  // namespace

int main(int count, char** arguments) {
    std::size_t restarts = 0;
    if (count == 3 && std::string_view{arguments[1]} == "--restarts") {
        restarts = std::strtoul(arguments[2], nullptr, 10);
    }
    bool good = all_states(restarts);
#ifdef PARLEY_MUTATIONS
    for (const auto& mistake : mistakes) good = is_found(mistake) && good;
#endif
    return good ? 0 : 1;
}
