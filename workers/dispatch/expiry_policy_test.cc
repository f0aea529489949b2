#include "workers/dispatch/expiry_policy.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr absl::Time kNever = absl::InfiniteFuture();
const absl::Time kAccepted = absl::FromUnixSeconds(1000);

struct Row {
  const char* what;
  LifetimeRules rules;
  Qos qos;
  absl::Time expiry;
};

TEST(ExpiryPolicyTest, Table) {
  const LifetimeRules none = {.qos_0_lifetime = absl::Seconds(60)};
  const LifetimeRules own = {.event_lifetime = absl::Seconds(5)};
  LifetimeRules paused = none;
  paused.paused = true;
  LifetimeRules own_paused = own;
  own_paused.paused = true;
  LifetimeRules resumed = none;
  resumed.resume_time = kAccepted + absl::Seconds(100);
  LifetimeRules resumed_before = none;
  resumed_before.resume_time = kAccepted - absl::Seconds(100);
  const Row kTable[] = {
      {"default", none, Qos::kAtMostOnce, kAccepted + absl::Seconds(60)},
      {"default", none, Qos::kAtLeastOnce, kNever},
      {"default", none, Qos::kExactlyOnce, kNever},
      {"own", own, Qos::kAtMostOnce, kAccepted + absl::Seconds(5)},
      {"own", own, Qos::kAtLeastOnce, kAccepted + absl::Seconds(5)},
      {"own", own, Qos::kExactlyOnce, kAccepted + absl::Seconds(5)},
      {"paused", paused, Qos::kAtMostOnce, kNever},
      {"paused", paused, Qos::kAtLeastOnce, kNever},
      {"own, paused", own_paused, Qos::kAtMostOnce,
       kAccepted + absl::Seconds(5)},
      {"own, paused", own_paused, Qos::kAtLeastOnce,
       kAccepted + absl::Seconds(5)},
      {"resumed", resumed, Qos::kAtMostOnce, kAccepted + absl::Seconds(160)},
      {"resumed", resumed, Qos::kAtLeastOnce, kNever},
      {"resumed before", resumed_before, Qos::kAtMostOnce,
       kAccepted + absl::Seconds(60)},
  };
  for (const Row& row : kTable) {
    SCOPED_TRACE(row.what);
    SCOPED_TRACE(static_cast<int>(row.qos));
    EXPECT_EQ(ExpiryTime(row.rules, row.qos, kAccepted), row.expiry);
  }
}

}  // namespace
}  // namespace mqttpush
