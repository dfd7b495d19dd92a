// A chain by votes of four validators, as its operators have it, for tests.
#pragma once

#include "cli.hpp"
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace parley::testing {

/// Has money.
inline const auto rich = chain::testing::secret_of(5);
inline const std::array<std::string, 4> validators{"ann", "ben", "cem", "dot"};

struct VotesCli : Cli {
    std::string genesis = dir.file("genesis.json");
    std::map<std::string, std::unique_ptr<Program>> nodes;

    VotesCli() {
        std::vector<std::string> words{"genesis", "--fund",
                                       chain::address_of_secret(rich).to_string() + ":1000ether"};
        for (const auto& name : validators) {
            ok({"key", "new", folder("key-" + name)});
            words.insert(words.end(), {"--validator-key", key_of(name)});
        }
        write_file(genesis, ok(words));
    }
    std::string key_of(const std::string& name) const {
        return folder("key-" + name) + "/node.key";
    }

    /// Of a validator with its key, or of another node.
    void make(const std::string& name, const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"init",     folder(name),  "--private",
                                       "--listen", "127.0.0.1:0", "--http",
                                       "off",      "--chain",     genesis};
        words.insert(words.end(), more.begin(), more.end());
        if (std::filesystem::exists(key_of(name))) {
            std::filesystem::create_directory(folder(name));
            std::filesystem::copy_file(key_of(name), folder(name) + "/validator.key");
            words.insert(words.end(), {"--signer-key", "validator.key"});
        }
        ok(words);
    }
    std::int64_t head_of(const std::string& name) {
        return at(boost::json::parse(ok({"status", folder(name), "--json"})), "/head/number");
    }
    boost::json::value head_when(const std::string& name, std::int64_t number) {
        return Cli::head_when(name, *nodes.at(name), number);
    }
    /// Of a validator that runs.
    std::string address_of(const std::string& name) {
        return ask(name, {"parley_consensus"}).at("self").as_string().c_str();
    }
    boost::json::value consensus_when(const std::string& name,
                                      const std::function<bool(const boost::json::value&)>& fits) {
        boost::json::value view;
        status_when(name, *nodes.at(name), [&](const auto&) {
            view = boost::json::parse(ok({"consensus", folder(name), "--json"}));
            return fits(view);
        });
        return view;
    }
    void kill(const std::string& name) {
        nodes.at(name)->signal(SIGKILL);
        nodes.at(name)->wait(patience);
    }
};

}  // namespace parley::testing
