// Saying: what a validator writes down, has signed and says, in the order in which its machine
// wants it. Slow: for a Job.
//
// What is not done because the signer is away stays as it was, to be tried again. What the signer
// refuses is left out: it knows of something that this node does not.
// Threading: values; run() on any thread.
#pragma once

#include <parley/base/shared_bytes.hpp>
#include <parley/chain/consensus/qbft/incoming.hpp>
#include <parley/chain/consensus/qbft/machine.hpp>
#include <parley/chain/consensus/qbft/record.hpp>
#include <parley/chain/consensus/qbft/signing/signer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::chain::qbft {

struct Saying {
    /// Something that was signed, as it goes out and comes back to the machine.
    struct Output {
        Code code{};
        SharedBytes message;
        Incoming incoming;
    };

    std::vector<Effect> effects;  ///< Keep and Say…; after run() those that are not done
    std::vector<std::shared_ptr<const ProposedBlock>> blocks;  ///< that they may speak of
    std::shared_ptr<Signer> signer;                            ///< whose address is known
    std::shared_ptr<RecordLog> records;
    ExtraForm form{};
    std::uint64_t height = 0;
    std::vector<Output> out = {};
    std::string error = {};                 ///< why nothing may be said any more
    std::optional<std::string> away = {};   ///< why the signer signs nothing now
    std::vector<std::string> refused = {};  ///< why it signed those not

    void run();

private:
    void perform(Effect& effect);
    std::shared_ptr<const ProposedBlock> find(const Hash256& digest) const;
    std::shared_ptr<const ProposedBlock> in_message(const PreparedRound& which,
                                                    const SharedBytes& raw);
    template <class Payload>
    std::optional<Signatures> sign(const Payload& payload);
    template <class Payload>
    Signed<Payload> by_us(Payload payload, const Signatures& made) const;
    void keep(const Record& record);
    void say(const SayPrepare& prepare);
    void say(const SayCommit& commit);
    void say(SayRoundChange& change);
    void say(SayProposal& proposal);
};

}  // namespace parley::chain::qbft
