// A Keystore as text: docs/formats/keystore.md.
#include <parley/base/overloaded.hpp>
#include <parley/identity/keystore.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

namespace parley {

namespace {

namespace json = boost::json;
using Member = KeystoreMember;

constexpr std::uint64_t known_version = 3;
constexpr std::string_view known_cipher = "aes-128-ctr";
constexpr std::string_view known_prf = "hmac-sha256";
constexpr std::size_t depth_max = 8;
constexpr std::size_t salt_bytes_max = 1024;
constexpr std::uint64_t derived_bytes_min = 32, derived_bytes_max = 64;
constexpr std::size_t uuid_digits = 36;
constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

constexpr std::array<std::string_view, 17> member_names{
    "version",
    "node_id",
    "crypto",
    "crypto.cipher",
    "crypto.cipherparams",
    "crypto.cipherparams.iv",
    "crypto.ciphertext",
    "crypto.kdf",
    "crypto.kdfparams",
    "crypto.kdfparams.salt",
    "crypto.kdfparams.dklen",
    "crypto.kdfparams.n",
    "crypto.kdfparams.r",
    "crypto.kdfparams.p",
    "crypto.kdfparams.c",
    "crypto.kdfparams.prf",
    "crypto.mac",
};
static_assert(member_names.size() == static_cast<std::size_t>(Member::mac) + 1);

/// The last part of a member's path is its key.
std::string_view key_of(Member member) {
    const auto path = name(member);
    return path.substr(path.rfind('.') + 1);
}

/// Reads members one after the other. Keeps the first error; from then on all reads give nothing.
class MemberReader {
public:
    const std::optional<KeystoreError>& error() const { return error_; }

    void fail(KeystoreErrc code, std::uint64_t expected = 0, std::uint64_t actual = 0) {
        if (!error_) error_ = KeystoreError{code, expected, actual};
    }
    void bad(Member member) {
        fail(KeystoreErrc::bad_member, 0, static_cast<std::uint64_t>(member));
    }

    json::object object(const json::object& from, Member member) {
        const auto* value = find(from, member);
        if (value != nullptr && value->is_object()) return value->get_object();
        bad(member);
        return {};
    }
    std::string text(const json::object& from, Member member) {
        const auto* value = find(from, member);
        if (value != nullptr && value->is_string()) {
            return {value->get_string().data(), value->get_string().size()};
        }
        bad(member);
        return {};
    }
    std::uint64_t number(const json::object& from, Member member, std::uint64_t most) {
        const auto* value = find(from, member);
        boost::system::error_code wrong;
        if (value != nullptr && (value->is_int64() || value->is_uint64())) {
            const auto number = value->to_number<std::uint64_t>(wrong);
            if (!wrong && number <= most) return number;
        }
        bad(member);
        return 0;
    }
    template <std::size_t N>
    void hex(const json::object& from, Member member, ByteArray<N>& out) {
        const auto bytes = array_from_hex<N>(text(from, member));
        if (!bytes) return bad(member);
        out = *bytes;
    }

private:
    const json::value* find(const json::object& from, Member member) {
        if (error_) return nullptr;
        const auto* value = from.if_contains(key_of(member));
        if (value == nullptr) {
            fail(KeystoreErrc::missing_member, 0, static_cast<std::uint64_t>(member));
        }
        return value;
    }

    std::optional<KeystoreError> error_;
};

crypto::ScryptCost read_scrypt(MemberReader& reader, const json::object& params) {
    crypto::ScryptCost cost;
    cost.n = reader.number(params, Member::n, u64_max);
    cost.r = static_cast<std::uint32_t>(reader.number(params, Member::r, u32_max));
    cost.p = static_cast<std::uint32_t>(reader.number(params, Member::p, u32_max));
    if (!cost.is_valid()) reader.fail(KeystoreErrc::bad_scrypt);
    if (cost.work_bytes() > Keystore::scrypt_bytes_max) {
        reader.fail(KeystoreErrc::too_costly, Keystore::scrypt_bytes_max, cost.work_bytes());
    }
    return cost;
}

Keystore::Pbkdf2 read_pbkdf2(MemberReader& reader, const json::object& params) {
    if (reader.text(params, Member::prf) != known_prf) reader.fail(KeystoreErrc::unknown_prf);
    const auto c = reader.number(params, Member::c, u64_max);
    if (c == 0) reader.bad(Member::c);
    if (c > Keystore::iterations_max) {
        reader.fail(KeystoreErrc::too_slow, Keystore::iterations_max, c);
    }
    return {static_cast<std::uint32_t>(c)};
}

}  // namespace

std::string_view name(KeystoreMember member) {
    return member_names[static_cast<std::size_t>(member)];
}

struct Keystore::Parser {
    MemberReader reader;
    Keystore out;

    void read(const json::object& root) {
        const auto version = reader.number(root, Member::version, u64_max);
        if (version != known_version) {
            reader.fail(KeystoreErrc::unknown_version, known_version, version);
        }
        const auto crypto = reader.object(root, Member::crypto);
        if (reader.text(crypto, Member::cipher) != known_cipher) {
            reader.fail(KeystoreErrc::unknown_cipher);
        }
        reader.hex(reader.object(crypto, Member::cipherparams), Member::iv, out.iv_);
        reader.hex(crypto, Member::ciphertext, out.ciphertext_);
        read_kdf(crypto);
        reader.hex(crypto, Member::mac, out.mac_);
        read_names(root);
    }

    void read_kdf(const json::object& crypto) {
        const auto kdf = reader.text(crypto, Member::kdf);
        const auto params = reader.object(crypto, Member::kdfparams);
        auto salt = from_hex(reader.text(params, Member::salt));
        if (!salt || salt->size() > salt_bytes_max) return reader.bad(Member::salt);
        out.salt_ = std::move(*salt);
        const auto derived = reader.number(params, Member::dklen, derived_bytes_max);
        if (derived < derived_bytes_min) reader.bad(Member::dklen);
        out.derived_bytes_ = static_cast<std::uint32_t>(derived);
        if (kdf == "scrypt") {
            out.kdf_ = read_scrypt(reader, params);
        } else if (kdf == "pbkdf2") {
            out.kdf_ = read_pbkdf2(reader, params);
        } else {
            reader.fail(KeystoreErrc::unknown_kdf);
        }
    }

    /// What is there only in some files.
    void read_names(const json::object& root) {
        if (const auto* id = root.if_contains("id"); id != nullptr && id->is_string()) {
            const auto& text = id->get_string();
            if (text.size() == uuid_digits) out.uuid_ = std::string{text.data(), text.size()};
        }
        if (!root.contains(key_of(Member::node_id))) return;
        out.node_id_ = NodeId::parse(reader.text(root, Member::node_id));
        if (!out.node_id_) reader.bad(Member::node_id);
    }
};

Result<Keystore, KeystoreError> Keystore::parse(std::string_view text) {
    if (text.size() > size_bytes_max) {
        return fail(KeystoreErrc::too_large, size_bytes_max, text.size());
    }
    json::parse_options options;
    options.max_depth = depth_max;
    boost::system::error_code error;
    const auto value = json::parse({text.data(), text.size()}, error, {}, options);
    if (error || !value.is_object()) return fail(KeystoreErrc::not_json);
    Parser parser;
    parser.read(value.get_object());
    if (parser.reader.error()) return std::unexpected{*parser.reader.error()};
    return std::move(parser.out);
}

std::string Keystore::to_json() const {
    std::string_view kdf_name;
    std::string params;
    std::visit(overloaded{
                   [&](const crypto::ScryptCost& cost) {
                       kdf_name = "scrypt";
                       params = fmt::format(R"("n": {}, "r": {}, "p": {})", cost.n, cost.r, cost.p);
                   },
                   [&](const Pbkdf2& pbkdf2) {
                       kdf_name = "pbkdf2";
                       params =
                           fmt::format(R"("c": {}, "prf": "{}")", pbkdf2.iterations, known_prf);
                   },
               },
               kdf_);
    std::string names;
    if (node_id_) names += fmt::format("  \"node_id\": \"{}\",\n", node_id_->to_string());
    if (!uuid_.empty()) names += fmt::format("  \"id\": {},\n", json::serialize(uuid_));
    return fmt::format(
        R"({{
  "version": {},
{}  "crypto": {{
    "cipher": "{}",
    "cipherparams": {{"iv": "{}"}},
    "ciphertext": "{}",
    "kdf": "{}",
    "kdfparams": {{"dklen": {}, {}, "salt": "{}"}},
    "mac": "{}"
  }}
}}
)",
        known_version, names, known_cipher, to_hex(iv_), to_hex(ciphertext_), kdf_name,
        derived_bytes_, params, to_hex(salt_), to_hex(mac_));
}

}  // namespace parley
