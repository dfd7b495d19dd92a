#include <parley/identity/keystore.hpp>

#include <parley/base/test_vectors.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>

using namespace parley;
namespace json = boost::json;

namespace {

/// Of the Web3 Secret Storage definition.
constexpr std::string_view pbkdf2_example = R"({
    "crypto" : {
        "cipher" : "aes-128-ctr",
        "cipherparams" : {"iv" : "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext" : "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf" : "pbkdf2",
        "kdfparams" : {
            "c" : 262144,
            "dklen" : 32,
            "prf" : "hmac-sha256",
            "salt" : "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"
        },
        "mac" : "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"
    },
    "id" : "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version" : 3
})";
constexpr std::string_view scrypt_example = R"({
    "crypto" : {
        "cipher" : "aes-128-ctr",
        "cipherparams" : {"iv" : "83dbcc02d8ccb40e466191a123791e0e"},
        "ciphertext" : "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
        "kdf" : "scrypt",
        "kdfparams" : {
            "dklen" : 32,
            "n" : 262144,
            "p" : 8,
            "r" : 1,
            "salt" : "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"
        },
        "mac" : "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"
    },
    "id" : "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version" : 3
})";
constexpr std::string_view example_secret =
    "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

/// Quick to derive: what the tests are about is not its cost.
constexpr crypto::ScryptCost cheap{.n = 2, .r = 1, .p = 1};

std::string secret_of(std::string_view text, std::string_view passphrase) {
    const auto keystore = Keystore::parse(text);
    if (!keystore) return message(keystore.error());
    const auto key = keystore->decrypt(bytes_of(passphrase));
    return key ? to_hex(key->secret()) : message(key.error());
}

NodeKey example_key() {
    return std::move(*NodeKey::from_secret(*array_from_hex<32>(example_secret)));
}

Keystore cheap_keystore() {
    SeededEntropy entropy{7};
    return Keystore::encrypt(example_key(), bytes_of("good"), entropy, cheap);
}

/// What parsing says of a good file after `change`.
std::string error_after(const std::function<void(json::object&)>& change) {
    auto root = json::parse(cheap_keystore().to_json()).as_object();
    change(root);
    const auto text = json::serialize(root);
    const auto keystore = Keystore::parse(text);
    return keystore ? "no error" : message(keystore.error());
}

json::object& crypto_of(json::object& root) {
    return root.at("crypto").as_object();
}
json::object& params_of(json::object& root) {
    return crypto_of(root).at("kdfparams").as_object();
}

}  // namespace

TEST_CASE("the examples of the definition decrypt") {
    CHECK(secret_of(pbkdf2_example, "testpassword") == example_secret);
    CHECK(secret_of(scrypt_example, "testpassword") == example_secret);
    CHECK(secret_of(pbkdf2_example, "Testpassword") == "wrong passphrase");
    CHECK(Keystore::parse(pbkdf2_example)->kdf() == Keystore::Kdf{Keystore::Pbkdf2{262144}});
    CHECK(Keystore::parse(scrypt_example)->kdf() ==
          Keystore::Kdf{crypto::ScryptCost{.n = 262144, .r = 1, .p = 8}});
    CHECK_FALSE(Keystore::parse(scrypt_example)->claimed_id());
}

TEST_CASE("the public keystore vectors decrypt") {
    const auto folder = testing::vectors("ethereum-tests/KeyStoreTests");
    std::error_code error;
    std::size_t cases = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
        std::ifstream file{entry.path()};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        const auto all = json::parse(text);
        for (const auto& [name, value] : all.as_object()) {
            CAPTURE(std::string{name});
            ++cases;
            CHECK(secret_of(json::serialize(value.at("json")), value.at("password").as_string()) ==
                  value.at("priv").as_string());
        }
    }
    if (cases == 0) testing::no_vectors("KeyStoreTests");
}

TEST_CASE("what was encrypted decrypts with the same passphrase alone") {
    const auto keystore = cheap_keystore();
    CHECK(keystore.claimed_id() == example_key().id());
    const auto text = keystore.to_json();
    CHECK(text.find(example_secret) == std::string::npos);
    CHECK(text.find("good") == std::string::npos);
    CHECK(Keystore::parse(text) == keystore);
    CHECK(secret_of(text, "good") == example_secret);
    for (const auto* wrong : {"", "goo", "good ", "Good"}) {
        CHECK(secret_of(text, wrong) == "wrong passphrase");
    }
    SeededEntropy entropy{8};
    const auto other = Keystore::encrypt(example_key(), bytes_of("good"), entropy, cheap);
    CHECK(other.to_json() != text);
    const auto empty = Keystore::encrypt(example_key(), {}, entropy, cheap);
    CHECK(secret_of(empty.to_json(), "") == example_secret);
    CHECK(Keystore::parse(pbkdf2_example)->to_json().find("\"c\": 262144") != std::string::npos);
    CHECK(Keystore::parse(Keystore::parse(pbkdf2_example)->to_json()) ==
          Keystore::parse(pbkdf2_example));
}

TEST_CASE("a new keystore costs what Ethereum's clients spend, and has a random UUID") {
    SeededEntropy entropy{7};
    const auto text = Keystore::encrypt(example_key(), bytes_of("good"), entropy).to_json();
    CHECK(text.find(R"("n": 262144, "r": 8, "p": 1)") != std::string::npos);
    CHECK(secret_of(text, "good") == example_secret);
    const std::string uuid{json::parse(text).at("id").as_string()};
    CHECK(uuid.size() == 36);
    CHECK(uuid[14] == '4');
    CHECK(std::string{"89ab"}.find(uuid[19]) != std::string::npos);
}

TEST_CASE("a changed keystore is noticed") {
    const auto text = cheap_keystore().to_json();
    const auto changed = [&](const std::function<void(json::object&)>& change) {
        auto root = json::parse(text).as_object();
        change(root);
        return secret_of(json::serialize(root), "good");
    };
    CHECK(changed([](auto& o) { crypto_of(o)["ciphertext"] = std::string(64, '1'); }) ==
          "wrong passphrase");
    CHECK(changed([](auto& o) { crypto_of(o)["mac"] = std::string(64, '1'); }) ==
          "wrong passphrase");
    CHECK(changed([](auto& o) { params_of(o)["n"] = 4; }) == "wrong passphrase");
    // The definition's MAC does not cover the IV.
    CHECK(changed([](auto& o) { crypto_of(o)["cipherparams"] = {{"iv", std::string(32, '1')}}; }) ==
          "keystore holds another key than that of its node_id");
    CHECK(changed([](auto& o) {
              o["node_id"] = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
          }) == "keystore holds another key than that of its node_id");
    CHECK(changed([](auto& o) { o.erase("node_id"); }) == example_secret);
}

TEST_CASE("a keystore of no valid secret") {
    // A ciphertext equal to the key stream decrypts to zeros; the MAC is over the ciphertext.
    CHECK(secret_of(R"({"version": 3, "crypto": {"cipher": "aes-128-ctr",
        "cipherparams": {"iv": "00000000000000000000000000000000"},
        "ciphertext": "81b2517662a545e4954094fa483bcd72822a73e7ffabd6562d4d99d9035a06bb",
        "kdf": "pbkdf2", "kdfparams": {"c": 1, "dklen": 32, "prf": "hmac-sha256", "salt": ""},
        "mac": "054030808232f1852d9730afe3c4348d15ca04c1a857e86efa0674a66328d0c4"}})",
                    "x") == "keystore holds no valid key");
}

TEST_CASE("bad keystores are refused with what is wrong") {
    const auto error_of = [](const std::string& text) {
        const auto keystore = Keystore::parse(text);
        return keystore ? "no error" : message(keystore.error());
    };
    CHECK(error_of(std::string(16385, ' ')) ==
          "keystore has 16385 bytes, at most 16384 are allowed");
    for (const auto* text : {"", " ", "[]", "3", "\"x\"", "{", "{}x", "{\"version\": 3,}"}) {
        CAPTURE(text);
        CHECK(error_of(text) == "keystore is no JSON object");
    }
    CHECK(error_of(R"({"a":)" + std::string(8, '[') + std::string(8, ']') + "}") ==
          "keystore is no JSON object");

    struct Case {
        std::function<void(json::object&)> change;
        std::string error;
    };
    const auto cases = std::to_array<Case>({
        {[](auto&) {}, "no error"},
        {[](auto& o) { o["more"] = {1, 2}; }, "no error"},
        {[](auto& o) { o["version"] = 4; }, "keystore has version 4, known is 3"},
        {[](auto& o) { o["version"] = "3"; },
         "keystore: version is of another kind, size or range"},
        {[](auto& o) { o["version"] = 3.0; },
         "keystore: version is of another kind, size or range"},
        {[](auto& o) { o["version"] = -3; }, "keystore: version is of another kind, size or range"},
        {[](auto& o) { o.erase("version"); }, "keystore lacks version"},
        {[](auto& o) { o.erase("crypto"); }, "keystore lacks crypto"},
        {[](auto& o) { o["crypto"] = 1; }, "keystore: crypto is of another kind, size or range"},
        {[](auto& o) { o["node_id"] = "02"; },
         "keystore: node_id is of another kind, size or range"},
        {[](auto& o) { o["node_id"] = 2; }, "keystore: node_id is of another kind, size or range"},
        {[](auto& o) { o["id"] = 2; }, "no error"},
        {[](auto& o) { crypto_of(o)["cipher"] = "aes-256-ctr"; },
         "keystore: crypto.cipher is not aes-128-ctr"},
        {[](auto& o) { crypto_of(o).erase("cipher"); }, "keystore lacks crypto.cipher"},
        {[](auto& o) { crypto_of(o)["cipherparams"] = json::object{}; },
         "keystore lacks crypto.cipherparams.iv"},
        {[](auto& o) { crypto_of(o)["cipherparams"] = {{"iv", std::string(30, '0')}}; },
         "keystore: crypto.cipherparams.iv is of another kind, size or range"},
        {[](auto& o) { crypto_of(o)["ciphertext"] = std::string(66, '0'); },
         "keystore: crypto.ciphertext is of another kind, size or range"},
        {[](auto& o) { crypto_of(o)["ciphertext"] = std::string(64, 'x'); },
         "keystore: crypto.ciphertext is of another kind, size or range"},
        {[](auto& o) { crypto_of(o)["mac"] = std::string(63, '0'); },
         "keystore: crypto.mac is of another kind, size or range"},
        {[](auto& o) { crypto_of(o)["kdf"] = "argon2id"; },
         "keystore: crypto.kdf is neither scrypt nor pbkdf2"},
        {[](auto& o) { crypto_of(o)["kdf"] = "pbkdf2"; }, "keystore lacks crypto.kdfparams.prf"},
        {[](auto& o) { params_of(o)["salt"] = std::string(2050, '0'); },
         "keystore: crypto.kdfparams.salt is of another kind, size or range"},
        {[](auto& o) { params_of(o)["salt"] = "0"; },
         "keystore: crypto.kdfparams.salt is of another kind, size or range"},
        {[](auto& o) { params_of(o).erase("salt"); }, "keystore lacks crypto.kdfparams.salt"},
        {[](auto& o) { params_of(o)["dklen"] = 31; },
         "keystore: crypto.kdfparams.dklen is of another kind, size or range"},
        {[](auto& o) { params_of(o)["dklen"] = 65; },
         "keystore: crypto.kdfparams.dklen is of another kind, size or range"},
        {[](auto& o) { params_of(o)["n"] = 3; },
         "keystore: scrypt with an n, r or p that RFC 7914 does not have"},
        {[](auto& o) { params_of(o)["r"] = 0; },
         "keystore: scrypt with an n, r or p that RFC 7914 does not have"},
        {[](auto& o) { params_of(o)["p"] = 1ULL << 32; },
         "keystore: crypto.kdfparams.p is of another kind, size or range"},
        {[](auto& o) { params_of(o)["n"] = 1ULL << 22; }, "no error"},
        {[](auto& o) { params_of(o)["n"] = 1ULL << 23; },
         "keystore: scrypt over 1073741824 bytes, at most 536870912 are allowed"},
        {[](auto& o) { params_of(o)["n"] = 1ULL << 63; },
         "keystore: scrypt over 18446744073709551615 bytes, at most 536870912 are allowed"},
        {[](auto& o) { params_of(o)["p"] = 1U << 22; },
         "keystore: scrypt over 1073741824 bytes, at most 536870912 are allowed"},
    });
    for (const auto& [change, error] : cases) CHECK(error_after(change) == error);

    const auto pbkdf2 = [&](std::string_view prf, const json::value& c) {
        return error_after([&](auto& o) {
            crypto_of(o)["kdf"] = "pbkdf2";
            params_of(o)["prf"] = prf;
            params_of(o)["c"] = c;
        });
    };
    CHECK(pbkdf2("hmac-sha256", 10'000'000) == "no error");
    CHECK(pbkdf2("hmac-sha256", 10'000'001) ==
          "keystore: 10000001 iterations of PBKDF2, at most 10000000 are allowed");
    CHECK(pbkdf2("hmac-sha256", 0) ==
          "keystore: crypto.kdfparams.c is of another kind, size or range");
    CHECK(pbkdf2("hmac-sha512", 1) == "keystore: crypto.kdfparams.prf is not hmac-sha256");
}
