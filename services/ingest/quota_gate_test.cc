#include "services/ingest/quota_gate.h"

#include <string>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "services/api/status.h"
#include "services/ingest/fakes_for_test.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

const RoutedTenant kAcme = {
    .uid = 1,
    .id = "acme",
    .quota = {.ingest_events_per_second = 10,
              .ingest_burst = 200,
              .max_waiting_events = 100,
              .max_waiting_bytes = 1000,
              .outbox_policy = OutboxPolicy::kRefuseNew}};

class QuotaGateTest : public ::testing::Test {
 protected:
  QuotaGate::Entry Enter(int events, const RoutedTenant& tenant = kAcme) {
    return gate_.Enter(tenant, std::vector<EventLoad>(events, {1, 1}),
                       Admit::kEach);
  }
  // What is logged while so many are in the outbox, and more come.
  std::string LoggedAt(int64_t events, int more = 0) {
    log_.SetOutbox(1, {events, events});
    ::testing::internal::CaptureStderr();
    gate_.Leave(1, Enter(more).admission.load);
    return ::testing::internal::GetCapturedStderr();
  }

  FakeEventLog log_;
  absl::Duration now_ = absl::Hours(1);
  QuotaGate gate_{&log_, [this] { return now_; }};
};

TEST_F(QuotaGateTest, SaysWhenTheRateLetsTheRestIn) {
  Enter(60);
  gate_.Leave(1, {60, 60});
  Enter(100);
  gate_.Leave(1, {100, 100});
  const QuotaGate::Entry entry = Enter(45);
  EXPECT_EQ(entry.admission.admitted, 40u);
  EXPECT_TRUE(absl::IsResourceExhausted(entry.error));
  EXPECT_EQ(ErrorReason(entry.error), "INGEST_RATE_EXCEEDED");
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(GetDetail(entry.error, &retry));
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);  // 5 events
  google::rpc::QuotaFailure failure;
  ASSERT_TRUE(GetDetail(entry.error, &failure));
  EXPECT_EQ(failure.violations(0).subject(), "tenants/acme");
  gate_.Leave(1, entry.admission.load);
  now_ += absl::Milliseconds(500);
  EXPECT_TRUE(Enter(5).error.ok());
}

TEST_F(QuotaGateTest, CountsWhatIsOnItsWayIntoTheLog) {
  EXPECT_EQ(Enter(70).admission.admitted, 70u);
  const QuotaGate::Entry entry = Enter(70);
  EXPECT_EQ(entry.admission.admitted, 30u);
  EXPECT_EQ(ErrorReason(entry.error), "OUTBOX_FULL");
  EXPECT_THAT(std::string(entry.error.message()),
              HasSubstr("100 of 100 (max_waiting_events)"));
  gate_.Leave(1, {30, 30});  // it could not be stored
  EXPECT_EQ(Enter(70).admission.admitted, 30u);
}

TEST_F(QuotaGateTest, NamesTheBytes) {
  log_.SetOutbox(1, {1, 1000});
  EXPECT_THAT(std::string(Enter(1).error.message()),
              HasSubstr("1000 of 1000 (max_waiting_bytes)"));
}

TEST_F(QuotaGateTest, TenantsHaveTheirOwn) {
  EXPECT_FALSE(Enter(1000).error.ok());
  RoutedTenant other = kAcme;
  other.uid = 2;
  EXPECT_TRUE(Enter(100, other).error.ok());
}

TEST_F(QuotaGateTest, SaysOnceThatAnOutboxFills) {
  EXPECT_EQ(LoggedAt(79), "");
  EXPECT_THAT(LoggedAt(80), HasSubstr("outbox_fills"));
  EXPECT_EQ(LoggedAt(81), "");
  EXPECT_EQ(LoggedAt(79), "");
  EXPECT_EQ(LoggedAt(81), "");
  EXPECT_THAT(LoggedAt(95), HasSubstr("used_percent=95"));
  EXPECT_EQ(LoggedAt(96), "");
  EXPECT_THAT(LoggedAt(100), HasSubstr("outbox_full"));
  EXPECT_EQ(LoggedAt(10), "");
  EXPECT_THAT(LoggedAt(80), HasSubstr("outbox_fills"));
}

TEST_F(QuotaGateTest, AnOutboxAtItsBoundIsNoNewsWithEachRefusal) {
  EXPECT_THAT(LoggedAt(94, 7), HasSubstr("outbox_full"));
  EXPECT_EQ(LoggedAt(94), "");
  EXPECT_EQ(LoggedAt(94, 7), "");
  EXPECT_EQ(LoggedAt(94), "");
  now_ += absl::Minutes(1);
  EXPECT_THAT(LoggedAt(94, 7), HasSubstr("outbox_full"));
}

TEST_F(QuotaGateTest, WhatIsGivenBackCountsNowhere) {
  const QuotaGate::Entry entry = Enter(100);
  EXPECT_EQ(entry.admission.admitted, 100u);
  gate_.GiveBack(kAcme, entry.admission);
  EXPECT_EQ(Enter(100).admission.admitted, 100u);
  gate_.Leave(1, {100, 100});
  EXPECT_EQ(Enter(101).admission.admitted, 100u);  // of the burst of 200
}

}  // namespace
}  // namespace mqttpush
