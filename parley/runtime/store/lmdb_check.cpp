#include <parley/runtime/store/lmdb_check.hpp>

#include <parley/base/bytes.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

namespace parley::runtime {
namespace {

constexpr std::uint32_t meta_magic = 0xBEEFC0DE;
constexpr std::uint32_t data_version = 1;
constexpr std::size_t page_header_bytes = 16;
constexpr std::size_t node_header_bytes = 8;
constexpr std::size_t tree_bytes = 48;  // MDB_db
constexpr std::size_t meta_bytes = page_header_bytes + 136;
constexpr std::uint64_t no_page = ~std::uint64_t{0};
constexpr unsigned depth_max = 32;  // CURSOR_STACK

constexpr std::uint16_t page_branch = 0x01, page_leaf = 0x02, page_overflow = 0x04,
                        page_meta = 0x08;
constexpr std::uint16_t node_big = 0x01, node_tree = 0x02, node_duplicates = 0x04;

std::unexpected<StoreError> corrupt() {
    return fail(StoreErrc::corrupt);
}

// Precondition: inside.
template <class T>
T load(Bytes bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

struct Tree {
    std::uint16_t depth = 0;
    std::uint64_t root = no_page;
};
Tree load_tree(Bytes bytes, std::size_t offset) {
    return {load<std::uint16_t>(bytes, offset + 6), load<std::uint64_t>(bytes, offset + 40)};
}

struct Meta {
    std::uint32_t page_bytes;
    Tree free;
    Tree main;
    std::uint64_t last_page;
    std::uint64_t transaction;
};

enum class Kind { free, directory, table };

class Checker {
public:
    Checker(int fd, std::uint64_t file_bytes, bool leaves)
        : fd_(fd), file_bytes_(file_bytes), leaves_(leaves) {}

    Result<void, StoreError> run() {
        const auto first = read_meta(0);
        if (!first) return std::unexpected{first.error()};
        const auto second = read_meta(first->page_bytes);
        if (!second) return std::unexpected{second.error()};
        if (first->page_bytes != second->page_bytes) return corrupt();
        meta_ = second->transaction > first->transaction ? *second : *first;
        if (meta_.last_page < 1) return corrupt();
        pages_left_ = file_bytes_ / meta_.page_bytes;
        if (auto walked = walk_tree(meta_.free, Kind::free); !walked) return walked;
        return walk_tree(meta_.main, Kind::directory);
    }

private:
    Result<void, StoreError> read(std::uint64_t offset, MutableBytes out) {
        if (offset > file_bytes_ || file_bytes_ - offset < out.size()) return corrupt();
        while (!out.empty()) {
            const auto got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return fail(StoreErrc::io, 0, static_cast<std::uint64_t>(errno));
            if (got == 0) return corrupt();
            offset += static_cast<std::uint64_t>(got);
            out = out.subspan(static_cast<std::size_t>(got));
        }
        return {};
    }

    Result<Meta, StoreError> read_meta(std::uint64_t offset) {
        std::array<std::byte, meta_bytes> page;
        if (auto ok = read(offset, page); !ok) return std::unexpected{ok.error()};
        const Bytes b{page};
        const bool fits = (load<std::uint16_t>(b, 10) & page_meta) != 0 &&
                          load<std::uint32_t>(b, 16) == meta_magic &&
                          load<std::uint32_t>(b, 20) == data_version;
        const Meta meta{load<std::uint32_t>(b, 40), load_tree(b, 40), load_tree(b, 88),
                        load<std::uint64_t>(b, 136), load<std::uint64_t>(b, 144)};
        const auto size = meta.page_bytes;
        if (!fits || !std::has_single_bit(size) || size < 256 || size > 65536) return corrupt();
        return meta;
    }

    Result<void, StoreError> walk_tree(const Tree& tree, Kind kind) {
        if (tree.root == no_page) return {};
        if (tree.depth == 0 || tree.depth > depth_max) return corrupt();
        return walk_page(tree.root, tree.depth, kind);
    }

    Result<void, StoreError> walk_page(std::uint64_t number, unsigned depth, Kind kind) {
        if (!in_file(number, 1)) return corrupt();
        // A cycle would visit more pages than there are.
        if (pages_left_ == 0) return corrupt();
        --pages_left_;
        if (depth == 1 && kind == Kind::table && !leaves_) return {};
        Buffer page(meta_.page_bytes);
        if (auto ok = read(number * meta_.page_bytes, page); !ok) return ok;
        const auto wanted = depth == 1 ? page_leaf : page_branch;
        const auto flags = load<std::uint16_t>(page, 10);
        const auto lower = load<std::uint16_t>(page, 12);
        const std::uint32_t upper = load<std::uint16_t>(page, 14);
        if (load<std::uint64_t>(page, 0) != number || flags != wanted) return corrupt();
        if (lower < page_header_bytes || lower % 2 != 0 || lower > upper ||
            upper > meta_.page_bytes) {
            return corrupt();
        }
        const std::size_t count = (lower - page_header_bytes) / 2;
        if (count == 0) return corrupt();
        for (std::size_t i = 0; i < count; ++i) {
            const auto at = load<std::uint16_t>(page, page_header_bytes + 2 * i);
            if (at < upper || at + node_header_bytes > page.size()) return corrupt();
            const Bytes node = Bytes{page}.subspan(at);
            auto ok =
                depth == 1 ? check_leaf_node(node, kind) : check_branch_node(node, depth, kind);
            if (!ok) return ok;
        }
        return {};
    }

    Result<void, StoreError> check_branch_node(Bytes node, unsigned depth, Kind kind) {
        const std::size_t key_bytes = load<std::uint16_t>(node, 6);
        if (node_header_bytes + key_bytes > node.size()) return corrupt();
        const std::uint64_t child =
            load<std::uint32_t>(node, 0) | std::uint64_t{load<std::uint16_t>(node, 4)} << 32;
        return walk_page(child, depth - 1, kind);
    }

    Result<void, StoreError> check_leaf_node(Bytes node, Kind kind) {
        const std::uint64_t data_bytes = load<std::uint32_t>(node, 0);
        const auto flags = load<std::uint16_t>(node, 4);
        const std::size_t key_bytes = load<std::uint16_t>(node, 6);
        const std::size_t data_at = node_header_bytes + key_bytes;
        if ((flags & node_duplicates) != 0) return corrupt();  // never used here
        const bool big = (flags & node_big) != 0;
        const std::uint64_t inline_bytes = big ? sizeof(std::uint64_t) : data_bytes;
        if (data_at > node.size() || node.size() - data_at < inline_bytes) return corrupt();
        const Bytes data = node.subspan(data_at, static_cast<std::size_t>(inline_bytes));
        if (big) return check_overflow(load<std::uint64_t>(data, 0), data_bytes, kind);
        if (kind == Kind::free) return check_free_list(data);
        if ((flags & node_tree) == 0) return {};
        if (kind != Kind::directory || data.size() != tree_bytes) return corrupt();
        return walk_tree(load_tree(data, 0), Kind::table);
    }

    Result<void, StoreError> check_overflow(std::uint64_t number, std::uint64_t data_bytes,
                                            Kind kind) {
        const auto pages =
            (page_header_bytes + data_bytes + meta_.page_bytes - 1) / meta_.page_bytes;
        if (!in_file(number, pages) || pages_left_ < pages) return corrupt();
        pages_left_ -= pages;
        std::array<std::byte, page_header_bytes + sizeof(std::uint64_t)> head;
        if (auto ok = read(number * meta_.page_bytes, head); !ok) return ok;
        if (load<std::uint64_t>(head, 0) != number ||
            load<std::uint16_t>(head, 10) != page_overflow ||
            load<std::uint32_t>(head, 12) != pages) {
            return corrupt();
        }
        if (kind != Kind::free) return {};
        const auto entries = load<std::uint64_t>(head, page_header_bytes);
        return entries < data_bytes / sizeof(std::uint64_t) ? Result<void, StoreError>{}
                                                            : corrupt();
    }

    // A list of page numbers that starts with its own length.
    Result<void, StoreError> check_free_list(Bytes data) {
        if (data.size() < sizeof(std::uint64_t)) return corrupt();
        const auto entries = load<std::uint64_t>(data, 0);
        if (entries >= data.size() / sizeof(std::uint64_t)) return corrupt();
        return {};
    }

    bool in_file(std::uint64_t number, std::uint64_t count) const {
        const std::uint64_t pages = file_bytes_ / meta_.page_bytes;
        return number >= 2 && number <= meta_.last_page && number < pages &&
               count <= pages - number;
    }

    int fd_;
    std::uint64_t file_bytes_;
    bool leaves_;
    Meta meta_{};
    std::uint64_t pages_left_ = 0;
};

}  // namespace

Result<void, StoreError> check_lmdb_file(int fd, std::uint64_t full_check_bytes_max) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) return fail(StoreErrc::io, 0, static_cast<std::uint64_t>(errno));
    if (!S_ISREG(info.st_mode)) return corrupt();
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size == 0) return {};
    return Checker{fd, size, size <= full_check_bytes_max}.run();
}

}  // namespace parley::runtime
