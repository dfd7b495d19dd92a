// For tests: where public test vectors are, and what to say when they are not there.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string_view>

namespace parley::testing {

/// PARLEY_VECTORS, else a folder beside the project; it need not be there.
inline std::filesystem::path vectors(std::string_view name) {
    const char* given = std::getenv("PARLEY_VECTORS");  // NOLINT(concurrency-mt-unsafe)
    const std::filesystem::path root =
        given != nullptr ? given : PARLEY_SOURCE_DIR "/../shared/vectors";
    return root / name;
}

/// A test that has none passes, and says so; but not where CI=true, which would hide that nothing
/// was tested.
inline void no_vectors(std::string_view name) {
    std::cout << "skipped: no vectors (" << name << ")\n";
    const char* ci = std::getenv("CI");  // NOLINT(concurrency-mt-unsafe)
    const bool may_be_missing = ci == nullptr || std::string_view{ci} != "true";
    CHECK_MESSAGE(may_be_missing, "CI=true, and there are no vectors: " << name);
}

}  // namespace parley::testing
