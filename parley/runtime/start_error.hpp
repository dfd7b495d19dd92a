// StartError: the reason why a part of the runtime could not start, in words for the user.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace parley::runtime {

struct StartError {
    std::string what;      ///< "cannot listen on 127.0.0.1:30303: Address already in use"
    int system_error = 0;  ///< errno, 0 if none
};

/// A failure without errno, as the value of a function that returns a Result.
inline std::unexpected<StartError> failed(std::string what) {
    return std::unexpected{StartError{.what = std::move(what)}};
}

/// A StartError with the text "cannot <action> <where>: <text of errno>".
StartError start_error(const std::string& action, const std::string& where, int system_error);

}  // namespace parley::runtime
