#include "services/history/state_reason.h"

#include <optional>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr int64_t kBroker = 2;
constexpr int64_t kSubscription = 3;

class FakeStatus : public DeliveryStatus {
 public:
  LinkStatus GetLink(int64_t broker_uid) const override {
    EXPECT_EQ(broker_uid, kBroker);
    ++asked;
    return link;
  }
  std::vector<int64_t> ListInFlight(int64_t) const override { return {}; }
  std::string GetIncompatibility(int64_t) const override { return misfit; }
  LinkStatus link;
  std::string misfit;
  mutable int asked = 0;
};

class StateReasonTest : public ::testing::Test {
 protected:
  StateReasonTest() {
    tenant_.uid = 1;
    subscription_.uid = kSubscription;
    subscription_.tenant_uid = 1;
    subscription_.broker_uid = kBroker;
    subscription_.id = "sub";
    row_.subscription_uid = kSubscription;
  }
  std::string Reason(DeliveryState state) {
    row_.state = state;
    ConfigSnapshot snapshot;
    snapshot.Put(tenant_);
    if (!deleted_) snapshot.Put(subscription_);
    StateReasons reasons(snapshot, status_);
    status_.asked = 0;
    EXPECT_EQ(reasons.Of(row_), reasons.Of(row_));
    EXPECT_LE(status_.asked, 1);
    return reasons.Of(row_);
  }
  AttemptRecord& Last(ErrorClass error_class, std::string message,
                      int reason_code = 0, Qos qos = Qos::kAtLeastOnce) {
    row_.last_attempt = AttemptRecord();
    row_.last_attempt->error_class = error_class;
    row_.last_attempt->error_message = std::move(message);
    row_.last_attempt->reason_code = reason_code;
    row_.last_attempt->qos = qos;
    return *row_.last_attempt;
  }

  TenantRecord tenant_;
  SubscriptionRecord subscription_;
  bool deleted_ = false;
  FakeStatus status_;
  DeliveryRow row_;
};

TEST_F(StateReasonTest, NothingToSayOfWhatGoesWell) {
  status_.link.state = LinkState::kConnected;
  EXPECT_EQ(Reason(DeliveryState::kInFlight), "");
  EXPECT_EQ(Reason(DeliveryState::kDelivered), "");
}

TEST_F(StateReasonTest, WaitsForTheLink) {
  status_.link = {.state = LinkState::kBackingOff,
                  .last_error = "connection refused",
                  .next_connect_time = absl::FromUnixSeconds(60)};
  EXPECT_EQ(Reason(DeliveryState::kWaiting),
            "waiting for the broker link: BACKING_OFF, last error: connection "
            "refused; next try at 1970-01-01T00:01:00Z");
  status_.link = {.state = LinkState::kConnecting};
  EXPECT_EQ(Reason(DeliveryState::kWaiting),
            "waiting for the broker link: CONNECTING");
}

TEST_F(StateReasonTest, InFlightOverALinkInTrouble) {
  status_.link = {.state = LinkState::kStalled,
                  .last_error = "no acknowledgement within 30s",
                  .next_connect_time = absl::FromUnixSeconds(60)};
  EXPECT_EQ(Reason(DeliveryState::kInFlight),
            "in flight over a broker link that is STALLED, last error: no "
            "acknowledgement within 30s; next try at 1970-01-01T00:01:00Z");
  deleted_ = true;
  EXPECT_EQ(Reason(DeliveryState::kInFlight), "");
}

TEST_F(StateReasonTest, WaitsForItsTurnOrForAPerson) {
  status_.link.state = LinkState::kConnected;
  EXPECT_EQ(Reason(DeliveryState::kWaiting),
            "waiting for its turn; the link is CONNECTED");
  status_.misfit = "QoS 2 is asked for";
  EXPECT_EQ(Reason(DeliveryState::kWaiting), "waiting: QoS 2 is asked for");
  subscription_.paused = true;
  EXPECT_EQ(Reason(DeliveryState::kWaiting),
            "waiting: its subscription is paused");
  tenant_.paused = true;
  EXPECT_EQ(Reason(DeliveryState::kWaiting), "waiting: its tenant is paused");
  subscription_.disabled = true;
  EXPECT_EQ(Reason(DeliveryState::kWaiting), "its subscription was disabled");
  deleted_ = true;
  EXPECT_EQ(Reason(DeliveryState::kWaiting), "its subscription was deleted");
}

TEST_F(StateReasonTest, RefusedSoOftenAndWhy) {
  row_.rejection_count = 5;
  Last(ErrorClass::kRejected, "0x87 not authorized: no such user", 0x87)
      .reason_string = "no such user";
  EXPECT_EQ(Reason(DeliveryState::kParked),
            "parked after 5 refusals; last: 0x87 not authorized: no such user");
  row_.rejection_count = 1;
  Last(ErrorClass::kRejected, "0x97 quota exceeded", 0x97);
  EXPECT_EQ(Reason(DeliveryState::kRetrying),
            "to be tried again after 1 refusal; last: 0x97 quota exceeded");
  Last(ErrorClass::kLinkCut, "connection lost");
  EXPECT_EQ(Reason(DeliveryState::kRetrying),
            "to be tried again after 1 refusal; last: connection lost");
  row_.rejection_count = 0;  // parked by an earlier version
  EXPECT_EQ(Reason(DeliveryState::kParked), "parked; last: connection lost");
}

TEST_F(StateReasonTest, ParkedWithoutARefusal) {
  Last(ErrorClass::kTopicInvalid, "no value for {assetId}");
  EXPECT_EQ(Reason(DeliveryState::kParked), "parked: no value for {assetId}");
  Last(ErrorClass::kLinkLost, "broken pipe", 0, Qos::kAtMostOnce);
  EXPECT_EQ(Reason(DeliveryState::kParked),
            "parked: at QoS 0 it is not sent again, and it may have arrived; "
            "last: broken pipe");
}

TEST_F(StateReasonTest, ExpiredSaysAfterWhatAndWhy) {
  const std::pair<Ending, const char*> kCases[] = {
      {{EndReason::kLifetimeOver, absl::Seconds(60), WaitCause::kBackingOff},
       "expired: its lifetime of 1m passed while the link was BACKING_OFF"},
      {{EndReason::kLifetimeOver, absl::Seconds(90), WaitCause::kPaused},
       "expired: its lifetime of 1m30s passed while its subscription or "
       "tenant was paused"},
      {{EndReason::kLifetimeOver, absl::Seconds(1), WaitCause::kConnected},
       "expired: its lifetime of 1s passed before its turn came; the link was "
       "CONNECTED"},
      {{EndReason::kLifetimeOver},
       "expired: its lifetime passed before it could be delivered"},
      {{EndReason::kOutboxFull},
       "expired: it was the oldest in the tenant's outbox, which was full "
       "(DROP_OLDEST)"},
  };
  for (const auto& [ending, words] : kCases) {
    row_.ending = ending;
    EXPECT_EQ(Reason(DeliveryState::kExpired), words);
  }
}

TEST_F(StateReasonTest, EndedWhileABrokerMayHaveIt) {
  row_.ending = {EndReason::kSubscriptionDisabled};
  EXPECT_EQ(Reason(DeliveryState::kDiscarded), "its subscription was disabled");
  Last(ErrorClass::kRejected, "0x97 quota exceeded", 0x97);
  EXPECT_EQ(Reason(DeliveryState::kDiscarded), "its subscription was disabled");
  Last(ErrorClass::kLinkLost, "broken pipe");
  EXPECT_EQ(Reason(DeliveryState::kDiscarded),
            "its subscription was disabled; it was sent before without an "
            "answer: it may have arrived");
  Last(ErrorClass::kWorkerLost, "killed", 0, Qos::kExactlyOnce);
  EXPECT_EQ(Reason(DeliveryState::kDiscarded),
            "its subscription was disabled; it was sent before without an "
            "answer: it may have arrived, or arrive when the link is back");
}

TEST_F(StateReasonTest, SentAgainBecauseAPersonAsked) {
  row_.request_time = absl::FromUnixSeconds(60);
  row_.rejection_count = 3;
  Last(ErrorClass::kRejected, "0x97 quota exceeded", 0x97);
  EXPECT_EQ(Reason(DeliveryState::kRetrying),
            "to be sent again, as asked for at 1970-01-01T00:01:00Z");
  AttemptRecord& last =
      Last(ErrorClass::kRejected, "0x97 quota exceeded", 0x97);
  last.manual = true;
  last.start_time = absl::FromUnixSeconds(61);
  EXPECT_EQ(Reason(DeliveryState::kRetrying),
            "to be sent again, as asked for at 1970-01-01T00:01:00Z, after 3 "
            "refusals; last: 0x97 quota exceeded");
}

}  // namespace
}  // namespace mqttpush
