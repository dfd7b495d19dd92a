#include <parley/base/block_pool.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace parley {

namespace {

constexpr std::size_t granule_bytes = 64;
constexpr std::size_t classes = pooled_block_bytes_max / granule_bytes;
constexpr std::size_t magazine_blocks = 128;
constexpr std::size_t depot_magazines_max = 128;  // a class: at most 8 MiB of 512-byte blocks

std::size_t class_of(std::size_t size_bytes) {
    return size_bytes == 0 ? 0 : (size_bytes - 1) / granule_bytes;
}

struct Magazine {
    std::array<void*, magazine_blocks> blocks;
    std::size_t count = 0;

    Magazine() = default;
    Magazine(const Magazine&) = delete;
    Magazine& operator=(const Magazine&) = delete;
    ~Magazine() {
        while (count > 0) ::operator delete(blocks[--count]);
    }
};
using MagazinePtr = std::unique_ptr<Magazine>;

/// Full magazines that wait for a thread which takes more than it gives.
class Depot {
public:
    MagazinePtr take() {
        const std::scoped_lock lock{mutex_};
        if (full_.empty()) return nullptr;
        auto magazine = std::move(full_.back());
        full_.pop_back();
        return magazine;
    }
    /// What finds no place is freed.
    void give(MagazinePtr magazine) {
        const std::scoped_lock lock{mutex_};
        if (full_.size() < depot_magazines_max) full_.push_back(std::move(magazine));
    }

private:
    std::mutex mutex_;
    std::vector<MagazinePtr> full_;
};

/// Never destroyed: threads may end after static objects.
Depot& depot(std::size_t size_class) {
    static auto* const all = new std::array<Depot, classes>;
    return (*all)[size_class];
}

/// One thread's two magazines of a class: one of them is never both empty and needed again at
/// once, so that giving and taking in turns does not visit the depot.
struct Shelf {
    MagazinePtr loaded = std::make_unique<Magazine>();
    MagazinePtr spare = std::make_unique<Magazine>();
};

/// True once this thread has put its shelves away: what is freed later goes to the heap.
thread_local bool closed = false;

struct Shelves {
    std::array<Shelf, classes> of;
    ~Shelves() { closed = true; }
};

thread_local Shelves shelves;

}  // namespace

void* take_block(std::size_t size_bytes) {
    if (size_bytes > pooled_block_bytes_max) return ::operator new(size_bytes);
    const auto size_class = class_of(size_bytes);
    if (closed) return ::operator new((size_class + 1) * granule_bytes);
    auto& shelf = shelves.of[size_class];
    if (shelf.loaded->count == 0) {
        std::swap(shelf.loaded, shelf.spare);
        if (shelf.loaded->count == 0) {
            if (auto full = depot(size_class).take()) shelf.loaded = std::move(full);
        }
        if (shelf.loaded->count == 0) return ::operator new((size_class + 1) * granule_bytes);
    }
    return shelf.loaded->blocks[--shelf.loaded->count];
}

void give_block(void* block, std::size_t size_bytes) noexcept {
    if (size_bytes > pooled_block_bytes_max || closed) return ::operator delete(block);
    const auto size_class = class_of(size_bytes);
    auto& shelf = shelves.of[size_class];
    if (shelf.loaded->count == magazine_blocks) {
        std::swap(shelf.loaded, shelf.spare);
        if (shelf.loaded->count == magazine_blocks) {
            depot(size_class).give(std::exchange(shelf.loaded, std::make_unique<Magazine>()));
        }
    }
    shelf.loaded->blocks[shelf.loaded->count++] = block;
}

}  // namespace parley
