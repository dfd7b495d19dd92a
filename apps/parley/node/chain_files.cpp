#include "folder.hpp"
#include "node/chain_files.hpp"
#include "node/ledger_format.hpp"
#include <parley/chain/consensus/qbft/signing/remote_signer.hpp>
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/runtime/frames/frame_client.hpp>
#include <parley/runtime/store/file_log.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace parley::app {
namespace {

/// For one answer of a signer, which writes to its disk. A node that is told to end waits so long.
constexpr Duration signer_patience = std::chrono::seconds{1};

Result<void, Failure> make_chain_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return failed(fmt::format("cannot make {}: {}", path, runtime::system_message(errno)));
}

Result<ByteArray<32>, Failure> read_signer(const std::string& path,
                                           const runtime::AskPassphrase& ask) {
    auto stored = runtime::read_key(path);
    if (!stored) return std::unexpected{stored.error()};
    const auto key = runtime::unlock(path, std::move(*stored), ask);
    if (!key) return std::unexpected{key.error()};
    return key->secret();
}

/// Nothing, or why these settings do not go together.
std::optional<std::string> fault_of_signers(const node::ChainConfig& config) {
    if (config.genesis.empty()) {
        if (!config.signer_key.empty()) {
            return "chain.signer_key is of no use without chain.genesis";
        }
        if (!config.signer_socket.empty()) {
            return "chain.signer_socket is of no use without chain.genesis";
        }
    }
    if (config.signer_socket.empty()) return std::nullopt;
    if (!config.signer_key.empty()) {
        return "chain.signer_key and chain.signer_socket: expected one of them, got both";
    }
    if (config.engine != "qbft") {
        return fmt::format(
            "chain.signer_socket is for the engine \"qbft\", and chain.engine is "
            "\"{}\"",
            config.engine);
    }
    return std::nullopt;
}

std::shared_ptr<chain::qbft::Signer> signer_at(const std::string& socket) {
    return std::make_shared<chain::qbft::RemoteSigner>([socket](Bytes request) {
        return runtime::ask_frame(socket, request, chain::qbft::signer_answer_bytes_max,
                                  signer_patience);
    });
}

/// As read_genesis, of the chain that the settings name.
Result<chain::Genesis, Failure> read_genesis_of(const std::string& path,
                                                const node::ChainConfig& config,
                                                const runtime::Folder& folder) {
    auto genesis = read_genesis(path);
    if (genesis && genesis->chain_id != config.id) {
        return failed(fmt::format("{}: network.chain_id is {}, and {} has {}", folder.config(),
                                  config.id, path, genesis->chain_id));
    }
    return genesis;
}

}  // namespace

Result<chain::Genesis, Failure> read_genesis(const std::string& path) {
    const auto text = runtime::read_small_file(path, chain::genesis_text_bytes_max);
    if (!text) return std::unexpected{text.error()};
    auto genesis = chain::parse_genesis(*text);
    if (!genesis) return failed(fmt::format("{}: {}", path, message(genesis.error())));
    return std::move(*genesis);
}

Outcome use_genesis(const chain::Genesis& genesis, const std::string& path,
                    const std::string& engine, node::NodeConfig& config) {
    if (genesis.qbft) config.chain.engine = "qbft";
    if (genesis.pow) config.chain.engine = "pow";
    if (!engine.empty()) config.chain.engine = engine;
    const auto made = node::make_engine(config.chain.engine, genesis);
    if (!made) return failed(fmt::format("{}: {}", path, made.error()));
    const auto facts = node::facts_of(genesis, make_genesis_block(genesis).header);
    if (const auto differs = p2p::take_chain(config.network, facts)) {
        return failed(fmt::format("{}: {}", path, *differs));
    }
    // They are the genesis's to say, alone: a fork that is added later is added in one place.
    config.network.forks.clear();
    config.network.fork_times.clear();
    config.chain.id = genesis.chain_id;
    config.chain.genesis = genesis_name;
    return {};
}

Result<node::LightData, Failure> open_light_chain(const runtime::Folder& folder,
                                                  const node::ChainConfig& config) {
    if (config.genesis.empty()) {
        return failed(fmt::format("{}: a light node needs chain.genesis", folder.config()));
    }
    if (!config.signer_key.empty() || !config.signer_socket.empty()) {
        return failed(
            fmt::format("{}: a light node makes no blocks: chain.signer_key and "
                        "chain.signer_socket must be \"\"",
                        folder.config()));
    }
    const auto path = folder.file(config.genesis);
    auto genesis = read_genesis_of(path, config, folder);
    if (!genesis) return std::unexpected{genesis.error()};
    const auto data = folder.file(chain_folder);
    if (const auto ok = make_chain_folder(data); !ok) return std::unexpected{ok.error()};
    auto store = runtime::LmdbStore::open(data + "/headers", runtime::LmdbStore::Create::yes,
                                          {.map_bytes_max = ledger_bytes_max});
    if (!store) {
        return failed(fmt::format("cannot open {}/headers: {}", data, message(store.error())));
    }
    auto made = node::make_light_data(config, std::move(*genesis), std::move(*store));
    if (!made) return failed(fmt::format("{}: {}", folder.config(), made.error()));
    return std::move(*made);
}

Result<node::ChainData, Failure> read_chain(const runtime::Folder& folder,
                                            const node::ChainConfig& config) {
    const auto path = folder.file(config.genesis);
    auto genesis = read_genesis_of(path, config, folder);
    if (!genesis) return std::unexpected{genesis.error()};
    auto engine = node::make_engine(config.engine, *genesis);
    if (!engine) return failed(fmt::format("{}: {}", path, engine.error()));
    node::ChainData out{.genesis = std::move(*genesis),
                        .genesis_block = {},
                        .engine = std::move(*engine),
                        .store = {},
                        .log_file = {}};
    out.genesis_block = chain::make_genesis_block(out.genesis);
    return out;
}

Outcome open_ledger_files(const std::string& data, node::ChainData& chain) {
    if (const auto ok = make_chain_folder(data); !ok) return ok;
    auto store =
        runtime::LmdbStore::open(data + "/state", runtime::LmdbStore::Create::yes,
                                 {.map_bytes_max = ledger_bytes_max, .version = ledger_format});
    if (!store) {
        return failed(fmt::format("cannot open {}/state: {}", data, message(store.error())));
    }
    chain.store = std::move(*store);
    auto log = runtime::FileLog::open(data + "/blocks");
    if (!log) return failed(fmt::format("cannot open {}/blocks: {}", data, message(log.error())));
    chain.log_file = std::move(*log);
    return {};
}

Result<std::optional<node::ChainData>, Failure> open_chain(const runtime::Folder& folder,
                                                           const node::ChainConfig& config,
                                                           const runtime::AskPassphrase& ask) {
    if (const auto fault = fault_of_signers(config)) {
        return failed(fmt::format("{}: {}", folder.config(), *fault));
    }
    if (config.genesis.empty()) return std::nullopt;
    if (config.miner && config.engine != "pow") {
        return failed(fmt::format("{}: chain.miner is of no use with the engine {}",
                                  folder.config(), config.engine));
    }
    auto chain = read_chain(folder, config);
    if (!chain) return std::unexpected{chain.error()};
    auto& out = *chain;
    if (!config.signer_key.empty()) {
        const auto key_path = folder.file(config.signer_key);
        const auto secret = read_signer(key_path, ask);
        if (!secret) return std::unexpected{secret.error()};
        if (const auto fault = node::fault_of_signer(config.engine, out.genesis, *secret)) {
            return failed(fmt::format("{} {}", key_path, *fault));
        }
        out.signer_secret = *secret;
    }
    if (!config.signer_socket.empty()) {
        out.signer = signer_at(folder.file(config.signer_socket));
    }
    const auto data = folder.file(chain_folder);
    const auto format = ledger_format_of(data);
    if (!format) return std::unexpected{format.error()};
    if (*format < ledger_format) return failed(older_format_text(folder.path, data, *format));
    if (const auto ok = open_ledger_files(data, out); !ok) return std::unexpected{ok.error()};
    if ((out.signer_secret || out.signer) && node::is_by_votes(out)) {
        for (auto* votes : {&out.votes_first, &out.votes_second}) {
            const auto name = data + '/' + votes_names[votes == &out.votes_first ? 0 : 1];
            auto file = runtime::FileLog::open(name);
            if (!file)
                return failed(fmt::format("cannot open {}: {}", name, message(file.error())));
            *votes = std::move(*file);
        }
    }
    return std::optional{std::move(out)};
}

}  // namespace parley::app
