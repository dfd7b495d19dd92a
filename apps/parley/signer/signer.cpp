// parley signer: a validator's key in a process of its own, which refuses to sign twice.
#include "command.hpp"
#include "folder.hpp"
#include "key/passphrase.hpp"
#include <parley/chain/consensus/qbft/signing/guarded_signer.hpp>
#include <parley/chain/consensus/qbft/signing/service.hpp>
#include <parley/chain/consensus/qbft/signing/wire.hpp>
#include <parley/runtime/folder/key_file.hpp>
#include <parley/runtime/frames/frame_server.hpp>
#include <parley/runtime/log_sink.hpp>
#include <parley/runtime/signals.hpp>
#include <parley/runtime/store/file_log.hpp>

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace parley::app {

namespace {

namespace qbft = chain::qbft;

constexpr auto description =
    R"text(Has a validator's key and signs for the node whose parley.toml names its socket
(chain.signer_socket), in the foreground, until SIGTERM or SIGINT (Ctrl-C).
It writes down what it signs before it answers, and signs nothing that contradicts
that, also when two nodes ask. A folder serves one key on one chain.)text";

constexpr auto footer = R"text(EXAMPLES
  parley key new safe --encrypt
  parley signer safe --new-record
  parley init alice --chain genesis.json --signer-socket /home/me/safe/signer.sock

FILES
  DIR/node.key      the validator's key, of `parley key new DIR`, or as --key says
  DIR/signer.sock   where it answers, mode 0600: the node runs as the same user
  DIR/signed.0, .1  what was signed last. Without them a key that signed before could
                    contradict itself, so that they are only made with --new-record
  DIR/lock          keeps a second process out

EXIT STATUS
  0 ended by a signal, 1 could not begin, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::string key = "node.key";
    std::string passphrase_file;
    std::string log_level = "info";
    bool new_record = false;
};

/// The files of the record, and its last entry.
struct SigningFiles {
    std::shared_ptr<runtime::FileLog> first, second;

    static Result<SigningFiles, Failure> open(const Folder& folder, bool may_make) {
        SigningFiles out;
        for (auto* file : {&out.first, &out.second}) {
            const auto path = folder.file(file == &out.first ? "signed.0" : "signed.1");
            std::error_code ignored;
            if (!may_make && !std::filesystem::exists(path, ignored)) {
                return failed(fmt::format(
                    "{} is not there: what this key signed is not known. If it signed nothing yet, "
                    "or long ago and no other process has it, begin with --new-record",
                    path));
            }
            auto opened = runtime::FileLog::open(path);
            if (!opened) {
                return failed(fmt::format("cannot open {}: {}", path, message(opened.error())));
            }
            *file = std::move(*opened);
        }
        return out;
    }
};

Result<NodeKey, Failure> read_validator_key(const Folder& folder, const Options& options) {
    const auto path = folder.file(options.key);
    auto stored = runtime::read_key(path);
    if (!stored) return std::unexpected{stored.error()};
    return runtime::unlock(path, std::move(*stored), [&](const std::string& key_path) {
        return passphrase_of(key_path, options.passphrase_file);
    });
}

void log_start(Log& log, const qbft::GuardedSigner& signer, const std::string& socket) {
    const auto& last = signer.latest();
    log.write(LogLevel::info, "signer", "started",
              {{"address", signer.address()->to_string()},
               {"socket", socket},
               {"signed_up_to",
                last ? fmt::format("block {}, round {}", last->view.height, last->view.round)
                     : "nothing"}});
}

Outcome run_signer(const Options& options) {
    const Folder folder{options.folder};
    const auto key = read_validator_key(folder, options);
    if (!key) return std::unexpected{key.error()};
    const auto lock = lock_folder(folder);
    if (!lock) return failed(fmt::format("another process uses {}", folder.path));
    const auto files = SigningFiles::open(folder, options.new_record);
    if (!files) return std::unexpected{files.error()};
    const auto record = qbft::SigningLog::open(*files->first, *files->second);
    if (!record) {
        return failed(fmt::format("{}/signed.0 and signed.1 cannot be read: {}", folder.path,
                                  message(record.error())));
    }
    const auto log =
        runtime::LogSink::to_stderr(parse_log_level(options.log_level).value_or(LogLevel::info));
    qbft::GuardedSigner signer{key->secret(), *record};
    std::atomic_flag ended;
    const runtime::Signals signals{[&](int number) {
        if (number == SIGHUP) return;
        ended.test_and_set();
        ended.notify_all();
    }};
    const auto socket = folder.file("signer.sock");
    log_start(*log, signer, socket);
    const auto server = runtime::FrameServer::start(
        {.path = socket, .request_bytes_max = qbft::signer_request_bytes_max},
        [&](const SharedBytes& request) {
            return qbft::answer_signer_request(signer, request, *log);
        },
        *log);
    if (!server) return std::unexpected{server.error()};
    ended.wait(false);
    log->write(LogLevel::info, "signer", "ended", {});
    return {};
}

}  // namespace

void add_signer(CLI::App& app, Chosen& chosen) {
    auto* command =
        add_command(app, "signer", "sign for a validator, in a process of its own", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    command->add_option("DIR", options->folder, "The signer's folder, not the node's")->required();
    command->add_option("--key", options->key, "The key file, relative to DIR")
        ->type_name("FILE")
        ->capture_default_str();
    add_passphrase_file(*command, options->passphrase_file);
    command->add_flag("--new-record", options->new_record,
                      "Begin a record of what is signed, if there is none");
    command->add_option("--log-level", options->log_level, "trace, debug, info, warn, error or off")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
        ->type_name("LEVEL")
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return run_signer(*options); }; });
}

}  // namespace parley::app
