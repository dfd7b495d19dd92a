#include <parley/transport/switch/caller_rates.hpp>

#include <algorithm>

namespace parley::transport {

CallerRates::CallerRates(const CallerLimits& limits, std::uint64_t salt)
    : limits_(limits),
      addresses_(limits.remembered_max, salt),
      groups_(limits.remembered_max, ~salt),
      wide_groups_(limits.remembered_max, salt + 1),
      families_{Family{bucket(limits.family), bucket(limits.shares_all)},
                Family{bucket(limits.family), bucket(limits.shares_all)}},
      exempt_(bucket(limits.exempt_all)) {}

CallerRates::Address& CallerRates::address(const Key& key, const RateLimit& rate) {
    return addresses_.find_or_insert(key, Address{.rate = bucket(rate)});
}

bool CallerRates::admit_exempt(Instant now, const Key& key) {
    // The address pays first, so that one alone cannot use up what all share.
    return address(key, limits_.exempt_address).rate.take(now) && exempt_.take(now);
}

bool CallerRates::admit(Instant now, const IpAddress& from) {
    const Key exact = key_of(exact_group(from));
    if (is_exempt_from_group_limits(from)) return admit_exempt(now, exact);
    const Key near = key_of(inbound_group(from));
    const Key wide = key_of(outbound_group(from));

    // From the widest to the narrowest, so that what is refused leaves no entry behind.
    WideGroup* wide_group = wide_groups_.find(wide);
    if (wide_group && !wide_group->rate.has(now)) return false;
    TokenBucket* group = groups_.find(near);
    if (group && !group->has(now)) return false;
    Address* known = addresses_.find(exact);
    if (known && (now < known->wait_until || !known->rate.has(now))) return false;

    if (!wide_group) {
        wide_group =
            &wide_groups_.find_or_insert(wide, {bucket(limits_.wide_group), bucket(limits_.share)});
    }
    Family& family = families_[from.is_v4() ? 0 : 1];
    const bool admitted =
        family.rate.take(now) ||
        (family.shares.has(now) && wide_group->share.take(now) && family.shares.take(now));
    if (!admitted) return false;
    wide_group->rate.take(now);
    groups_.find_or_insert(near, bucket(limits_.group)).take(now);
    address(exact, limits_.address).rate.take(now);
    return true;
}

void CallerRates::on_failure(Instant now, const IpAddress& from) {
    if (is_exempt_from_group_limits(from)) return;
    Address& caller = address(key_of(exact_group(from)), limits_.address);
    if (++caller.failures <= limits_.failures_free) return;
    caller.wait_until =
        now +
        doubled(limits_.wait_first, caller.failures - limits_.failures_free - 1, limits_.wait_max);
}

void CallerRates::on_success(const IpAddress& from) {
    Address* caller = addresses_.find(key_of(exact_group(from)));
    if (!caller) return;
    caller->failures = 0;
    caller->wait_until = {};
}

}  // namespace parley::transport
