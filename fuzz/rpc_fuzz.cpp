// JSON-RPC from outside bytes. The first byte chooses where it came in (even: HTTP, odd: the Unix
// socket); the rest is the body. Whatever it is, there is one reply, which is JSON of the form
// that the specification gives, or nothing at all for notifications.
#include <parley/node/node.hpp>

#include <boost/json.hpp>

#include <cstdlib>
#include <memory>
#include <string>

using namespace parley;
using namespace parley::node;
namespace json = boost::json;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

struct FuzzNode {
    MemoryStore store;
    std::unique_ptr<Node> node;
    Now now{Instant{100s}, UnixTime{1s}};

    FuzzNode() {
        SeededEntropy entropy{1};
        auto made = Node::create({}, NodeKey::generate(entropy), store, no_log(), Rng{2}, now);
        require(made.has_value());
        node = std::move(*made);
    }

    void work() {
        for (auto jobs = node->take_jobs(); !jobs.empty(); jobs = node->take_jobs()) {
            for (auto& job : jobs) {
                job.run();
                node->finish_job(job, now);
            }
        }
    }
};

void check_response(const json::value& response) {
    const auto& object = response.as_object();
    require(object.size() == 3 && object.at("jsonrpc") == "2.0" && object.contains("id"));
    if (object.contains("result")) return;
    const auto& error = object.at("error").as_object();
    require(error.at("code").is_int64() && error.at("code").as_int64() <= -32000);
    require(error.at("message").is_string());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto origin = data[0] % 2 == 0 ? rpc::Origin::http : rpc::Origin::unix_socket;
    FuzzNode fuzz;
    auto rpc = p2p::dispatcher_for(*fuzz.node);
    rpc.add(rpc_methods(*fuzz.node));
    int replies = 0;
    rpc.handle(fuzz.now, text_of(std::as_bytes(std::span{data + 1, size - 1})), origin,
               [&](const std::string& body) {
                   ++replies;
                   if (body.empty()) return;
                   require(body.size() < rpc::Dispatcher::reply_bytes_max + 1024 + 2 * size);
                   const auto value = json::parse(body);
                   if (!value.is_array()) return check_response(value);
                   require(!value.get_array().empty());
                   require(value.get_array().size() <= fuzz.node->config().rpc.batch_max);
                   for (const auto& response : value.get_array()) check_response(response);
               });
    fuzz.work();
    require(replies == 1);
    return 0;
}
