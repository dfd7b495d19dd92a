#include "doctor/examination.hpp"
#include "doctor/findings.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace parley::app {

namespace {

namespace json = boost::json;

Result<json::value, Failure> said(const rpc::Result& reply) {
    if (reply) return *reply;
    return failed(reply.error().message);
}

/// On the node's thread, Jobs apart.
class Findings : public std::enable_shared_from_this<Findings> {
public:
    static constexpr Duration interval = 30s;

    explicit Findings(runtime::NodeHost& host) : host_(host) {}

    void ask(Now now, rpc::Done done) {
        if (last_ && now.instant < made_ + interval) return done(*last_);
        waiting_.push_back(std::move(done));
        if (waiting_.size() == 1 && !begin(now))
            finish(rpc::refused("the node is busy: try again"));
    }

private:
    bool begin(Now now) {
        const auto found = std::make_shared<json::array>();
        NodeSays says{.status = said(host_.ask(now, "parley_status")),
                      .failed_dials = said(host_.ask(now, "parley_failedDials")),
                      .dht_table = said(host_.ask(now, "parley_dhtTable"))};
        return host_.network().jobs().submit(
            {.run =
                 [found, folder = Folder{host_.folder().path}, says = std::move(says)] {
                     *found = to_json(examine(folder, says, Reach::machine));
                 },
             .done =
                 [self = shared_from_this(), found](Now at) {
                     self->made_ = at.instant;
                     self->last_ = json::value(*found);
                     self->finish(*self->last_);
                 }});
    }
    void finish(const rpc::Result& result) {
        for (auto& done : std::exchange(waiting_, {})) done(result);
    }

    runtime::NodeHost& host_;
    std::optional<json::value> last_;
    Instant made_{};
    std::vector<rpc::Done> waiting_;  // bounded by the connections and batches of RPC
};

}  // namespace

rpc::Method findings_method(runtime::NodeHost& host) {
    return {.name = "parley_findings",
            .start = [findings = std::make_shared<Findings>(host)](const rpc::Call& call,
                                                                   rpc::Done done) {
                findings->ask(call.now, std::move(done));
            }};
}

}  // namespace parley::app
