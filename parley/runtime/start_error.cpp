#include <parley/runtime/start_error.hpp>

#include <system_error>

namespace parley::runtime {

StartError start_error(const std::string& action, const std::string& where, int system_error) {
    return {"cannot " + action + " " + where + ": " + std::generic_category().message(system_error),
            system_error};
}

}  // namespace parley::runtime
