#include "harness.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <stdexcept>

namespace parley::bench {

namespace {

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const auto n = values.size();
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace

void run(const Benchmark& benchmark) {
    if (const auto why = benchmark.obstacle ? benchmark.obstacle() : std::string{}; !why.empty()) {
        fmt::print("{{\"bench\":\"{}\",\"skipped\":\"{}\"}}\n", benchmark.name, why);
        std::fflush(stdout);
        return;
    }
    std::vector<double> ours;
    std::vector<double> limits;
    for (std::size_t i = 0; i < benchmark.runs; ++i) {
        limits.push_back(benchmark.limit());
        ours.push_back(benchmark.ours());
    }
    const double value = median(ours);
    const double limit = median(limits);
    fmt::print(
        "{{\"bench\":\"{}\",\"value\":{:.6g},\"unit\":\"{}\",\"limit\":{:.6g},\"limit_of\":\"{}\","
        "\"ratio\":{:.3f},\"runs\":{},\"min\":{:.6g},\"max\":{:.6g}{}}}\n",
        benchmark.name, value, benchmark.unit, limit, benchmark.limit_of, value / limit,
        benchmark.runs, std::ranges::min(ours), std::ranges::max(ours),
        benchmark.beside ? benchmark.beside() : std::string{});
    std::fflush(stdout);
}

PeerProcess::PeerProcess(const std::vector<std::string>& arguments) {
    int pipes[2];
    if (pipe(pipes) != 0) throw std::runtime_error{"pipe failed"};
    std::vector<std::string> words{"parley-bench", "--peer"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execv("/proc/self/exe", argv.data());
        _exit(127);
    }
    close(pipes[1]);
    output_ = pipes[0];
}

PeerProcess::~PeerProcess() {
    kill(pid_, SIGTERM);
    int status = 0;
    waitpid(pid_, &status, 0);
    close(output_);
}

std::string PeerProcess::read_line() {
    std::string line;
    char c = 0;
    while (read(output_, &c, 1) == 1) {
        if (c == '\n') return line;
        line += c;
    }
    throw std::runtime_error{"the peer process ended early"};
}

double resident_bytes(pid_t process) {
    const std::string of = process == 0 ? "self" : std::to_string(process);
    std::ifstream file{"/proc/" + of + "/statm"};
    double total = 0;
    double resident = 0;
    double shared = 0;
    file >> total >> resident >> shared;
    return (resident - shared) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double thread_seconds_now() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void run_processes(const TargetBenchmark& benchmark, const std::vector<std::string>& arguments) {
    std::vector<double> values;
    std::string beside;
    for (unsigned i = 0; i < benchmark.runs; ++i) {
        PeerProcess process{arguments};
        const auto line = process.read_line();
        double value = 0;
        const auto read = std::from_chars(line.data(), line.data() + line.size(), value);
        values.push_back(value);
        beside = std::string{read.ptr, line.data() + line.size()};
    }
    std::ranges::sort(values);
    const double value = values[values.size() / 2];
    const bool met =
        benchmark.more_is_better ? value >= benchmark.target : value <= benchmark.target;
    fmt::print(
        "{{\"bench\":\"{}\",\"value\":{:.4g},\"unit\":\"{}\",\"target\":{},\"met\":{},\"runs\":{},"
        "\"min\":{:.4g},\"max\":{:.4g}{}}}\n",
        benchmark.name, value, benchmark.unit, benchmark.target, met, benchmark.runs,
        values.front(), values.back(), beside);
    std::fflush(stdout);
}

}  // namespace parley::bench
