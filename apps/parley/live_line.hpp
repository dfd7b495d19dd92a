// LiveLine: how far something has come, on a line that is written over while it goes on.
#pragma once

#include <parley/base/time.hpp>

#include <cstdio>
#include <string>

namespace parley::app {

class LiveLine {
public:
    /// Where no terminal is: a line of its own so often; nothing by default.
    explicit LiveLine(std::FILE* out = stdout, Duration elsewhere = Duration::max());

    /// Shows it unless something was shown a moment ago.
    void show(const std::string& text);
    void clear();

private:
    std::FILE* out_;
    bool terminal_;
    Duration interval_;
    Instant next_;
};

}  // namespace parley::app
