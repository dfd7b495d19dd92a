#include <parley/identity/host_name.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool may_be_in_label(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

Result<void, HostNameError> check_label(std::string_view label, std::size_t offset) {
    if (label.empty()) return fail(HostNameErrc::empty_label, 0, offset);
    if (label.size() > host_label_bytes_max) {
        return fail(HostNameErrc::label_too_long, host_label_bytes_max, label.size());
    }
    const auto bad = std::ranges::find_if_not(label, may_be_in_label);
    if (bad != label.end()) {
        return fail(HostNameErrc::bad_character, 0, static_cast<unsigned char>(*bad));
    }
    if (label.front() == '-' || label.back() == '-') {
        return fail(HostNameErrc::hyphen_at_edge, 0, offset);
    }
    return {};
}

}  // namespace

std::string message(const HostNameError& error) {
    switch (error.code) {
        case HostNameErrc::empty:
            return "no host";
        case HostNameErrc::too_long:
            return fmt::format("a host name of {} bytes, at most {} are allowed", error.actual,
                               error.expected);
        case HostNameErrc::empty_label:
            return fmt::format("nothing where a part of the host name should be, at {}",
                               error.actual);
        case HostNameErrc::label_too_long:
            return fmt::format("a part of the host name has {} bytes, at most {} are allowed",
                               error.actual, error.expected);
        case HostNameErrc::bad_character:
            return fmt::format("a host name cannot have the byte 0x{:02x}", error.actual);
        case HostNameErrc::hyphen_at_edge:
            return fmt::format("a hyphen at the edge of a part of the host name, at {}",
                               error.actual);
        case HostNameErrc::looks_numeric:
            return "neither an IP address nor a host name";
    }
    return "unknown error";
}

Result<void, HostNameError> check_host_name(std::string_view text) {
    if (text.empty()) return fail(HostNameErrc::empty);
    if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
    if (text.size() > host_name_bytes_max) {
        return fail(HostNameErrc::too_long, host_name_bytes_max, text.size());
    }
    std::size_t begin = 0;
    for (;;) {
        const auto end = std::min(text.find('.', begin), text.size());
        const auto label = text.substr(begin, end - begin);
        if (auto ok = check_label(label, begin); !ok) return ok;
        if (end == text.size()) {
            const bool number = std::ranges::all_of(label, is_digit);
            return number ? fail(HostNameErrc::looks_numeric) : Result<void, HostNameError>{};
        }
        begin = end + 1;
    }
}

}  // namespace parley
