#include "book/book_file.hpp"
#include "client/client.hpp"
#include <parley/base/endian.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/book/entry_codec.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

namespace parley::app {

namespace {

using discovery::AddressBook;

constexpr std::size_t corrupt_rows_max = 5;

/// False: there is no book yet.
Result<bool, Failure> check_version(const Folder& folder, Store& store) {
    const auto stored = store.get(AddressBook::version_table, bytes_of(AddressBook::version_key));
    if (!stored) return std::unexpected{store_failure(folder, stored.error())};
    if (!*stored) return false;
    const Buffer& bytes = **stored;
    if (bytes.size() != sizeof(AddressBook::version)) {
        return failed(
            fmt::format("the address book in {} is damaged: its version has {} bytes, "
                        "expected {}",
                        folder.store(), bytes.size(), sizeof(AddressBook::version)));
    }
    const auto number = load_be<std::uint64_t>(bytes);
    if (number != AddressBook::version) {
        return failed(fmt::format("the address book in {} is of version {}, this parley reads {}",
                                  folder.store(), number, AddressBook::version));
    }
    return true;
}

Result<void, StoreError> read_rows(Store& store, Book& book) {
    const auto visit = [&](Bytes key, Bytes value) {
        auto row = discovery::decode_row(key, value);
        if (row) {
            book.entries.push_back(std::move(*row));
            return true;
        }
        ++book.corrupt;
        if (book.corrupt_rows.size() < corrupt_rows_max) {
            book.corrupt_rows.push_back({to_hex(key), message(row.error())});
        }
        return true;
    };
    if (auto ok = store.scan(AddressBook::table, visit); !ok) return ok;
    const auto anchors = store.get(AddressBook::version_table, bytes_of(AddressBook::anchors_key));
    if (!anchors) return std::unexpected{anchors.error()};
    if (!*anchors) return {};
    constexpr std::size_t id_bytes = sizeof(NodeId::key);
    for (Bytes rest = **anchors; rest.size() >= id_bytes; rest = rest.subspan(id_bytes)) {
        book.anchors.push_back(NodeId{array_of<id_bytes>(rest)});
    }
    return {};
}

}  // namespace

Failure store_failure(const Folder& folder, const StoreError& error) {
    if (error.code == StoreErrc::missing) {
        return {fmt::format("there is no {}; `parley run {} --new-store` makes an empty one",
                            folder.store(), folder.path)};
    }
    return {fmt::format("cannot open {}: {}", folder.store(), message(error))};
}

Result<Book, Failure> read_book(const Folder& folder) {
    if (auto config = read_config(folder); !config) return std::unexpected{config.error()};
    Book book;
    // While the lock is held here a node that begins waits; if it is not to be had, one runs.
    const auto lock = lock_folder_to_read(folder);
    book.node_runs = !lock;
    auto store = runtime::LmdbStore::open(folder.store(), runtime::LmdbStore::Create::no,
                                          {.shared = book.node_runs});
    if (!store) return std::unexpected{store_failure(folder, store.error())};
    const auto there = check_version(folder, **store);
    if (!there) return std::unexpected{there.error()};
    if (*there) {
        if (const auto ok = read_rows(**store, book); !ok) {
            return std::unexpected{store_failure(folder, ok.error())};
        }
    }
    std::error_code ignored;
    book.file_bytes = std::filesystem::file_size(folder.store(), ignored);
    return book;
}

void read_links(const Folder& folder, Book& book) {
    if (!book.node_runs) return;
    const auto peers = call(folder.path, "admin_peers");
    const auto* list = peers ? peers->if_array() : nullptr;
    if (list == nullptr) return;
    for (const auto& peer : *list) {
        if (const auto id = NodeId::parse(text_at(peer, "/id"))) book.linked.insert(*id);
    }
}

void warn_of_corrupt_rows(const Folder& folder, const Book& book) {
    if (book.corrupt == 0) return;
    fmt::print(stderr, "parley: {} {} of {} {} damaged and left out:\n", book.corrupt,
               book.corrupt == 1 ? "row" : "rows", folder.store(),
               book.corrupt == 1 ? "is" : "are");
    for (const auto& row : book.corrupt_rows) {
        fmt::print(stderr, "  {}: {}\n", row.key, row.why);
    }
    if (book.corrupt > book.corrupt_rows.size()) fmt::print(stderr, "  ...\n");
}

}  // namespace parley::app
