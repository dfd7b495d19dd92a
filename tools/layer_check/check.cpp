#include "check.hpp"
#include "source_text.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace layer_check {
namespace {

constexpr auto npos = std::string_view::npos;

using Names = std::vector<std::string_view>;

/// What each layer may include besides itself.
const std::map<std::string_view, Names>& layers() {
    static const std::map<std::string_view, Names> layers = [] {
        const auto with = [](Names lower, const Names& more) {
            lower.insert(lower.end(), more.begin(), more.end());
            return lower;
        };
        const Names identity = {"base", "codec", "crypto"};
        const Names nat = with(identity, {"identity"});
        const Names transport = with(nat, {"events"});
        const Names discovery = with(transport, {"transport", "nat"});
        const Names p2p = with(discovery, {"discovery", "rpc"});
        const Names chain = with(transport, {"transport", "gossip"});
        const Names runtime = with(p2p, {"p2p"});
        const Names node = with(runtime, {"gossip", "chain"});
        const Names sim = with(node, {"node", "plot"});
        return std::map<std::string_view, Names>{
            {"base", {}},
            {"plot", {"base"}},
            {"codec", {"base"}},
            {"crypto", {"base"}},
            {"events", {"base"}},
            {"gossip", {"base"}},
            {"rpc", {"base"}},
            {"identity", identity},
            {"nat", nat},
            {"transport", transport},
            {"discovery", discovery},
            {"p2p", p2p},
            {"chain", chain},
            {"node", node},
            {"runtime", runtime},
            {"sim", sim},
        };
    }();
    return layers;
}

struct Forbidden {
    std::string_view word;
    std::string_view rule;
    std::string_view instead;
};
constexpr Forbidden forbidden_words[] = {
    {"system_clock", "clock", "take a parley::Now as an argument"},
    {"steady_clock", "clock", "take a parley::Now as an argument"},
    {"high_resolution_clock", "clock", "take a parley::Now as an argument"},
    {"clock_gettime", "clock", "take a parley::Now as an argument"},
    {"gettimeofday", "clock", "take a parley::Now as an argument"},
    {"random_device", "entropy", "take a parley::Rng or EntropySource"},
    {"getrandom", "entropy", "take a parley::Rng or EntropySource"},
    {"getentropy", "entropy", "take a parley::Rng or EntropySource"},
    {"RAND_bytes", "entropy", "take a parley::Rng or EntropySource"},
    {"RAND_priv_bytes", "entropy", "take a parley::Rng or EntropySource"},
    {"std::thread", "thread", "hand slow work out as an effect"},
    {"std::jthread", "thread", "hand slow work out as an effect"},
    {"std::async", "thread", "hand slow work out as an effect"},
    {"std::this_thread", "thread", "hand slow work out as an effect"},
};

/// The layer of "parley/LAYER/...", empty for what is elsewhere.
std::string_view layer_of(std::string_view path) {
    constexpr std::string_view root = "parley/";
    if (!path.starts_with(root)) return {};
    path.remove_prefix(root.size());
    return path.substr(0, path.find('/'));
}

std::string joined(const Names& names) {
    std::string out;
    for (const auto name : names) out += (out.empty() ? "" : ", ") + std::string(name);
    return out.empty() ? "nothing" : out;
}

/// The path in an #include, as written; with quotes, as a path from the project's root.
std::optional<std::string> included(std::string_view line, std::string_view path) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == npos || line[hash] != '#') return std::nullopt;
    const auto word = line.find_first_not_of(" \t", hash + 1);
    if (word == npos || !line.substr(word).starts_with("include")) return std::nullopt;
    const auto open = line.find_first_of("<\"", word);
    if (open == npos) return std::nullopt;
    const auto close = line.find_first_of(">\"", open + 1);
    if (close == npos) return std::nullopt;
    const auto name = line.substr(open + 1, close - open - 1);
    if (line[open] == '<' || name.starts_with("parley/")) return std::string(name);
    return (std::filesystem::path(path).parent_path() / name).lexically_normal().generic_string();
}

/// One file's findings.
class FileCheck {
public:
    FileCheck(const Tree& tree, const std::string& path, const std::string& text)
        : tree_(tree),
          path_(path),
          raw_(lines_of(text)),
          text_(blank_comments_and_literals(text)),
          code_(lines_of(text_)),
          layer_(layer_of(path)),
          is_test_(path.ends_with("_test.cpp")) {}

    std::vector<Finding> run() {
        const bool in_parley = path_.starts_with("parley/");
        if (in_parley && !layers().contains(layer_)) {
            find(1, "include", "parley/ holds layers only, and this is in none");
            return std::move(findings_);
        }
        check_includes();
        if (in_parley && layer_ != "runtime") {
            check_words();
            if (!is_test_) check_iterations();
        }
        return std::move(findings_);
    }

private:
    void check_includes() {
        const bool asio_allowed = layer_ == "runtime" || path_.starts_with("apps/");
        for (std::size_t i = 0; i < raw_.size(); ++i) {
            if (code_[i].find('#') == npos) continue;  // commented out
            const auto name = included(raw_[i], path_);
            if (!name) continue;
            const bool asio = name->starts_with("boost/asio") || name->starts_with("boost/beast") ||
                              name->starts_with("asio/") || *name == "asio.hpp";
            if (asio && !asio_allowed)
                find(i + 1, "asio", "<" + *name + ">: Asio is for runtime and apps alone");
            if (!layer_.empty() && name->starts_with("parley/")) check_layer(i + 1, *name);
        }
    }

    void check_layer(std::size_t line, const std::string& header) {
        const auto other = layer_of(header);
        const auto& allowed = layers().at(layer_);
        if (other == layer_ || std::ranges::find(allowed, other) != allowed.end()) return;
        find(line, "include",
             std::string(layer_) + " must not use " + std::string(other) + " (<" + header +
                 ">); it may use " + joined(allowed));
    }

    void check_words() {
        for (const auto& [word, rule, instead] : forbidden_words) {
            if (rule == "thread" && is_test_) continue;
            for (auto at = find_word(text_, word); at != npos; at = find_word(text_, word, at + 1))
                find(line_at(text_, at), rule,
                     std::string(word) + " has no place in " + std::string(layer_) + "; " +
                         std::string(instead));
        }
    }

    void check_iterations() {
        auto names = unordered_names(text_);
        if (path_.ends_with(".cpp")) {
            const auto header = tree_.find(path_.substr(0, path_.size() - 4) + ".hpp");
            if (header != tree_.end())
                names.merge(unordered_names(blank_comments_and_literals(header->second)));
        }
        if (names.empty()) return;
        for (const auto& use : iterations(text_))
            if (names.contains(use.name))
                find(line_at(text_, use.position), "unordered",
                     "iterates over the unordered container " + use.name +
                         ", whose order differs from machine to machine");
    }

    /// On this line or in the comment lines just above it, with a reason.
    bool is_allowed(std::size_t line, std::string_view rule) const {
        const auto marker = "layer-check: allow(" + std::string(rule) + ") ";
        const auto marked = [&](std::size_t l) {
            const auto at = raw_[l - 1].find(marker);
            return at != npos && at + marker.size() < raw_[l - 1].size();
        };
        if (marked(line)) return true;
        for (auto l = line - 1; l >= 1 && is_comment(l); --l)
            if (marked(l)) return true;
        return false;
    }
    bool is_comment(std::size_t line) const {
        return raw_[line - 1].find_first_not_of(" \t") != npos &&
               code_[line - 1].find_first_not_of(" \t") == npos;
    }

    void find(std::size_t line, std::string_view rule, std::string message) {
        if (line <= raw_.size() && is_allowed(line, rule)) return;
        findings_.push_back({path_, line, std::string(rule), std::move(message)});
    }

    const Tree& tree_;
    const std::string& path_;
    std::vector<std::string_view> raw_;
    std::string text_;
    std::vector<std::string_view> code_;
    std::string_view layer_;
    bool is_test_;
    std::vector<Finding> findings_;
};

}  // namespace

std::string to_string(const Finding& finding) {
    return finding.path + ":" + std::to_string(finding.line) + ": " + finding.rule + ": " +
           finding.message;
}

Tree read_tree(const std::filesystem::path& root) {
    namespace fs = std::filesystem;
    Tree tree;
    for (const auto* top : {"parley", "apps", "examples"}) {
        if (!fs::exists(root / top)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
            const auto extension = entry.path().extension();
            if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp")) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            tree.emplace(entry.path().lexically_relative(root).generic_string(),
                         std::string(std::istreambuf_iterator<char>(file), {}));
        }
    }
    return tree;
}

std::vector<Finding> check(const Tree& tree) {
    std::vector<Finding> findings;
    for (const auto& [path, text] : tree) {
        auto more = FileCheck(tree, path, text).run();
        std::ranges::move(more, std::back_inserter(findings));
    }
    std::ranges::sort(findings, {}, [](const Finding& f) { return std::tie(f.path, f.line); });
    return findings;
}

}  // namespace layer_check
