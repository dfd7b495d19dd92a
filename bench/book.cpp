#include "book.hpp"
#include "crowd.hpp"
#include "harness.hpp"
#include "temp_folder.hpp"
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace parley::bench {

namespace {

using discovery::AddressBook;
using discovery::BookTable;
using discovery::Entry;
using runtime::LmdbStore;

constexpr std::size_t entries = 1'000'000;
constexpr std::size_t chunk = 10'000;

Now at(Duration since_start) {
    return {Instant{} + 1h + since_start,
            unix_from_milliseconds(1'750'000'000'000) +
                std::chrono::duration_cast<std::chrono::milliseconds>(since_start)};
}

std::unique_ptr<LmdbStore> open_store(const std::string& path) {
    auto store = LmdbStore::open(path, LmdbStore::Create::yes, {});
    if (!store) throw std::runtime_error{message(store.error())};
    return std::move(*store);
}

void write_all(AddressBook& book, Store& store) {
    while (book.has_changes()) {
        if (const auto written = store.write(book.take_changes()); !written) {
            throw std::runtime_error{message(written.error())};
        }
    }
}

/// Writes batches in the order in which it got them, on a thread of its own, as workers do.
class Writer {
public:
    explicit Writer(Store& store) : thread_([this, &store] { work(store); }) {}
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() { finish(); }
    void push(StoreBatch batch) {
        const std::scoped_lock lock{mutex_};
        waiting_.push_back(std::move(batch));
        wake_.notify_one();
    }
    void finish() {
        {
            const std::scoped_lock lock{mutex_};
            ended_ = true;
            wake_.notify_one();
        }
        if (thread_.joinable()) thread_.join();
    }

private:
    void work(Store& store) {
        std::unique_lock lock{mutex_};
        for (;;) {
            wake_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            const auto batch = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            (void)store.write(batch);
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<StoreBatch> waiting_;
    bool ended_ = false;
    std::thread thread_;
};

struct Filled {
    double seconds = 0;  ///< in the book, without making the records
    std::size_t offered = 0;
};

/// Offers records until the book holds a million; `after_chunk` may take the changes.
Filled fill(AddressBook& book, Crowd& crowd, const std::function<void()>& after_chunk) {
    struct Offer {
        Buffer raw;
        const discovery::Source* source;
    };
    Filled out;
    std::vector<Offer> offers(chunk);
    while (book.size() < entries) {
        for (auto& offer : offers) offer = {crowd.next_record(), &crowd.any_source()};
        const double began = seconds_now();
        for (const auto& offer : offers) {
            if (book.size() >= entries) break;
            const auto record = Enr::decode_verified(offer.raw);
            (void)book.add_record(at(0s), record.value(), *offer.source);
            ++out.offered;
        }
        after_chunk();
        out.seconds += seconds_now() - began;
    }
    return out;
}

/// As in a book of some months: one in five answered before, one in ten failed and waits.
void live(AddressBook& book) {
    Rng rng{3};
    for (std::size_t i = 0; i < book.size(); ++i) {
        const NodeId id = book.nth(i).id;
        const Endpoint endpoint = book.nth(i).endpoint();
        const auto fate = rng.below(10);
        if (fate >= 3) continue;
        const Now then = at(std::chrono::milliseconds{i});
        book.on_dialing(then, id);
        if (fate == 0) {
            book.on_dial_failed(then, id);
            continue;
        }
        book.on_connected(then, id, transport::Direction::outbound, endpoint);
        book.on_disconnected(then, id, transport::CloseReason::rotated, 10min);
    }
}

// --- Runs: each returns the value and what is said beside it ---

struct Measured {
    double value;
    std::string beside;
};

Measured measure_open(const std::string& path) {
    const double began = seconds_now();
    const auto store = open_store(path);
    auto book = book_for_a_million();
    const auto report = book.load(*store);
    const double seconds = seconds_now() - began;
    if (!report || report->loaded != entries) throw std::runtime_error{"rows are missing"};
    return {seconds, fmt::format("\"entries\":{},\"file_mib\":{}", report->loaded,
                                 std::filesystem::file_size(path) >> 20)};
}

Measured measure_pick(const std::string& path) {
    const auto store = open_store(path);
    auto book = book_for_a_million();
    if (!book.load(*store)) throw std::runtime_error{"the book does not open"};
    live(book);
    const Now then = at(5min + 1s * entries / 1000);
    // As the scheduler does while it has links: their groups are not dialed again.
    std::set<NetworkGroup> groups;
    const auto exclude = [&](const Entry& entry) {
        return groups.contains(outbound_group(entry.endpoint().address));
    };
    while (groups.size() < 8) {
        groups.insert(outbound_group(book.pick_for_dial(then, exclude)->endpoint().address));
    }
    constexpr unsigned picks = 200'000;
    const double began = seconds_now();
    std::size_t tried = 0;
    for (unsigned i = 0; i < picks; ++i) {
        if (book.pick_for_dial(then, exclude)->tried()) ++tried;
    }
    const double each = (seconds_now() - began) / picks;
    // The longest search: nobody will do.
    constexpr unsigned searches = 2'000;
    const double from = seconds_now();
    for (unsigned i = 0; i < searches; ++i) {
        (void)book.pick_for_dial(then, [](const Entry&) { return true; });
    }
    const double in_vain = (seconds_now() - from) / searches;
    return {each * 1e6, fmt::format("\"entries\":{},\"in_tried_table\":{},\"picked_tried\":{:.2f},"
                                    "\"us_in_vain\":{:.1f}",
                                    book.size(), book.taken(BookTable::tried),
                                    static_cast<double>(tried) / picks, in_vain * 1e6)};
}

Measured measure_add(const std::string&) {
    const TempFolder folder;
    const auto store = open_store(folder.file("store"));
    Crowd crowd;
    auto book = book_for_a_million();
    const double began = seconds_now();
    Writer writer{*store};
    const auto filled = fill(book, crowd, [&] { writer.push(book.take_changes()); });
    while (book.has_changes()) writer.push(book.take_changes());
    writer.finish();
    return {static_cast<double>(entries) / filled.seconds,
            fmt::format("\"offered\":{},\"seconds_until_on_disk\":{:.1f}", filled.offered,
                        seconds_now() - began)};
}

Measured measure_memory(const std::string& path) {
    double loaded = 0;
    {
        auto store = open_store(path);
        const double before = resident_bytes();
        auto book = book_for_a_million();
        if (!book.load(*store)) throw std::runtime_error{"the book does not open"};
        store.reset();
        ::malloc_trim(0);
        loaded = (resident_bytes() - before) / entries;
    }
    ::malloc_trim(0);
    const double before = resident_bytes();
    Crowd crowd;
    auto book = book_for_a_million();
    (void)fill(book, crowd, [&] { (void)book.take_changes(); });
    while (book.has_changes()) (void)book.take_changes();
    ::malloc_trim(0);
    const double added = (resident_bytes() - before) / entries;
    return {std::max(loaded, added),
            fmt::format("\"after_open\":{:.0f},\"after_add\":{:.0f}", loaded, added)};
}

using Measure = Measured (*)(const std::string& path);
Measure measure_of(std::string_view name) {
    static const std::map<std::string_view, Measure> all{{"book.open", &measure_open},
                                                         {"book.pick", &measure_pick},
                                                         {"book.add", &measure_add},
                                                         {"book.memory", &measure_memory}};
    return all.at(name);
}

void make_store(const std::string& path) {
    Crowd crowd;
    const auto store = open_store(path);
    auto book = book_for_a_million();
    (void)fill(book, crowd, [] {});
    live(book);
    write_all(book, *store);
}

}  // namespace

const std::vector<TargetBenchmark>& book_benchmarks() {
    static const std::vector<TargetBenchmark> all{
        {"book.open", "s", 1, false, 7},
        {"book.pick", "us", 5, false, 5},
        {"book.add", "entries/s", 100'000, true, 5},
        {"book.memory", "bytes/entry", 400, false, 3},
    };
    return all;
}

void run_book_benchmark(const TargetBenchmark& benchmark) {
    const TempFolder folder;
    if (benchmark.name != "book.add") {
        (void)PeerProcess{{"book", "make", folder.file("store")}}.read_line();
    }
    run_processes(benchmark, {"book", std::string{benchmark.name}, folder.file("store")});
}

int book_run(const std::vector<std::string>& arguments) {
    const auto& what = arguments.at(0);
    const auto& path = arguments.at(1);
    if (what == "make") {
        make_store(path);
        fmt::print("made\n");
    } else {
        const auto measured = measure_of(what)(path);
        fmt::print("{:.6g},{}\n", measured.value, measured.beside);
    }
    std::fflush(stdout);
    std::_Exit(0);  // a million entries take a while to take down
}

}  // namespace parley::bench
