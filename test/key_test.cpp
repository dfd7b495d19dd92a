// Keys with a passphrase, as a user has them: files, a terminal, and nothing of them in any output.
#include "cli.hpp"
#include <parley/runtime/io/unique_fd.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;

namespace {

/// Quick to derive (scrypt with n = 2); the passphrase is "good".
constexpr std::string_view cheap_keystore = R"({
  "version": 3,
  "node_id": "0332d87c5cd4b31d81c5b010af42a2e413af253dc3a91bd3d53c6b2c45291c3de7",
  "id": "5a76f94e-f7fa-48b3-922c-484f963d5c47",
  "crypto": {
    "cipher": "aes-128-ctr",
    "cipherparams": {"iv": "5458ec95c2728d0fdc616f54cb4dbc1a"},
    "ciphertext": "c9da9e0689f0ea7e2a24cc315684e5e5deb89f9a9cc8a41da23f60382dc9f067",
    "kdf": "scrypt",
    "kdfparams": {"dklen": 32, "n": 2, "r": 1, "p": 1,
      "salt": "96792c9549d3f1d64072801e733829fb1803547eec04a9fd498c21b6e31c6edf"},
    "mac": "95339d3d823dde00ab1de651a38bd9371e224ac7cc3b65b2a6182145fab25f65"
  }
})";
constexpr std::string_view cheap_id =
    "0332d87c5cd4b31d81c5b010af42a2e413af253dc3a91bd3d53c6b2c45291c3de7";
constexpr std::string_view cheap_secret =
    "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

struct Keys : Cli {
    /// A file of that text for its owner alone.
    std::string file(const std::string& name, std::string_view text) const {
        auto path = dir.file(name);
        std::filesystem::remove(path);
        write_file(path, std::string{text});
        ::chmod(path.c_str(), 0600);
        return path;
    }
    /// A node whose key is the cheap one.
    void init_cheap(const std::string& name) {
        init(name);
        put_key(name, cheap_keystore);
    }
    void put_key(const std::string& name, std::string_view text) const {
        write_file(key_of(name), std::string{text});
    }
    std::string key_of(const std::string& name) const { return folder(name) + "/node.key"; }
    json::value shown(const std::string& name, std::vector<std::string> more = {}) {
        std::vector<std::string> args{"key", "show", folder(name), "--json"};
        args.insert(args.end(), more.begin(), more.end());
        const auto result = run(args);
        REQUIRE_MESSAGE(result.exit_code == 0, result.err);
        return json::parse(result.out);
    }
    std::string error(std::vector<std::string> args) {
        const auto result = run(std::move(args));
        CHECK(result.exit_code == 1);
        CHECK(result.out.empty());
        return result.err;
    }
};

/// A terminal to type on, whose other end a program has as its standard input.
struct Terminal {
    runtime::UniqueFd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
    std::string slave;
    runtime::UniqueFd held;  // so that what was typed outlives who reads it
    std::string echoed;

    Terminal() {
        REQUIRE(master);
        REQUIRE(::grantpt(master.get()) == 0);
        REQUIRE(::unlockpt(master.get()) == 0);
        slave = ::ptsname(master.get());
        held = runtime::UniqueFd{::open(slave.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
        REQUIRE(held);
    }

    /// Types a line as soon as the program has asked that question.
    void answer(Program& program, const std::string& err_file, const std::string& question,
                const std::string& line) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (read_file(err_file).find(question) == std::string::npos) {
            REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, read_file(err_file));
            REQUIRE_MESSAGE(!program.wait(std::chrono::milliseconds{5}), read_file(err_file));
        }
        REQUIRE(::write(master.get(), line.data(), line.size()) ==
                static_cast<ssize_t>(line.size()));
    }
    bool echoes() const {
        termios settings{};
        REQUIRE(::tcgetattr(held.get(), &settings) == 0);
        return (settings.c_lflag & ECHO) != 0;
    }
    /// What a person would have seen of it.
    const std::string& screen() {
        char buffer[4096];
        ssize_t got = 0;
        while ((got = ::read(master.get(), buffer, sizeof buffer)) > 0) {
            echoed.append(buffer, static_cast<std::size_t>(got));
        }
        return echoed;
    }
};

}  // namespace

TEST_CASE("a key that init encrypted runs with its passphrase alone") {
    Keys keys;
    const auto good = keys.file("good", "correct horse\n");
    const auto id = keys.init("alice", {"--passphrase-file", good});
    const auto text = read_file(keys.key_of("alice"));
    CHECK(mode_of(keys.key_of("alice")) == 0600);
    CHECK(json::parse(text).at("version") == json::value(3));
    CHECK(text.find("correct horse") == std::string::npos);
    CHECK(keys.shown("alice") ==
          json::value({{"id", id}, {"encrypted", true}, {"kdf", "scrypt, n 262144, r 8, p 1"}}));

    const auto wrong = keys.file("wrong", "correct hors\n");
    const auto folder = keys.folder("alice");
    CHECK(keys.error({"run", folder, "--passphrase-file", wrong}) ==
          "parley: " + keys.key_of("alice") + ": wrong passphrase\n");
    CHECK(keys.cannot_run("alice") ==
          "parley: " + keys.key_of("alice") +
              ": standard input is no terminal to ask for its passphrase; see --passphrase-file\n");

    auto node = keys.start("alice", {"--passphrase-file", good, "--log-level", "trace"});
    CHECK(keys.status("alice", *node).at("id") == json::value(id));
    end(*node);
    const auto log = read_file(keys.log_of("alice"));
    CHECK(log.find("not encrypted") == std::string::npos);
    CHECK(log.find("correct horse") == std::string::npos);
    CHECK(log.find(json::parse(text).at_pointer("/crypto/ciphertext").as_string()) ==
          std::string::npos);
}

TEST_CASE("a key is encrypted and decrypted in place") {
    Keys keys;
    const auto id = keys.init("alice");
    const auto plain = read_file(keys.key_of("alice"));
    const auto good = keys.file("good", "a passphrase");
    const auto folder = keys.folder("alice");
    const auto address = keys.ok({"key", "show", folder, "--address"});
    CHECK(address.size() == 43);
    CHECK(keys.shown("alice") ==
          json::value({{"id", id}, {"encrypted", false}, {"address", address.substr(0, 42)}}));
    CHECK(keys.run({"key", "show", folder}).out ==
          fmt::format("ID       {}\nAddress  {}Key      not encrypted\n", id, address));
    CHECK(keys.ok({"key", "show", folder, "--id"}) == id + "\n");
    CHECK(keys.error({"key", "decrypt", folder}) ==
          "parley: " + keys.key_of("alice") + " is not encrypted\n");

    const auto encrypted = keys.run({"key", "encrypt", folder, "--passphrase-file", good});
    CHECK(encrypted.exit_code == 0);
    CHECK(encrypted.out + encrypted.err == "");
    CHECK(mode_of(keys.key_of("alice")) == 0600);
    CHECK(read_file(keys.key_of("alice")).find(plain.substr(0, 64)) == std::string::npos);
    CHECK(keys.run({"key", "show", folder, "--passphrase-file", good}).out ==
          fmt::format("ID       {}\nAddress  {}Key      encrypted (scrypt, n 262144, r 8, p 1)\n",
                      id, address));
    CHECK(keys.ok({"key", "show", folder, "--address", "--passphrase-file", good}) == address);
    CHECK(keys.error({"key", "encrypt", folder, "--passphrase-file", good}) ==
          "parley: " + keys.key_of("alice") + " is encrypted already\n");

    const auto kept = read_file(keys.key_of("alice"));
    const auto wrong = keys.file("wrong", "another");
    CHECK(keys.error({"key", "decrypt", folder, "--passphrase-file", wrong}) ==
          "parley: " + keys.key_of("alice") + ": wrong passphrase\n");
    CHECK(read_file(keys.key_of("alice")) == kept);
    write_file(keys.key_of("alice") + ".new", "left by a crash");
    CHECK(keys.run({"key", "decrypt", folder, "--passphrase-file", good}).exit_code == 0);
    CHECK(read_file(keys.key_of("alice")) == plain);
    CHECK(mode_of(keys.key_of("alice")) == 0600);
    CHECK_FALSE(std::filesystem::exists(keys.key_of("alice") + ".new"));
}

TEST_CASE("the key of a running node stays as it is; a needless passphrase is a warning") {
    Keys keys;
    keys.init("alice");
    const auto good = keys.file("good", "good");
    auto node = keys.start("alice", {"--passphrase-file", good});
    keys.status("alice", *node);
    CHECK(keys.error({"key", "encrypt", keys.folder("alice"), "--passphrase-file", good}) ==
          "parley: another node runs in " + keys.folder("alice") + "\n");
    end(*node);
    CHECK(read_file(keys.log_of("alice"))
              .find("the key is not encrypted: --passphrase-file is not used") !=
          std::string::npos);
}

TEST_CASE("passphrases are typed unseen") {
    Keys keys;
    keys.init_cheap("alice");
    const auto err = keys.dir.file("typed.err");
    const auto out = keys.dir.file("typed.out");
    const auto key_path = keys.key_of("alice");
    SUBCASE("the right one") {
        Terminal terminal;
        Program node{{binary, "run", keys.folder("alice")}, out, err, terminal.slave};
        terminal.answer(node, err, "Passphrase of " + key_path + ": ", "good\n");
        CHECK(keys.status("alice", node).at("id") == json::value(cheap_id));
        end(node);
        CHECK(terminal.screen() == "\r\n");
        CHECK(read_file(err).find("good") == std::string::npos);
    }
    SUBCASE("a wrong one") {
        Terminal terminal;
        Program node{{binary, "run", keys.folder("alice")}, out, err, terminal.slave};
        terminal.answer(node, err, "Passphrase of ", "goof\n");
        CHECK(node.wait(patience) == 1);
        CHECK(read_file(err).ends_with("parley: " + key_path + ": wrong passphrase\n"));
    }
    SUBCASE("a signal instead: the terminal shows again what is typed") {
        Terminal terminal;
        Program node{{binary, "run", keys.folder("alice")}, out, err, terminal.slave};
        terminal.answer(node, err, "Passphrase of ", "goo");
        CHECK_FALSE(terminal.echoes());
        node.signal(SIGTERM);
        CHECK(node.wait(patience) == 128 + SIGTERM);
        CHECK(terminal.screen().empty());
        CHECK(terminal.echoes());
    }
    SUBCASE("twice for a new one") {
        keys.put_key("alice", std::string{cheap_secret} + "\n");
        Terminal terminal;
        const std::vector<std::string> args{binary, "key", "encrypt", keys.folder("alice")};
        Program differ{args, out, err, terminal.slave};
        terminal.answer(differ, err, "New passphrase of " + key_path + ": ", "one\n");
        terminal.answer(differ, err, "The same again: ", "two\n");
        CHECK(differ.wait(patience) == 1);
        CHECK(read_file(err).ends_with("parley: the two passphrases differ\n"));
        CHECK(read_file(key_path) == std::string{cheap_secret} + "\n");

        Program empty{args, out, err + "2", terminal.slave};
        terminal.answer(empty, err + "2", "New passphrase of ", "\n");
        CHECK(empty.wait(patience) == 1);
        CHECK(read_file(err + "2").ends_with("parley: the passphrase is empty\n"));

        Program same{args, out, err + "3", terminal.slave};
        terminal.answer(same, err + "3", "New passphrase of ", "one\n");
        terminal.answer(same, err + "3", "The same again: ", "one\n");
        CHECK(same.wait(patience) == 0);
        const auto one = keys.file("one", "one");
        CHECK(keys.shown("alice", {"--passphrase-file", one}).at("id") == json::value(cheap_id));
    }
}

TEST_CASE("key files and passphrase files that do not fit are explained") {
    Keys keys;
    keys.init_cheap("alice");
    const auto key_path = keys.key_of("alice");
    const auto show = [&](const std::string& passphrase_file) {
        return keys.error(
            {"key", "show", keys.folder("alice"), "--passphrase-file", passphrase_file});
    };
    const auto file = keys.dir.file("pass");
    CHECK(show(file) == "parley: cannot open " + file + ": No such file or directory\n");
    keys.file("pass", "");
    CHECK(show(file) == "parley: " + file + " holds no passphrase\n");
    keys.file("pass", "\r\n");
    CHECK(show(file) == "parley: " + file + " holds no passphrase\n");
    keys.file("pass", "good\nmore\n");
    CHECK(show(file) == "parley: " + file + " has more than one line\n");
    keys.file("pass", std::string(1027, 'x'));
    CHECK(show(file) == "parley: " + file + " is too large\n");
    keys.file("pass", "good\r\n");
    CHECK(keys.shown("alice", {"--passphrase-file", file}).at("id") == json::value(cheap_id));
    ::chmod(file.c_str(), 0644);
    CHECK(show(file) ==
          fmt::format("parley: {0} can be read by others (mode 0644): whoever has read it can pose "
                      "as this node; `chmod 600 {0}`\n",
                      file));
    CHECK(keys.error({"init", keys.folder("bob"), "--passphrase-file", file})
              .find("can be read by others") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(keys.folder("bob")));
    CHECK(keys.error({"init", keys.folder("bob"), "--encrypt"}) ==
          "parley: " + keys.key_of("bob") +
              ": standard input is no terminal to ask for its passphrase; see --passphrase-file\n");

    keys.put_key("alice", "{");
    CHECK(keys.cannot_run("alice") == "parley: " + key_path + ": keystore is no JSON object\n");
    auto changed = json::parse(cheap_keystore);
    changed.at_pointer("/crypto/kdfparams/n") = 1ULL << 40;
    keys.put_key("alice", json::serialize(changed));
    CHECK(keys.cannot_run("alice") ==
          "parley: " + key_path +
              ": keystore: scrypt over 140737488355328 bytes, at most 536870912 are allowed\n");
    keys.put_key("alice", std::string(20'000, ' '));
    CHECK(keys.cannot_run("alice") == "parley: " + key_path + " is too large\n");
}

TEST_CASE("the pages of key") {
    Cli cli;
    CHECK(cli.run({"key"}).exit_code == 2);
    CHECK(cli.run({"key", "--help"}).out.find("encrypt it with a passphrase") != std::string::npos);
    for (const auto* command : {"new", "show", "encrypt", "decrypt"}) {
        const auto help = cli.run({"key", command, "--help"});
        CHECK(help.exit_code == 0);
        for (const auto* section :
             {"\nUSAGE\n", "\nOPTIONS\n", "\nEXAMPLES\n", "\nFILES\n", "\nEXIT STATUS\n"}) {
            CHECK(help.out.find(section) != std::string::npos);
        }
        CHECK(help.out.find("--passphrase-file FILE") != std::string::npos);
    }
}
