// Runs programs for tests: with deadlines, and gone at the end of the test whatever happens.
#pragma once

#include <parley/runtime/io/unique_fd.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace parley::testing {

inline std::string read_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}
inline void write_file(const std::string& path, const std::string& text) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << text;
}

/// A child process whose output goes to files. Killed on destruction.
class Program {
public:
    /// `args[0]` is the program's path.
    Program(std::vector<std::string> args, const std::string& out_file, const std::string& err_file,
            const std::string& in_file = "/dev/null") {
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        constexpr int write_flags = O_WRONLY | O_CREAT | O_TRUNC;
        ::posix_spawn_file_actions_addopen(&actions, 0, in_file.c_str(), O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions, 1, out_file.c_str(), write_flags, 0600);
        ::posix_spawn_file_actions_addopen(&actions, 2, err_file.c_str(), write_flags, 0600);
        std::vector<char*> argv;
        for (auto& arg : args) argv.push_back(arg.data());
        argv.push_back(nullptr);
        const int error = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) throw std::runtime_error{"cannot run " + args[0]};
        pid_fd_ = runtime::UniqueFd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
        if (!pid_fd_) throw std::runtime_error{"pidfd_open"};
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (exit_code_) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    void signal(int number) {
        if (!exit_code_) ::kill(pid_, number);
    }
    /// The exit code, or 128 + the signal that ended it; nothing if it still runs by then.
    std::optional<int> wait(std::chrono::milliseconds patience) {
        if (exit_code_) return exit_code_;
        pollfd ended{pid_fd_.get(), POLLIN, 0};
        if (::poll(&ended, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
        int status = 0;
        ::waitpid(pid_, &status, 0);
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return exit_code_;
    }

private:
    pid_t pid_ = 0;
    runtime::UniqueFd pid_fd_;
    std::optional<int> exit_code_;
};

struct Output {
    int exit_code = -1;
    std::string out, err;
};

}  // namespace parley::testing
