#include <parley/sim/attacks/attacks.hpp>

#include <parley/sim/attacks/attack_actor.hpp>

#include <algorithm>

namespace parley::sim {

std::string_view name(AttackKind kind) {
    switch (kind) {
        case AttackKind::garbage:
            return "garbage";
        case AttackKind::oversized:
            return "oversized";
        case AttackKind::forged_records:
            return "forged_records";
        case AttackKind::address_flood:
            return "address_flood";
        case AttackKind::sybil:
            return "sybil";
        case AttackKind::withhold:
            return "withhold";
        case AttackKind::spam:
            return "spam";
        case AttackKind::stalled_handshake:
            return "stalled_handshake";
        case AttackKind::credit_abuse:
            return "credit_abuse";
        case AttackKind::waste:
            return "waste";
        case AttackKind::lie:
            return "lie";
        case AttackKind::byzantine:
            return "byzantine";
    }
    return "?";
}

std::optional<AttackKind> parse_attack(std::string_view text) {
    const auto found =
        std::ranges::find(all_attacks, text, [](AttackKind kind) { return name(kind); });
    if (found == all_attacks.end()) return std::nullopt;
    return *found;
}

std::unique_ptr<Attack> make_attack(AttackKind kind, std::uint64_t seed) {
    switch (kind) {
        case AttackKind::garbage:
            return make_garbage(seed);
        case AttackKind::oversized:
            return make_oversized(seed);
        case AttackKind::forged_records:
            return make_forged_records(seed);
        case AttackKind::address_flood:
            return make_address_flood(seed);
        case AttackKind::sybil:
            return make_sybil(seed);
        case AttackKind::withhold:
            return make_withhold(seed);
        case AttackKind::spam:
            return make_spam(seed);
        case AttackKind::stalled_handshake:
            return make_stalled_handshake(seed);
        case AttackKind::credit_abuse:
            return make_credit_abuse(seed);
        case AttackKind::waste:
            return make_waste(seed);
        case AttackKind::lie:
            return make_lie(seed);
        case AttackKind::byzantine:
            return make_byzantine(seed);
    }
    return nullptr;
}

}  // namespace parley::sim
