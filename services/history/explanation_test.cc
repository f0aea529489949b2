#include "services/history/explanation.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using v1::Explanation;

constexpr absl::Time kTime = absl::FromUnixSeconds(60);
constexpr absl::Time kLater = absl::FromUnixSeconds(120);

v1::Violation Broken(const char* field, const char* rule) {
  v1::Violation violation;
  violation.set_field(field);
  violation.set_description(rule);
  return violation;
}

AttemptRecord Answered(Qos qos, int reason_code = 0) {
  AttemptRecord attempt;
  attempt.topic = "gt/location";
  attempt.qos = qos;
  attempt.succeeded = true;
  attempt.reason_code = reason_code;
  return attempt;
}

AttemptRecord Refused() {
  AttemptRecord attempt = Answered(Qos::kAtLeastOnce, 0x97);
  attempt.succeeded = false;
  return attempt;
}

AttemptRecord Manual(AttemptRecord attempt) {
  attempt.manual = true;
  return attempt;
}

LinkStatus Down() {
  return {.state = LinkState::kBackingOff,
          .since = kTime,
          .last_error = "connection refused",
          .next_connect_time = kLater};
}

struct Case {
  ExplanationFacts facts;
  const char* text;
};

TEST(ExplanationTest, SaysWhyInASentence) {
  const LinkStatus up = {.state = LinkState::kConnected, .since = kTime};
  const Case kCases[] = {
      {{.reason = Explanation::NEVER_RECEIVED, .asked_for = "event id \"a\""},
       "It was never received: nothing of event id \"a\" is in the log, and "
       "nothing of it was refused."},
      {{.reason = Explanation::NOT_KNOWN,
        .asked_for = "event id \"a\"",
        .coverage = {.refused_since = kTime}},
       "Nothing is known here of event id \"a\". It is not in the log. It is "
       "not among the refused events either, which are remembered since "
       "1970-01-01T00:01:00Z."},
      {{.reason = Explanation::NOT_KNOWN,
        .asked_for = "object id \"7\"",
        .coverage = {.log_since = kTime,
                     .missing_files = 2,
                     .missing_start = kTime,
                     .missing_end = kLater},
        .looked_at = "among the newest 100000 of the tenant"},
       "Nothing is known here of object id \"7\". It is not in the log (among "
       "the newest 100000 of the tenant), which goes back to "
       "1970-01-01T00:01:00Z; 2 files of it, of events between "
       "1970-01-01T00:01:00Z and 1970-01-01T00:02:00Z, were set aside as "
       "damaged or lost. It is not among the refused events either."},
      {{.reason = Explanation::NOT_KNOWN,
        .asked_for = "event id \"a\"",
        .coverage = {.refused_since = kTime, .over_quota_since = kLater}},
       "Nothing is known here of event id \"a\". It is not in the log. It is "
       "not among the refused events either, which are remembered since "
       "1970-01-01T00:01:00Z; those over the quota are remembered since "
       "1970-01-01T00:02:00Z."},
      {{.reason = Explanation::REJECTED,
        .receive_time = kTime,
        .violations = {Broken("payload.latitude", "must be at most 90"),
                       Broken("payload.assetId", "required")}},
       "It was received at 1970-01-01T00:01:00Z and rejected, because it is "
       "not valid: payload.latitude must be at most 90; payload.assetId "
       "required."},
      {{.reason = Explanation::REJECTED,
        .violations = {Broken("payload.latitude", "must be at most 90")},
        .further_violations = 4},
       "It was received and rejected, because it is not valid: "
       "payload.latitude must be at most 90; and 4 more."},
      {{.reason = Explanation::NO_TENANT,
        .receive_time = kTime,
        .owner_id = "o-1"},
       "It was received at 1970-01-01T00:01:00Z and not kept, because no "
       "tenant owned the owner id \"o-1\"."},
      {{.reason = Explanation::NO_SUBSCRIPTION,
        .receive_time = kTime,
        .object_type = "LOCATION"},
       "It was received at 1970-01-01T00:01:00Z and not kept, because no "
       "subscription took LOCATION objects."},
      {{.reason = Explanation::DUPLICATE, .receive_time = kTime},
       "It was received again at 1970-01-01T00:01:00Z under the same event "
       "id: a duplicate, which is not sent."},
      {{.reason = Explanation::OVER_QUOTA,
        .receive_time = kTime,
        .quota = "its outbox is full"},
       "It was received at 1970-01-01T00:01:00Z and refused, because it was "
       "over the tenant's quota: its outbox is full."},
      {{.reason = Explanation::OVER_QUOTA,
        .receive_time = kLater,
        .quota = "its outbox is full",
        .refusal_count = 3,
        .first_refusal = kTime},
       "It was received at 1970-01-01T00:02:00Z and refused, because it was "
       "over the tenant's quota: its outbox is full; so it was 3 times, first "
       "at 1970-01-01T00:01:00Z."},
      {{.reason = Explanation::NOT_TAKEN,
        .receive_time = kTime,
        .subscription = "assets",
        .takes = "it takes ASSET only"},
       "The subscription \"assets\" did not take it at 1970-01-01T00:01:00Z: "
       "it takes ASSET only."},
      {{.reason = Explanation::WAITING_FOR_TURN, .link = up},
       "It is the next to be sent; the link is CONNECTED."},
      {{.reason = Explanation::WAITING_FOR_TURN, .ahead = 12, .link = up},
       "It waits behind 12 others, for its turn; the link is CONNECTED."},
      {{.reason = Explanation::WAITING_FOR_LINK,
        .broker = "main",
        .ahead = 1,
        .link = Down()},
       "It waits behind 1 other, because the link to the broker \"main\" is "
       "BACKING_OFF since 1970-01-01T00:01:00Z (connection refused); next try "
       "at 1970-01-01T00:02:00Z."},
      {{.reason = Explanation::WAITING_FOR_LINK, .broker = "main"},
       "It waits because the link to the broker \"main\" is not there yet."},
      {{.reason = Explanation::WAITING_PAUSED,
        .ahead = 3,
        .state_reason = "its tenant is paused"},
       "It waits behind 3 others, because its tenant is paused."},
      {{.reason = Explanation::WAITING_INCOMPATIBLE,
        .state_reason = "QoS 2 is asked for"},
       "It waits because QoS 2 is asked for."},
      {{.reason = Explanation::IN_FLIGHT, .since = kTime, .link = up},
       "It was sent to the broker at 1970-01-01T00:01:00Z, which has not "
       "answered yet."},
      {{.reason = Explanation::IN_FLIGHT, .broker = "main", .link = Down()},
       "It was sent to the broker, which has not answered yet; the link to "
       "the broker \"main\" is BACKING_OFF since 1970-01-01T00:01:00Z "
       "(connection refused); next try at 1970-01-01T00:02:00Z."},
      {{.reason = Explanation::IN_FLIGHT,
        .since = kTime,
        .link = up,
        .last_attempt = Refused(),
        .again = true},
       "It was sent to the broker again at 1970-01-01T00:01:00Z, and the "
       "broker has not answered yet; the attempt before failed: 0x97 quota "
       "exceeded."},
      {{.reason = Explanation::IN_FLIGHT,
        .since = kTime,
        .link = up,
        .last_attempt = Answered(Qos::kAtLeastOnce),
        .again = true,
        .asked_again = true,
        .delivered_before = kTime},
       "It was sent to the broker again at 1970-01-01T00:01:00Z, as a person "
       "asked for, and the broker has not answered yet; before it was sent "
       "again it was delivered at 1970-01-01T00:01:00Z."},
      {{.reason = Explanation::RETRYING,
        .next_try = kLater,
        .link = up,
        .state_reason = "to be tried again after 1 refusal; last: no"},
       "It is to be tried again after 1 refusal; last: no; next try at "
       "1970-01-01T00:02:00Z."},
      {{.reason = Explanation::RETRYING,
        .broker = "main",
        .link = Down(),
        .state_reason = "to be tried again after 1 refusal; last: no"},
       "It is to be tried again after 1 refusal; last: no; the link to the "
       "broker \"main\" is BACKING_OFF since 1970-01-01T00:01:00Z (connection "
       "refused); next try at 1970-01-01T00:02:00Z."},
      {{.reason = Explanation::PARKED,
        .since = kTime,
        .state_reason = "parked after 5 refusals; last: no"},
       "It was parked at 1970-01-01T00:01:00Z after 5 refusals; last: no."},
      {{.reason = Explanation::PARKED,
        .state_reason = "parked after 1 refusal; last: no",
        .last_attempt = Manual(Refused()),
        .delivered_before = kTime},
       "It was parked after 1 refusal; last: no; the last attempt was MANUAL: "
       "a person asked for it; before it was sent again it was delivered at "
       "1970-01-01T00:01:00Z."},
      {{.reason = Explanation::EXPIRED,
        .since = kTime,
        .state_reason = "expired: its lifetime of 1m passed"},
       "It expired at 1970-01-01T00:01:00Z: its lifetime of 1m passed."},
      {{.reason = Explanation::DISCARDED,
        .since = kTime,
        .state_reason = "its subscription was disabled"},
       "It was discarded at 1970-01-01T00:01:00Z: its subscription was "
       "disabled."},
      {{.reason = Explanation::DISCARDED,
        .state_reason = "its subscription was deleted"},
       "It was discarded: its subscription was deleted."},
      {{.reason = Explanation::DELIVERED,
        .since = kTime,
        .last_attempt = Answered(Qos::kAtMostOnce)},
       "It was delivered at 1970-01-01T00:01:00Z to the topic "
       "\"gt/location\": the broker was sent it at QoS 0, at which it does not "
       "answer."},
      {{.reason = Explanation::DELIVERED,
        .since = kTime,
        .last_attempt = Answered(Qos::kAtLeastOnce, 0x10)},
       "It was delivered at 1970-01-01T00:01:00Z to the topic "
       "\"gt/location\": the broker acknowledged it with PUBACK (0x10 no "
       "matching subscribers)."},
      {{.reason = Explanation::DELIVERED,
        .since = kTime,
        .last_attempt = Answered(Qos::kExactlyOnce)},
       "It was delivered at 1970-01-01T00:01:00Z to the topic "
       "\"gt/location\": the broker acknowledged it with PUBCOMP."},
      {{.reason = Explanation::DELIVERED,
        .last_attempt = Manual(Answered(Qos::kAtLeastOnce))},
       "It was delivered to the topic \"gt/location\": the broker "
       "acknowledged it with PUBACK; the last attempt was MANUAL: a person "
       "asked for it."},
      {{.reason = Explanation::DELIVERED}, "It was delivered."},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(ExplanationText(c.facts), c.text);
  }
}

}  // namespace
}  // namespace mqttpush
