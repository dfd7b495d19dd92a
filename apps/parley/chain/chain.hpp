// The commands below `parley chain`, and what they share.
#pragma once

#include "command.hpp"
#include "folder.hpp"
#include <parley/chain/ledger/ledger.hpp>
#include <parley/node/chain_data.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/job_runner.hpp>

#include <memory>
#include <string>

namespace parley::app {

void add_chain_import(CLI::App& chain, Chosen& chosen);
void add_chain_export(CLI::App& chain, Chosen& chosen);

/// The ledger of a folder whose node does not run.
class OfflineLedger {
public:
    /// Errors: no node's folder, a node runs in it, no chain, a damaged file.
    static Result<std::unique_ptr<OfflineLedger>, Failure> open(const std::string& folder);
    /// That in the files of `data`, of the chain that the settings of `folder` name.
    /// Precondition: the caller has the folder's lock; what is there has the present format.
    static Result<std::unique_ptr<OfflineLedger>, Failure> open_in(const Folder& folder,
                                                                   const node::ChainConfig& config,
                                                                   const std::string& data);

    chain::Ledger& ledger() { return *ledger_; }
    runtime::JobRunner& runner() { return runner_; }
    /// Writes the state to disk, so that the next start has nothing to do again.
    void save();

private:
    explicit OfflineLedger(node::ChainData data);

    runtime::UniqueFd lock_;
    node::ChainData data_;
    runtime::JobRunner runner_;
    std::unique_ptr<chain::Ledger> ledger_;
};

}  // namespace parley::app
