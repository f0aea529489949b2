#include "services/api/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/api/status.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

template <typename Detail>
Detail DetailOf(const absl::Status& status) {
  google::rpc::Status proto;
  EXPECT_TRUE(proto.ParseFromString(ToGrpcStatus(status).error_details()));
  Detail detail;
  for (const auto& any : proto.details()) {
    if (any.Is<Detail>()) any.UnpackTo(&detail);
  }
  return detail;
}

struct Case {
  absl::Status status;
  absl::StatusCode code;
  std::string reason;
  std::string message;
};

TEST(ErrorsTest, CodeReasonAndWordsAreFixed) {
  const absl::Status full = absl::UnavailableError("sqlite: disk is full");
  const Case cases[] = {
      {errors::TenantNotFound("tenants/a"), absl::StatusCode::kNotFound,
       "TENANT_NOT_FOUND", "\"tenants/a\" does not exist"},
      {errors::BrokerNotFound("tenants/a/brokers/b"),
       absl::StatusCode::kNotFound, "BROKER_NOT_FOUND",
       "\"tenants/a/brokers/b\" does not exist"},
      {errors::SubscriptionNotFound("tenants/a/subscriptions/s"),
       absl::StatusCode::kNotFound, "SUBSCRIPTION_NOT_FOUND",
       "\"tenants/a/subscriptions/s\" does not exist"},
      {errors::DeliveryNotFound("tenants/a/deliveries/7-1"),
       absl::StatusCode::kNotFound, "DELIVERY_NOT_FOUND",
       "\"tenants/a/deliveries/7-1\" does not exist"},
      {errors::NameTaken("tenants/a"), absl::StatusCode::kAlreadyExists,
       "NAME_TAKEN", "\"tenants/a\" already exists"},
      {errors::OwnerIdsTaken({{"o1", "tenants/a"}, {"o2", "tenants/b"}}),
       absl::StatusCode::kFailedPrecondition, "OWNER_ID_TAKEN",
       "owner id \"o1\" belongs to tenants/a, owner id \"o2\" belongs to "
       "tenants/b"},
      {errors::EtagMismatch("tenants/a", "\"1-2\""), absl::StatusCode::kAborted,
       "ETAG_MISMATCH",
       "\"tenants/a\" has changed: its etag is now \"1-2\"; read it again"},
      {errors::StillReferredTo("tenants/a", {"tenants/a/brokers/b"}),
       absl::StatusCode::kFailedPrecondition, "RESOURCE_IN_USE",
       "\"tenants/a\" is in use by tenants/a/brokers/b"},
      {errors::TenantInUse("tenants/a", {"tenants/a/brokers/b"}, 0),
       absl::StatusCode::kFailedPrecondition, "RESOURCE_IN_USE",
       "\"tenants/a\" is in use by tenants/a/brokers/b; set `force` to delete "
       "them too"},
      {errors::TenantInUse("tenants/a", {"tenants/a/subscriptions/s"}, 7),
       absl::StatusCode::kFailedPrecondition, "RESOURCE_IN_USE",
       "\"tenants/a\" is in use by tenants/a/subscriptions/s, with 7 "
       "undelivered events; set `force` to delete them too and discard the "
       "events"},
      {errors::UndeliveredEvents("tenants/a/subscriptions/s", 3),
       absl::StatusCode::kFailedPrecondition, "UNDELIVERED_EVENTS",
       "\"tenants/a/subscriptions/s\" has 3 undelivered events; set `force` to "
       "discard them"},
      {errors::DeliveryNotRetryable("tenants/a/deliveries/7-1", "WAITING",
                                    "is WAITING: only PARKED ones"),
       absl::StatusCode::kFailedPrecondition, "DELIVERY_NOT_RETRYABLE",
       "\"tenants/a/deliveries/7-1\" is WAITING: only PARKED ones"},
      {errors::DeliveryChanged("tenants/a/deliveries/7-1"),
       absl::StatusCode::kAborted, "DELIVERY_CHANGED",
       "\"tenants/a/deliveries/7-1\" has changed meanwhile; read it again"},
      {errors::TooManyRetries("tenants/a/deliveries/7-1"),
       absl::StatusCode::kResourceExhausted, "TOO_MANY_RETRIES",
       "\"tenants/a/deliveries/7-1\" is not sent again: too many deliveries of "
       "its subscription are RETRYING"},
      {errors::NothingToReplay("tenants/a"),
       absl::StatusCode::kFailedPrecondition, "NOTHING_TO_REPLAY",
       "no delivery of tenants/a that can be sent again matches `filter` and "
       "`states`"},
      {errors::TooManyReplays("tenants/a", 4),
       absl::StatusCode::kResourceExhausted, "TOO_MANY_REPLAYS",
       "4 replays of tenants/a are RUNNING; cancel one, or wait for its end"},
      {errors::ReplayNotFound("tenants/a/replays/7"),
       absl::StatusCode::kNotFound, "REPLAY_NOT_FOUND",
       "\"tenants/a/replays/7\" does not exist"},
      {errors::LogUnavailable(full), absl::StatusCode::kUnavailable,
       "LOG_UNAVAILABLE",
       "the event log is not available: sqlite: disk is full"},
      {errors::LogUnavailable(absl::ResourceExhaustedError("it is behind")),
       absl::StatusCode::kUnavailable, "LOG_BUSY",
       "the event log is not available: it is behind"},
      {errors::ConfigUnavailable(full), absl::StatusCode::kUnavailable,
       "CONFIG_UNAVAILABLE",
       "the configuration cannot be stored: sqlite: disk is full"},
      {errors::TooManyStreams("StreamAttempts", 64),
       absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS",
       "64 calls of StreamAttempts are under way, and no more are taken at "
       "once"},
      {errors::TooManyReads("acme", 100), absl::StatusCode::kResourceExhausted,
       "TOO_MANY_READS",
       "100 calls about tenant \"acme\" wait for their turn, and no more are "
       "taken at once; try again later"},
      {errors::ShuttingDown(), absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
       "the service is stopping"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.status.code(), c.code);
    EXPECT_EQ(c.status.message(), c.message);
    const auto info = DetailOf<google::rpc::ErrorInfo>(c.status);
    EXPECT_EQ(info.reason(), c.reason);
    EXPECT_EQ(info.domain(), "mqttpush");
  }
}

TEST(ErrorsTest, UnavailableSaysWhenToRetry) {
  const auto retry = DetailOf<google::rpc::RetryInfo>(
      errors::LogUnavailable(absl::UnavailableError("x")));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
}

TEST(ErrorsTest, OverAQuotaSaysWhoseAndWhichAndWhenToRetry) {
  const absl::Status fast =
      errors::IngestRateExceeded("tenants/a", 50, absl::Microseconds(1500001));
  EXPECT_EQ(fast.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(fast), "INGEST_RATE_EXCEEDED");
  EXPECT_EQ(std::string(fast.message()),
            "over the quota of tenants/a: it may send 50 events per second "
            "(ingest_events_per_second); try again in 1.501s");
  EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(fast).retry_delay().nanos(),
            500'001'000);
  const absl::Status full =
      errors::OutboxFull("tenants/a", "max_waiting_bytes", 100, 99);
  EXPECT_EQ(ErrorReason(full), "OUTBOX_FULL");
  EXPECT_EQ(std::string(full.message()),
            "over the quota of tenants/a: its outbox is full: 99 of 100 "
            "(max_waiting_bytes) wait to be delivered; try again in 10s");
  const auto failure = DetailOf<google::rpc::QuotaFailure>(full);
  ASSERT_EQ(failure.violations_size(), 1);
  EXPECT_EQ(failure.violations(0).subject(), "tenants/a");
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(full).metadata().at("limit"),
            "max_waiting_bytes");
}

TEST(ErrorsTest, WhatIsHeldBackForOthersSaysNothingOfThem) {
  const absl::Status held =
      errors::OthersOverQuota("tenants/a", absl::Seconds(10));
  EXPECT_EQ(held.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(held), "OTHERS_OVER_QUOTA");
  EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(held).retry_delay().seconds(), 10);
}

TEST(ErrorsTest, LongListsAreCounted) {
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) {
    names.push_back(absl::StrCat("tenants/a/subscriptions/s", i));
  }
  const absl::Status status = errors::StillReferredTo("tenants/a", names);
  EXPECT_THAT(std::string(status.message()), HasSubstr(", and 490 more"));
  EXPECT_EQ(
      DetailOf<google::rpc::PreconditionFailure>(status).violations_size(), 10);
}

TEST(ErrorsTest, LongNamesAreCut) {
  const absl::Status status = errors::TenantNotFound(std::string(1 << 20, 'x'));
  EXPECT_LT(status.message().size(), 300u);
  EXPECT_LT(DetailOf<google::rpc::ResourceInfo>(status).resource_name().size(),
            300u);
}

}  // namespace
}  // namespace mqttpush
