// For tests: what to say where something is missing that the machine should have.
#pragma once

#include <parley/base/test_may_skip.hpp>

#include <doctest/doctest.h>

#include <iostream>
#include <string_view>

namespace parley::testing {

/// The test passes, and says why; it fails where that would hide that nothing was tested.
inline void skip(std::string_view what, std::string_view why) {
    std::cout << "skipped: " << what << ": " << why << '\n';
    CHECK_MESSAGE(may_skip(what), "CI=true, and there are no " << what << ": " << why);
}

}  // namespace parley::testing
