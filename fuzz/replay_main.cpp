// Runs a fuzz target once over every file of its corpus, without libFuzzer: what a fuzzer found
// once stays a test with every compiler.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: fuzz_replay_NAME CORPUS_DIRECTORY\n", stderr);
        return 2;
    }
    const std::vector<std::uint8_t> empty;
    LLVMFuzzerTestOneInput(empty.data(), 0);

    std::set<std::filesystem::path> inputs;  // sorted, so that a crash comes at the same place
    std::error_code no_corpus;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1], no_corpus))
        if (entry.is_regular_file()) inputs.insert(entry.path());
    for (const auto& input : inputs) {
        std::printf("%s\n", input.filename().c_str());
        std::fflush(stdout);  // the last name printed is the input that crashed
        const auto data = read_file(input);
        LLVMFuzzerTestOneInput(data.data(), data.size());
    }
    std::printf("%zu inputs\n", inputs.size());
    return inputs.empty() ? 1 : 0;  // a target without seeds was forgotten
}
