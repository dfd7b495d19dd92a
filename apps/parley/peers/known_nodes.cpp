#include "book/book_file.hpp"
#include "client/client.hpp"
#include "peers/known_nodes.hpp"

#include <filesystem>
#include <utility>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr std::size_t key_digits = 64;

/// Members of each element of a reply; nothing if the node does not run or refuses.
void add_reply(std::vector<KnownNode>& out, const std::string& folder, std::string_view method,
               std::string_view list, std::string_view id, std::string_view said) {
    const auto reply = call(folder, method);
    const auto* found = reply ? value_at(*reply, list) : nullptr;
    const auto* elements = found ? found->if_array() : nullptr;
    if (elements == nullptr) return;
    for (const auto& element : *elements) {
        out.push_back({text_at(element, id), said.empty() ? "" : text_at(element, said)});
    }
}

}  // namespace

Result<Names, Failure> read_names(const std::string& folder) {
    const auto path = Folder{folder}.file("names.toml");
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return Names{};
    const auto text = read_small_file(path);
    if (!text) return std::unexpected{text.error()};
    return parse_names(*text, path);
}

std::vector<KnownNode> known_nodes(const std::string& folder) {
    std::vector<KnownNode> out;
    add_reply(out, folder, "admin_peers", "", "/id", "/nodeName");
    if (!out.empty() || call(folder, "parley_status")) {
        add_reply(out, folder, "admin_bans", "", "/who", "");
        add_reply(out, folder, "parley_allowed", "/allowed", "", "");
    }
    if (const auto book = read_book(Folder{folder})) {
        for (const auto& entry : book->entries) out.push_back({entry.id.to_string(), {}});
    }
    return out;
}

Result<std::string, Failure> resolve_in(const std::string& folder, std::string_view text) {
    const auto names = read_names(folder);
    if (!names) return std::unexpected{names.error()};
    if (auto found = resolve_node(text, *names, {})) return found;
    return resolve_node(text, *names, known_nodes(folder));
}

Result<std::string, Failure> target_in(const std::string& folder, std::string_view text) {
    if (text.find('@') != std::string_view::npos || text.starts_with("enr:")) {
        return std::string{text};  // the node says what is wrong with it
    }
    const auto id = resolve_in(folder, text);
    if (!id) return id;
    if (const auto book = read_book(Folder{folder})) {
        for (const auto& entry : book->entries) {
            if (entry.id.to_string() == *id) return Target{entry.id, entry.endpoint()}.to_string();
        }
    }
    return failed("the address book does not know where " + *id + " is: give ID@address:port");
}

Result<std::string, Failure> resolve_key_in(const std::string& folder, std::string_view text) {
    const bool is_key = text.size() == key_digits || text.starts_with("0x");
    if (is_key || text.starts_with("enr:")) return std::string{text};
    return resolve_in(folder, text);
}

}  // namespace parley::app
