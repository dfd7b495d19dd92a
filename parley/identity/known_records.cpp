#include <parley/identity/known_records.hpp>

#include <parley/crypto/hash.hpp>

namespace parley {

Result<Enr, EnrError> KnownRecords::decode(Bytes raw) {
    if (raw.size() > Enr::size_bytes_max) return Enr::decode(raw);
    const auto hash = crypto::sha256(raw);
    bool known = false;
    {
        const std::lock_guard lock{mutex_};
        known = known_.find(hash) != nullptr;
    }
    if (known) return Enr::decode_verified(raw);
    auto record = Enr::decode(raw);
    if (record) {
        const std::lock_guard lock{mutex_};
        known_.insert(hash, true);
    }
    return record;
}

std::size_t KnownRecords::size() const {
    const std::lock_guard lock{mutex_};
    return known_.size();
}

}  // namespace parley
