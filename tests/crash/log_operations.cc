#include "tests/crash/log_operations.h"

#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mqttpush::crash {
namespace {

std::string MakePayload(int64_t n) {
  std::minstd_rand random(static_cast<uint32_t>(n) + 1);
  std::string payload(n % 40 == 0 ? 30'000 : 200 + n % 100, ' ');
  for (char& byte : payload) byte = static_cast<char>(random() >> 8);
  return payload;
}

int64_t Number(absl::string_view text) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) std::abort();
  return number;
}

void Decode(absl::string_view word, DeliveryUpdate& update) {
  const std::vector<absl::string_view> parts = absl::StrSplit(word, ':');
  const int64_t seq = Number(parts[1]);
  if (parts[0] == "attempt") {
    update.attempts.push_back(MakeAttempt(update.subscription_uid, seq,
                                          static_cast<int>(Number(parts[2])),
                                          parts[3] == "1"));
  } else if (parts[0] == "put") {
    update.put_exceptions.push_back(
        MakeException(seq, static_cast<DeliveryState>(Number(parts[2])),
                      static_cast<int>(Number(parts[3]))));
  } else if (parts[0] == "reopen") {
    update.reopened.push_back(
        {seq, static_cast<DeliveryState>(Number(parts[2]))});
  } else {
    update.erase_exceptions.push_back(seq);
  }
}

}  // namespace

int64_t TenantOf(int64_t subscription_uid) {
  return subscription_uid == 27 ? 2 : 1;
}

NewEvent MakeEventOf(int64_t n) {
  static const auto kOne = std::make_shared<const Route>(Route{{7, "sub-7"}});
  static const auto kTwo =
      std::make_shared<const Route>(Route{{7, "sub-7"}, {17, "sub-17"}});
  static const auto kOther =
      std::make_shared<const Route>(Route{{27, "sub-27"}});
  const bool other = n % 4 == 1;
  return {.tenant_uid = other ? 2 : 1,
          .event_id = absl::StrCat("event-", n),
          .object_type = static_cast<ObjectType>(1 + n % 6),
          .object_id = absl::StrCat("object-", n % 50),
          .asset_id = absl::StrCat("asset-", n % 5),
          .owner_id = other ? "owner-2" : "owner-1",
          .payload = MakePayload(n),
          .route = other        ? kOther
                   : n % 3 == 0 ? kTwo
                                : kOne};
}

// Start times go back now and then, as a wall clock may.
AttemptRecord MakeAttempt(int64_t subscription_uid, int64_t event_seq,
                          int number, bool succeeded) {
  return {.event_seq = event_seq,
          .subscription_uid = subscription_uid,
          .number = number,
          .start_time =
              absl::FromUnixMicros(1'000'000 + event_seq * 1'000 +
                                   number * 7'000 - event_seq % 7 * 2'000),
          .duration = absl::Microseconds(event_seq % 1000),
          .topic = absl::StrCat("topic/", event_seq % 3),
          .qos = Qos::kAtLeastOnce,
          .requested_qos = Qos::kExactlyOnce,
          .succeeded = succeeded,
          .error_class = succeeded ? ErrorClass::kNone : ErrorClass::kRejected,
          .error_message = succeeded ? "" : "no",
          .reason_code = succeeded ? 0 : 0x97,
          .packet_id = static_cast<int>(event_seq % 65'535),
          .broker_address = "broker:1883",
          .connection = number,
          .ack_time = absl::FromUnixMicros(2'000'000 + event_seq),
          .subscription_revision = 3,
          .broker_revision = 4};
}

DeliveryException MakeException(int64_t event_seq, DeliveryState state,
                                int attempt_count) {
  const bool retrying = state == DeliveryState::kRetrying;
  Ending ending;
  if (state == DeliveryState::kExpired) {
    ending = {EndReason::kLifetimeOver, absl::Seconds(9)};
  } else if (state == DeliveryState::kDiscarded) {
    ending = {EndReason::kSubscriptionDisabled};
  }
  return {.event_seq = event_seq,
          .state = state,
          .ending = ending,
          .end_time = retrying ? absl::UnixEpoch()
                               : absl::FromUnixMicros(5'000'000 + event_seq),
          .attempt_count = attempt_count,
          .rejection_count = attempt_count,
          .next_attempt_time = retrying
                                   ? absl::FromUnixMicros(6'000'000 + event_seq)
                                   : absl::UnixEpoch()};
}

std::string Encode(const Operation& operation) {
  std::string line;
  if (const auto* events = std::get_if<std::vector<int64_t>>(&operation)) {
    line = "append";
    for (int64_t n : *events) absl::StrAppend(&line, " ", n);
    return line;
  }
  const auto& update = std::get<DeliveryUpdate>(operation);
  line = absl::StrCat("update ", update.subscription_uid, " ", update.cursor,
                      " ", update.sent_through, " ", update.newly_delivered,
                      " ", update.newly_parked, " ", update.newly_expired, " ",
                      update.newly_discarded);
  for (const AttemptRecord& attempt : update.attempts) {
    absl::StrAppend(&line, " attempt:", attempt.event_seq, ":", attempt.number,
                    ":", attempt.succeeded ? 1 : 0);
  }
  for (const DeliveryException& exception : update.put_exceptions) {
    absl::StrAppend(&line, " put:", exception.event_seq, ":",
                    static_cast<int>(exception.state), ":",
                    exception.attempt_count);
  }
  for (int64_t seq : update.erase_exceptions) {
    absl::StrAppend(&line, " erase:", seq);
  }
  for (const ReopenedDelivery& reopened : update.reopened) {
    absl::StrAppend(&line, " reopen:", reopened.event_seq, ":",
                    static_cast<int>(reopened.ended_as));
  }
  return line;
}

Operation Decode(absl::string_view line) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words[0] == "append") {
    std::vector<int64_t> events;
    for (size_t i = 1; i < words.size(); ++i) {
      events.push_back(Number(words[i]));
    }
    return events;
  }
  DeliveryUpdate update = {.subscription_uid = Number(words[1]),
                           .cursor = Number(words[2]),
                           .sent_through = Number(words[3])};
  update.newly_delivered = Number(words[4]);
  update.newly_parked = Number(words[5]);
  update.newly_expired = Number(words[6]);
  update.newly_discarded = Number(words[7]);
  for (size_t i = 8; i < words.size(); ++i) Decode(words[i], update);
  return update;
}

}  // namespace mqttpush::crash
