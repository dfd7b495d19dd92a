// A folder for one test, gone afterwards.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace parley::runtime {

class TestDir {
public:
    TestDir() {
        std::string name = (std::filesystem::temp_directory_path() / "parley-test-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    TestDir(const TestDir&) = delete;
    TestDir& operator=(const TestDir&) = delete;
    ~TestDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

}  // namespace parley::runtime
