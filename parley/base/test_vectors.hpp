// For tests: where public test vectors are, and what to say when they are not there.
#pragma once

#include <parley/base/test_skip.hpp>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace parley::testing {

/// PARLEY_VECTORS, else a folder beside the project; it need not be there.
inline std::filesystem::path vectors(std::string_view name) {
    const char* given = std::getenv("PARLEY_VECTORS");  // NOLINT(concurrency-mt-unsafe)
    const std::filesystem::path root =
        given != nullptr ? given : PARLEY_SOURCE_DIR "/../shared/vectors";
    return root / name;
}

/// For a test that has none.
inline void no_vectors(std::string_view name) {
    skip("vectors", name);
}

}  // namespace parley::testing
