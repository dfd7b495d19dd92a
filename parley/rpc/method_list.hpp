// MethodList: how an owner of JSON-RPC methods writes down its own: a name, how many parameters,
// and a function that gets the owner and the call.
//
//     MethodList<Chain> list{chain};
//     list.answers("txpool_status", 0, &txpool_status);
//     dispatcher.add(list.take());
//
// Threading: one thread.
#pragma once

#include <parley/rpc/method.hpp>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::rpc {

template <class Owner>
class MethodList {
public:
    using Answer = Result (*)(Owner&, const Call&);
    using Start = void (*)(Owner&, const Call&, Done);
    using StartText = void (*)(Owner&, const Call&, DoneText);

    /// `owner` outlives the methods and all replies under way.
    explicit MethodList(Owner& owner) : owner_(owner) {}

    Owner& owner() const { return owner_; }

    /// A question.
    void answers(std::string_view name, std::size_t params_max, Answer answer) {
        add(name, params_max, answer);
    }
    /// A change that ends with the node; the owner's alone.
    void changes(std::string_view name, std::size_t params_max, Answer answer) {
        add(name, params_max, answer).owner_only = true;
    }
    /// A change that is kept; the owner's alone.
    void lasts(std::string_view name, std::size_t params_max, Answer answer) {
        auto& method = add(name, params_max, answer);
        method.owner_only = true;
        method.lasting = true;
    }
    /// A question whose answer takes time.
    void starts(std::string_view name, std::size_t params_max, Start start) {
        methods_.push_back({.name = std::string{name},
                            .params_max = params_max,
                            .start = [&owner = owner_, start](const Call& call, Done done) {
                                start(owner, call, std::move(done));
                            }});
    }
    /// As starts, with a large answer that is made into text elsewhere.
    void starts_text(std::string_view name, std::size_t params_max, StartText start) {
        methods_.push_back(
            {.name = std::string{name},
             .params_max = params_max,
             .start_text = [&owner = owner_, start](const Call& call, DoneText done) {
                 start(owner, call, std::move(done));
             }});
    }
    /// As starts; the owner's alone, since it makes the node send where the caller says.
    void starts_for_owner(std::string_view name, std::size_t params_max, Start start) {
        starts(name, params_max, start);
        methods_.back().owner_only = true;
    }
    /// A method of another form.
    void add(Method method) { methods_.push_back(std::move(method)); }

    /// All of them, in the order of adding.
    std::vector<Method> take() { return std::move(methods_); }

private:
    Method& add(std::string_view name, std::size_t params_max, Answer answer) {
        methods_.push_back({.name = std::string{name},
                            .params_max = params_max,
                            .answer = [&owner = owner_, answer](const Call& call) {
                                return answer(owner, call);
                            }});
        return methods_.back();
    }

    Owner& owner_;
    std::vector<Method> methods_;
};

}  // namespace parley::rpc
