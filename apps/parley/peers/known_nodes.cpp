#include "book/book_file.hpp"
#include "client/client.hpp"
#include "peers/known_nodes.hpp"

#include <filesystem>
#include <utility>

namespace parley::app {

namespace {

constexpr std::size_t key_digits = 64;

}  // namespace

Result<Names, Failure> read_names(const std::string& folder) {
    const auto path = Folder{folder}.file("names.toml");
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return Names{};
    const auto text = read_small_file(path);
    if (!text) return std::unexpected{text.error()};
    return parse_names(*text, path);
}

/// Members of each element of a reply. False if the node does not run, or refuses.
bool NodeResolver::add_reply(std::string_view method, std::string_view list, std::string_view id,
                             std::string_view said) {
    const auto reply = call(folder_, method);
    const auto* found = reply ? value_at(*reply, list) : nullptr;
    const auto* elements = found ? found->if_array() : nullptr;
    if (elements == nullptr) return false;
    for (const auto& element : *elements) {
        known_->push_back({text_at(element, id), said.empty() ? "" : text_at(element, said)});
    }
    return true;
}

void NodeResolver::read_known() {
    if (known_) return;
    known_.emplace();
    if (add_reply("admin_peers", "", "/id", "/nodeName")) {
        add_reply("admin_bans", "", "/who");
        add_reply("parley_allowed", "/allowed", "");
    }
    const auto book = read_book(Folder{folder_});
    if (!book) return;
    for (const auto& entry : book->entries) {
        known_->push_back({entry.id.to_string(), {}});
        book_.push_back({entry.id, entry.endpoint()});
    }
}

Result<std::string, Failure> NodeResolver::resolve(std::string_view text) {
    if (!names_) {
        auto names = read_names(folder_);
        if (!names) return std::unexpected{names.error()};
        names_ = std::move(*names);
    }
    if (auto found = resolve_node(text, *names_, {})) return found;
    read_known();
    return resolve_node(text, *names_, *known_);
}

Result<std::string, Failure> NodeResolver::target(std::string_view text) {
    if (text.find('@') != std::string_view::npos || text.starts_with("enr:")) {
        return std::string{text};  // the node says what is wrong with it
    }
    const auto id = resolve(text);
    if (!id) return id;
    read_known();
    for (const auto& target : book_) {
        if (target.id.to_string() == *id) return target.to_string();
    }
    return failed("the address book does not know where " + *id + " is: give ID@address:port");
}

Result<std::string, Failure> NodeResolver::key(std::string_view text) {
    const bool is_key = text.size() == key_digits || text.starts_with("0x");
    if (is_key || text.starts_with("enr:")) return std::string{text};
    return resolve(text);
}

}  // namespace parley::app
