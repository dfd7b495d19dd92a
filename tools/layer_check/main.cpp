// layer-check ROOT: prints what the design forbids, one finding a line; fails if there is any.
#include "check.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("usage: layer-check ROOT\n", stderr);
        return 2;
    }
    const auto tree = layer_check::read_tree(argv[1]);
    const auto findings = layer_check::check(tree);
    for (const auto& finding : findings) std::puts(layer_check::to_string(finding).c_str());
    std::printf("%zu files, %zu findings\n", tree.size(), findings.size());
    return tree.empty() || !findings.empty() ? 1 : 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "layer-check: %s\n", error.what());
    return 2;
}
