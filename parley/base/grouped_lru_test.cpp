#include <parley/base/grouped_lru.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace parley;

namespace {

using Name = ByteArray<2>;

Name name_of(int number) {
    return {static_cast<std::byte>(number >> 8), static_cast<std::byte>(number)};
}

struct Rig {
    GroupedLru<Name, Name, int> map{4, 1};
    void insert(int key, int group) { map.insert(name_of(key), name_of(group), key); }
    /// Those of 0 to 99 that are there; their order of use becomes this one.
    std::vector<int> keys() {
        std::vector<int> out;
        for (int key = 0; key < 100; ++key) {
            if (const int* value = map.find(name_of(key))) out.push_back(*value);
        }
        return out;
    }
};

}  // namespace

TEST_CASE("a full table takes from the group with the most, the least recently used first") {
    Rig rig;
    rig.insert(1, 1);  // the oldest of all
    for (const int key : {2, 3, 4}) rig.insert(key, 2);
    rig.map.find(name_of(2));
    rig.insert(5, 3);
    CHECK(rig.keys() == std::vector{1, 2, 4, 5});
    // The crowd pushes out itself.
    rig.insert(6, 2);
    CHECK(rig.keys() == std::vector{1, 4, 5, 6});
    for (int key = 10; key < 50; ++key) rig.insert(key, 2);
    CHECK(rig.keys() == std::vector{1, 5, 48, 49});
}

TEST_CASE("of groups with equally many the least recently used gives way") {
    Rig rig;
    for (const int key : {1, 2, 3, 4}) rig.insert(key, key);
    rig.map.find(name_of(1));
    rig.insert(5, 5);
    CHECK(rig.keys() == std::vector{1, 3, 4, 5});
}

TEST_CASE("entries are replaced and erased, and their groups count them no more") {
    Rig rig;
    for (const int key : {1, 2, 3}) rig.insert(key, 1);
    rig.map.insert(name_of(3), name_of(2), 30);
    CHECK(*rig.map.find(name_of(3)) == 30);
    CHECK(rig.map.size() == 3);
    CHECK(rig.map.erase(name_of(1)));
    CHECK_FALSE(rig.map.erase(name_of(1)));
    CHECK(rig.map.erase(name_of(2)));
    for (const int key : {4, 5, 6}) rig.insert(key, 3);
    rig.insert(7, 4);  // group 1 is empty, group 3 has the most
    CHECK(rig.keys() == std::vector{30, 5, 6, 7});
}
