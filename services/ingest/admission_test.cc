#include "services/ingest/admission.h"

#include <string>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr int64_t kMany = 1'000'000;

// A batch of `events` events of 10 bytes for one subscription.
struct Case {
  const char* name;
  int events;
  Outbox outbox;
  int64_t tokens;
  size_t each;  // admitted
  size_t all;   // admitted, all or none
  Limit limit = Limit::kNone;
  OutboxPolicy policy = OutboxPolicy::kRefuseNew;
};

class AdmissionTest : public ::testing::TestWithParam<Case> {
 protected:
  static Admission Decide(Admit how) {
    const Case& one = GetParam();
    return DecideAdmission(std::vector<EventLoad>(one.events, {1, 10}), how,
                           {.ingest_burst = 5,
                            .max_waiting_events = 20,
                            .max_waiting_bytes = 300,
                            .outbox_policy = one.policy},
                           one.outbox, one.tokens);
  }
};

TEST_P(AdmissionTest, Each) {
  const Admission admission = Decide(Admit::kEach);
  const auto admitted = static_cast<int64_t>(GetParam().each);
  EXPECT_EQ(admission.admitted, GetParam().each);
  EXPECT_EQ(admission.load, (Outbox{admitted, 10 * admitted}));
  EXPECT_EQ(admission.limit, GetParam().limit);
}

TEST_P(AdmissionTest, AllOrNone) {
  const Admission admission = Decide(Admit::kAllOrNone);
  const auto admitted = static_cast<int64_t>(GetParam().all);
  EXPECT_EQ(admission.admitted, GetParam().all);
  EXPECT_EQ(admission.load, (Outbox{admitted, 10 * admitted}));
  if (admitted > 0) {
    EXPECT_EQ(admission.limit, Limit::kNone);
  } else {
    EXPECT_EQ(admission.limit, GetParam().limit);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rate, AdmissionTest,
    ::testing::Values(
        Case{"Enough", 3, {}, 3, 3, 3},
        Case{"Some", 3, {}, 2, 2, 0, Limit::kIngestRate},
        Case{"None", 3, {}, 0, 0, 0, Limit::kIngestRate},
        // More than the burst ever gives: all when the bucket is full.
        Case{"MoreThanTheBurst", 8, {}, 5, 5, 8, Limit::kIngestRate},
        Case{"MoreThanTheBurstNotFull", 8, {}, 4, 4, 0, Limit::kIngestRate},
        Case{"AlsoWithDropOldest",
             3,
             {},
             2,
             2,
             0,
             Limit::kIngestRate,
             OutboxPolicy::kDropOldest}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Events, AdmissionTest,
    ::testing::Values(
        Case{"UpToTheLimit", 3, {17, 0}, kMany, 3, 3},
        Case{"Some", 3, {18, 0}, kMany, 2, 0, Limit::kWaitingEvents},
        Case{"None", 3, {20, 0}, kMany, 0, 0, Limit::kWaitingEvents},
        Case{"FarOver", 1, {500, 0}, kMany, 0, 0, Limit::kWaitingEvents},
        // More than there is ever room for: all when it is empty.
        Case{"MoreThanAll", 25, {0, 0}, kMany, 20, 25, Limit::kWaitingEvents},
        Case{"DropOldest",
             3,
             {500, 0},
             kMany,
             3,
             3,
             Limit::kNone,
             OutboxPolicy::kDropOldest}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Bytes, AdmissionTest,
    ::testing::Values(
        Case{"UpToTheLimit", 3, {1, 270}, kMany, 3, 3},
        Case{"Some", 3, {1, 285}, kMany, 1, 0, Limit::kWaitingBytes},
        Case{"None", 3, {1, 300}, kMany, 0, 0, Limit::kWaitingBytes}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(AdmissionTest, AnEmptyOutboxTakesOneThatAloneIsMore) {
  const TenantQuota quota = {
      .ingest_burst = 5, .max_waiting_events = 1, .max_waiting_bytes = 100};
  const std::vector<EventLoad> loads = {{2, 500}, {2, 500}};
  EXPECT_EQ(DecideAdmission(loads, Admit::kEach, quota, {}, kMany).admitted,
            1u);
  EXPECT_EQ(DecideAdmission(loads, Admit::kEach, quota, {1, 1}, kMany).admitted,
            0u);
}

}  // namespace
}  // namespace mqttpush
