#include <parley/rpc/params.hpp>

namespace parley::rpc {

const json::value* optional_param(const Call& call, std::size_t index) {
    if (index >= call.params.size() || call.params[index].is_null()) return nullptr;
    return &call.params[index];
}

std::unexpected<Error> bad_param(std::size_t index, std::string_view expected,
                                 std::string_view actual) {
    return bad_value(param_place(index), expected, actual);
}

parley::Result<std::string_view, Error> text_param(const Call& call, std::size_t index,
                                                   std::string_view expected) {
    if (index >= call.params.size()) return bad_param(index, expected, "nothing");
    return text_value(call.params[index], param_place(index), expected);
}

parley::Result<Buffer, Error> data_param(const Call& call, std::size_t index) {
    if (index >= call.params.size()) return bad_param(index, "hex data", "nothing");
    return data_value(call.params[index], param_place(index));
}

parley::Result<Buffer, Error> data_param(const Call& call, std::size_t index, std::size_t size) {
    if (index >= call.params.size()) return bad_param(index, "hex data", "nothing");
    return data_value(call.params[index], param_place(index), size);
}

parley::Result<Hash256, Error> hash_param(const Call& call, std::size_t index) {
    const auto bytes = data_param(call, index, sizeof(Hash256));
    if (!bytes) return std::unexpected{bytes.error()};
    return array_of<sizeof(Hash256)>(*bytes);
}

parley::Result<std::uint64_t, Error> u64_param(const Call& call, std::size_t index) {
    if (index >= call.params.size()) return bad_param(index, "a hex quantity", "nothing");
    return u64_value(call.params[index], param_place(index));
}

parley::Result<bool, Error> flag_param(const Call& call, std::size_t index) {
    const auto* value = optional_param(call, index);
    if (value == nullptr) return false;
    return bool_value(*value, param_place(index));
}

}  // namespace parley::rpc
