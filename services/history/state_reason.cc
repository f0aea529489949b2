#include "services/history/state_reason.h"

#include "absl/strings/str_cat.h"
#include "common/reason_codes.h"
#include "mqttpush/v1/resources.pb.h"

namespace mqttpush {
namespace {

// The numbers are those of the API; history_converters_test compares them.
std::string LinkWords(LinkState state) {
  return v1::Link::State_Name(static_cast<v1::Link::State>(state));
}

std::string TimeWords(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// "BACKING_OFF, last error: connection refused; next try at ...".
std::string TroubleWords(const LinkStatus& link) {
  std::string words = LinkWords(link.state);
  if (!link.last_error.empty()) {
    absl::StrAppend(&words, ", last error: ", link.last_error);
  }
  if (link.next_connect_time != absl::InfinitePast()) {
    absl::StrAppend(&words, "; next try at ",
                    TimeWords(link.next_connect_time));
  }
  return words;
}

// It reached a connection, and nobody knows whether it reached the broker.
bool MayHaveArrived(const DeliveryRow& row) {
  if (!row.last_attempt.has_value()) return false;
  switch (row.last_attempt->error_class) {
    case ErrorClass::kLinkLost:
    case ErrorClass::kAckTimeout:
    case ErrorClass::kWorkerLost:
    case ErrorClass::kServiceLost:
    case ErrorClass::kLinkCut:
      return true;
    default:
      return false;
  }
}

// What is not sent any more may still be in a session of QoS 2.
std::string Doubt(const DeliveryRow& row) {
  if (!MayHaveArrived(row)) return "";
  return row.last_attempt->qos == Qos::kExactlyOnce
             ? "; it was sent before without an answer: it may have arrived, "
               "or arrive when the link is back"
             : "; it was sent before without an answer: it may have arrived";
}

// "2 refusals; last: 0x97 quota exceeded: plan exhausted".
std::string RefusalWords(const DeliveryRow& row) {
  std::string words;
  if (row.rejection_count > 0) {
    words =
        absl::StrCat(row.rejection_count,
                     row.rejection_count == 1 ? " refusal" : " refusals", "; ");
  }
  if (!row.last_attempt.has_value()) return absl::StrCat(words, "not sent yet");
  const AttemptRecord& last = *row.last_attempt;
  absl::StrAppend(&words, "last: ");
  if (last.reason_code == 0) return absl::StrCat(words, last.error_message);
  absl::StrAppend(&words, ReasonCodeName(last.reason_code));
  if (last.reason_string.empty()) return words;
  return absl::StrCat(words, ": ", last.reason_string);
}

std::string RetryingWords(const DeliveryRow& row) {
  if (!row.request_time.has_value()) {
    return absl::StrCat("to be tried again after ", RefusalWords(row));
  }
  const std::string asked = absl::StrCat("to be sent again, as asked for at ",
                                         TimeWords(*row.request_time));
  // What came before the request is not why.
  const bool tried = row.last_attempt.has_value() && row.last_attempt->manual &&
                     row.last_attempt->start_time >= *row.request_time;
  return tried ? absl::StrCat(asked, ", after ", RefusalWords(row)) : asked;
}

std::string ParkedWords(const DeliveryRow& row) {
  if (!row.last_attempt.has_value()) return "parked";
  const AttemptRecord& last = *row.last_attempt;
  if (last.qos == Qos::kAtMostOnce && MayHaveArrived(row)) {
    return absl::StrCat(
        "parked: at QoS 0 it is not sent again, and it may have arrived; "
        "last: ",
        last.error_message);
  }
  switch (last.error_class) {
    case ErrorClass::kTopicInvalid:
    case ErrorClass::kClientError:
      return absl::StrCat("parked: ", last.error_message);
    default:
      return absl::StrCat(
          row.rejection_count > 0 ? "parked after " : "parked; ",
          RefusalWords(row));
  }
}

std::string WaitCauseWords(WaitCause cause) {
  switch (cause) {
    case WaitCause::kUnknown:
      return " before it could be delivered";
    case WaitCause::kConnected:
      return " before its turn came; the link was CONNECTED";
    case WaitCause::kPaused:
      return " while its subscription or tenant was paused";
    case WaitCause::kIncompatible:
      return " while its subscription asked for what the broker does not offer";
    default:
      return absl::StrCat(" while the link was ",
                          LinkWords(static_cast<LinkState>(cause)));
  }
}

// Without a reason: deleted so lately that the log does not say so yet.
std::string DiscardedWords(const Ending& ending) {
  if (ending.reason == EndReason::kSubscriptionDisabled) {
    return "its subscription was disabled";
  }
  if (ending.reason == EndReason::kEventLost) {
    return "its event was lost with a damaged file of the log";
  }
  return "its subscription was deleted";
}

std::string ExpiredWords(const Ending& ending) {
  if (ending.reason == EndReason::kOutboxFull) {
    return "expired: it was the oldest in the tenant's outbox, which was full "
           "(DROP_OLDEST)";
  }
  std::string words = "expired: its lifetime";
  if (ending.lifetime > absl::ZeroDuration()) {
    absl::StrAppend(&words, " of ", absl::FormatDuration(ending.lifetime));
  }
  return absl::StrCat(words, " passed", WaitCauseWords(ending.wait_cause));
}

}  // namespace

std::string StateReasons::Of(const DeliveryRow& row) {
  switch (row.state) {
    case DeliveryState::kWaiting:
      return WaitingWords(row.subscription_uid);
    case DeliveryState::kInFlight:
      return InFlightWords(row.subscription_uid);
    case DeliveryState::kRetrying:
      return RetryingWords(row);
    case DeliveryState::kParked:
      return ParkedWords(row);
    case DeliveryState::kExpired:
      return absl::StrCat(ExpiredWords(row.ending), Doubt(row));
    case DeliveryState::kDiscarded:
      return absl::StrCat(DiscardedWords(row.ending), Doubt(row));
    default:
      return "";
  }
}

const std::string& StateReasons::WaitingWords(int64_t subscription_uid) {
  auto [words, added] = waiting_words_.try_emplace(subscription_uid);
  if (added) words->second = FindWaitingWords(subscription_uid);
  return words->second;
}

const std::string& StateReasons::InFlightWords(int64_t subscription_uid) {
  auto [words, added] = in_flight_words_.try_emplace(subscription_uid);
  if (added) words->second = FindInFlightWords(subscription_uid);
  return words->second;
}

std::string StateReasons::FindWaitingWords(int64_t subscription_uid) const {
  const SubscriptionRecord* subscription =
      snapshot_.FindSubscription(subscription_uid);
  if (subscription == nullptr) return "its subscription was deleted";
  if (subscription->disabled) return "its subscription was disabled";
  if (snapshot_.FindTenant(subscription->tenant_uid)->paused) {
    return "waiting: its tenant is paused";
  }
  if (subscription->paused) return "waiting: its subscription is paused";
  const LinkStatus link = status_.GetLink(subscription->broker_uid);
  if (link.state == LinkState::kConnected) {
    const std::string misfit = status_.GetIncompatibility(subscription_uid);
    return misfit.empty() ? "waiting for its turn; the link is CONNECTED"
                          : absl::StrCat("waiting: ", misfit);
  }
  return absl::StrCat("waiting for the broker link: ", TroubleWords(link));
}

// What waits for an answer over a link that is well has nothing to explain.
std::string StateReasons::FindInFlightWords(int64_t subscription_uid) const {
  const SubscriptionRecord* subscription =
      snapshot_.FindSubscription(subscription_uid);
  if (subscription == nullptr) return "";
  const LinkStatus link = status_.GetLink(subscription->broker_uid);
  if (link.state == LinkState::kConnected) return "";
  return absl::StrCat("in flight over a broker link that is ",
                      TroubleWords(link));
}

}  // namespace mqttpush
