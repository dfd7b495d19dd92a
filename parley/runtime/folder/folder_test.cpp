#include <parley/runtime/folder/folder.hpp>

#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <thread>

using namespace parley;
using namespace parley::runtime;

TEST_CASE("a folder has many readers, or one that changes it") {
    const TestDir dir;
    const Folder folder{dir.file("")};
    {
        const auto first = lock_folder_to_read(folder);
        const auto second = lock_folder_to_read(folder);
        CHECK(first);
        CHECK(second);
        const auto node = lock_folder(folder, 30ms);
        REQUIRE_FALSE(node);
        CHECK(node.error().what == folder.path + " is being read by another command: try again");
    }
    const auto node = lock_folder(folder);
    REQUIRE(node);
    for (const auto& other : {lock_folder(folder), lock_folder_to_read(folder)}) {
        REQUIRE_FALSE(other);
        CHECK(other.error().what == "another node runs in " + folder.path);
    }
}

TEST_CASE("a node that begins while its folder is read waits for that") {
    const TestDir dir;
    const Folder folder{dir.file("")};
    auto reader = lock_folder_to_read(folder);
    REQUIRE(reader);
    std::optional<Result<UniqueFd, StartError>> node;
    std::jthread begins{[&] { node = lock_folder(folder, 60s); }};
    *reader = UniqueFd{};
    begins.join();
    CHECK(node->has_value());
}
