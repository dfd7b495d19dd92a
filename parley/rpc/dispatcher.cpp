#include <parley/rpc/dispatcher.hpp>

#include <parley/rpc/body.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace parley::rpc {

namespace {

/// An id as JSON.
using Id = std::string;

TextResult to_text(const Result& result) {
    if (!result) return std::unexpected{result.error()};
    return json::serialize(*result);
}

/// The result may be large: its text is moved, not copied.
std::string serialize_reply(const Id& id, TextResult result) {
    const auto head =
        fmt::format(R"({{"jsonrpc":"2.0","id":{},"{}":)", id, result ? "result" : "error");
    auto text = result ? std::move(*result)
                       : json::serialize(json::object{{"code", result.error().code},
                                                      {"message", result.error().message}});
    text.insert(0, head);
    text += '}';
    return text;
}

std::unexpected<Error> error(int code, std::string message) {
    return std::unexpected{Error{code, std::move(message)}};
}

/// The replies to one body, until all are there. Held by the requests that are under way.
class Exchange {
public:
    Exchange(std::size_t requests, bool batch, Dispatcher::Reply reply)
        : replies_(requests), open_(requests), batch_(batch), reply_(std::move(reply)) {}

    std::size_t bytes_left() const { return Dispatcher::reply_bytes_max - bytes_; }

    /// A notification's end has no reply.
    void finish(std::size_t index, const std::optional<Id>& id, TextResult result) {
        if (id) {
            const bool worked = result.has_value();
            auto text = serialize_reply(*id, std::move(result));
            if (text.size() > bytes_left() && worked) {
                text = serialize_reply(
                    *id, error(code::reply_too_large, fmt::format("reply: more than {} bytes",
                                                                  Dispatcher::reply_bytes_max)));
            }
            bytes_ += std::min(text.size(), bytes_left());
            replies_[index] = std::move(text);
        }
        if (--open_ == 0) reply_(join());
    }

private:
    std::string join() {
        std::string out;
        for (auto& text : replies_) {
            if (text.empty()) continue;
            if (!batch_) return std::move(text);
            out += out.empty() ? '[' : ',';
            out += text;
        }
        if (!out.empty()) out += ']';
        return out;
    }

    std::vector<std::string> replies_;
    std::size_t open_;
    std::size_t bytes_ = 0;
    bool batch_;
    Dispatcher::Reply reply_;
};

/// A request whose envelope is in order.
struct Request {
    std::string_view method;
    const json::array* params;
    std::optional<Id> id;  ///< absent: a notification
};

/// One of a body's requests, and its id if that is a number.
struct Item {
    const json::value& value;
    const std::string& number_id;
};

Error invalid(std::string what) {
    return {code::invalid_request, "invalid request: " + std::move(what)};
}

Error wrong_kind(std::string_view where, std::string_view expected, const json::value* actual) {
    return invalid(fmt::format("{}: expected {}, got {}", where, expected,
                               actual == nullptr ? "nothing" : json_kind(*actual)));
}

/// Nothing if it has none, or one that is none.
std::optional<Id> id_of(const Item& item) {
    const auto* object = item.value.if_object();
    const auto* id = object == nullptr ? nullptr : object->if_contains("id");
    if (id == nullptr) return std::nullopt;
    if (id->is_number()) return item.number_id;
    if (id->is_string() || id->is_null()) return json::serialize(*id);
    return std::nullopt;
}

parley::Result<Request, Error> read_request(const Item& item) {
    static const json::array no_params;
    const auto* object = item.value.if_object();
    if (object == nullptr) return std::unexpected{wrong_kind("request", "object", &item.value)};
    Request out{{}, &no_params, id_of(item)};
    if (const auto* id = object->if_contains("id"); id && !out.id) {
        return std::unexpected{wrong_kind("id", "string, number or null", id)};
    }
    const auto* version = object->if_contains("jsonrpc");
    if (version == nullptr || !version->is_string()) {
        return std::unexpected{wrong_kind("jsonrpc", "\"2.0\"", version)};
    }
    if (version->get_string() != "2.0") {
        return std::unexpected{invalid("jsonrpc: expected \"2.0\", got another version")};
    }
    const auto* method = object->if_contains("method");
    if (method == nullptr || !method->is_string()) {
        return std::unexpected{wrong_kind("method", "string", method)};
    }
    out.method = {method->get_string().data(), method->get_string().size()};
    if (const auto* params = object->if_contains("params"); params && !params->is_null()) {
        if (params->is_object()) {
            return std::unexpected{
                Error{code::invalid_params, "params: expected array, got object"}};
        }
        if (!params->is_array()) {
            return std::unexpected{wrong_kind("params", "array", params)};
        }
        out.params = &params->get_array();
    }
    return out;
}

/// Names of methods are the caller's: only harmless ones are repeated.
std::string no_such_method(std::string_view name) {
    const bool harmless =
        name.size() <= 64 && std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
    return fmt::format("the method {} does not exist", harmless ? name : "of this name");
}

std::optional<Error> refusal(const Request& request, const Method* method, Origin origin) {
    if (method == nullptr) {
        return Error{code::method_not_found, no_such_method(request.method)};
    }
    if (method->owner_only && origin != Origin::unix_socket) {
        return Error{code::refused,
                     fmt::format("{} answers only on the Unix socket", method->name)};
    }
    if (request.params->size() > method->params_max) {
        return Error{code::invalid_params, fmt::format("params: expected at most {}, got {}",
                                                       method->params_max, request.params->size())};
    }
    return std::nullopt;
}

TextResult not_kept(std::string_view why) {
    return error(code::refused,
                 fmt::format("in force until the node ends, but not on disk: {}", why));
}

/// What all requests of one body have in common.
struct Common {
    const Dispatcher::Methods& methods;
    const Dispatcher::WhenSaved& when_saved;
    Now now;
    Caller caller;
    std::shared_ptr<Exchange> exchange;
};

/// One request of an exchange, to be answered once, whatever its method does.
class Answering {
public:
    Answering(std::shared_ptr<Exchange> exchange, std::size_t index, std::optional<Id> id)
        : exchange_(std::move(exchange)), index_(index), id_(std::move(id)) {}
    void finish(TextResult result) {
        if (const auto exchange = std::exchange(exchange_, nullptr)) {
            exchange->finish(index_, id_, std::move(result));
        }
    }

private:
    std::shared_ptr<Exchange> exchange_;  // null once it is answered
    std::size_t index_;
    std::optional<Id> id_;
};

void begin(const Common& common, const Method& method, const Call& call,
           const std::shared_ptr<Answering>& answering) {
    if (method.start_text) {
        return method.start_text(
            call, [answering](TextResult result) { answering->finish(std::move(result)); });
    }
    if (method.start) {
        return method.start(
            call, [answering](const Result& result) { answering->finish(to_text(result)); });
    }
    auto result = method.answer(call);
    if (!method.lasting || !result || !common.when_saved) return answering->finish(to_text(result));
    common.when_saved(common.now, [answering, result = std::move(result)](const auto& failure) {
        answering->finish(failure ? not_kept(*failure) : to_text(result));
    });
}

void run(const Common& common, const Item& item, std::size_t index) {
    const auto& exchange = common.exchange;
    auto request = read_request(item);
    if (!request) {
        return exchange->finish(index, id_of(item).value_or("null"),
                                std::unexpected{request.error()});
    }
    const auto found = common.methods.find(request->method);
    const auto* method = found == common.methods.end() ? nullptr : &found->second;
    if (auto refused = refusal(*request, method, common.caller.origin)) {
        return exchange->finish(index, request->id, std::unexpected{std::move(*refused)});
    }
    const Call call{common.now, *request->params, exchange->bytes_left(), common.caller.session};
    const auto answering = std::make_shared<Answering>(exchange, index, std::move(request->id));
    try {
        begin(common, *method, call, answering);
    } catch (const std::exception& failure) {
        answering->finish(error(code::internal_error,
                                fmt::format("{} failed: {}", method->name, failure.what())));
    }
}

}  // namespace

Dispatcher::Dispatcher(DispatcherLimits limits, WhenSaved when_saved)
    : limits_(limits), when_saved_(std::move(when_saved)) {}

void Dispatcher::add(std::vector<Method> methods) {
    for (auto& method : methods) {
        const auto fits = [](char c) { return c > ' ' && c <= '~'; };
        if (method.name.empty() || method.name.size() > name_bytes_max ||
            !std::ranges::all_of(method.name, fits)) {
            throw std::invalid_argument{fmt::format(
                "RPC method \"{}\": expected a name of 1 to {} printable characters without space",
                method.name, name_bytes_max)};
        }
        if (bool{method.answer} + bool{method.start} + bool{method.start_text} != 1) {
            throw std::invalid_argument{fmt::format(
                "RPC method {}: expected one of answer, start and start_text", method.name)};
        }
        auto name = method.name;
        if (!methods_.try_emplace(name, std::move(method)).second) {
            throw std::invalid_argument{fmt::format("RPC method {}: there is one already", name)};
        }
    }
}

void Dispatcher::handle(Now now, std::string_view body, Caller caller, Reply reply) const {
    const auto refuse = [&](Error why) {
        reply(serialize_reply("null", std::unexpected{std::move(why)}));
    };
    if (body.size() > limits_.body_bytes_max) {
        return refuse(invalid(
            fmt::format("expected at most {} bytes, got {}", limits_.body_bytes_max, body.size())));
    }
    const auto parsed = parse_body(body, depth_max);
    if (!parsed) return refuse(parsed.error());
    static const std::string none;
    const auto& ids = parsed->number_ids;
    const auto* batch = parsed->value.if_array();
    Common common{methods_, when_saved_, now, std::move(caller), nullptr};
    if (batch == nullptr) {
        common.exchange = std::make_shared<Exchange>(1, false, std::move(reply));
        return run(common, {parsed->value, ids.empty() ? none : ids[0]}, 0);
    }
    if (batch->empty()) return refuse(invalid("empty batch"));
    if (batch->size() > limits_.batch_max) {
        return refuse(invalid(fmt::format("batch: expected at most {} requests, got {}",
                                          limits_.batch_max, batch->size())));
    }
    common.exchange = std::make_shared<Exchange>(batch->size(), true, std::move(reply));
    std::size_t objects = 0;
    for (std::size_t i = 0; i < batch->size(); ++i) {
        const auto& value = (*batch)[i];
        run(common, {value, value.is_object() ? ids[objects++] : none}, i);
    }
}

Result Dispatcher::ask(Now now, std::string_view name) const {
    static const json::array no_params;
    const auto found = methods_.find(name);
    if (found == methods_.end()) return error(code::method_not_found, no_such_method(name));
    if (!found->second.answer) return refused(fmt::format("{} takes time", name));
    return found->second.answer(
        {.now = now, .params = no_params, .reply_bytes_max = reply_bytes_max});
}

}  // namespace parley::rpc
