#include "services/history/explanation.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/reason_codes.h"

namespace mqttpush {
namespace {

using v1::Explanation;

std::string At(absl::string_view word, absl::Time time) {
  if (time == absl::InfinitePast()) return "";
  return absl::StrCat(
      word, absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()));
}

// "; 2 files of it, of events between ... and ..., were set aside ...".
std::string MissingWords(const Coverage& coverage) {
  if (coverage.missing_files == 0) return "";
  const bool one = coverage.missing_files == 1;
  return absl::StrCat(
      "; ", coverage.missing_files,
      one ? " file of it, of events" : " files of it, of events",
      At(" between ", coverage.missing_start),
      At(" and ", coverage.missing_end),
      one ? ", was set aside as damaged or lost"
          : ", were set aside as damaged or lost");
}

std::string NeverReceivedText(const ExplanationFacts& facts) {
  return absl::StrCat("It was never received: nothing of ", facts.asked_for,
                      " is in the log, and nothing of it was refused.");
}

std::string NotKnownText(const ExplanationFacts& facts) {
  const Coverage& coverage = facts.coverage;
  return absl::StrCat(
      "Nothing is known here of ", facts.asked_for, ". It is not in the log",
      facts.looked_at.empty() ? "" : absl::StrCat(" (", facts.looked_at, ")"),
      At(", which goes back to ", coverage.log_since), MissingWords(coverage),
      ". It is not among the refused events either",
      At(", which are remembered since ", coverage.refused_since),
      coverage.over_quota_since > coverage.refused_since
          ? At("; those over the quota are remembered since ",
               coverage.over_quota_since)
          : "",
      ".");
}

std::string RejectedText(const ExplanationFacts& facts) {
  return absl::StrCat(
      "It was received", At(" at ", facts.receive_time),
      " and rejected, because it is not valid: ",
      absl::StrJoin(facts.violations, "; ",
                    [](std::string* out, const v1::Violation& violation) {
                      absl::StrAppend(out, violation.field(), " ",
                                      violation.description());
                    }),
      facts.further_violations > 0
          ? absl::StrCat("; and ", facts.further_violations, " more")
          : "",
      ".");
}

std::string NobodysText(const ExplanationFacts& facts,
                        absl::string_view because) {
  return absl::StrCat("It was received", At(" at ", facts.receive_time),
                      " and not kept, because ", because, ".");
}

// "behind 12 others, ".
std::string Ahead(int64_t ahead) {
  if (ahead == 0) return "";
  return absl::StrCat("behind ", ahead, ahead == 1 ? " other, " : " others, ");
}

bool InTrouble(const LinkStatus& link) {
  return link.state != LinkState::kConnected;
}

std::string LinkTrouble(const ExplanationFacts& facts) {
  const std::string state =
      v1::Link::State_Name(static_cast<v1::Link::State>(facts.link.state));
  std::string words = absl::StrCat(
      "the link to the broker \"", facts.broker, "\" is ",
      facts.link.state == LinkState::kUnknown ? "not there yet" : state,
      At(" since ", facts.link.since));
  if (!facts.link.last_error.empty()) {
    absl::StrAppend(&words, " (", facts.link.last_error, ")");
  }
  return absl::StrCat(words,
                      At("; next try at ", facts.link.next_connect_time));
}

std::string WaitingText(const ExplanationFacts& facts) {
  const std::string waits = absl::StrCat("It waits ", Ahead(facts.ahead));
  switch (facts.reason) {
    case Explanation::WAITING_FOR_LINK:
      return absl::StrCat(waits, "because ", LinkTrouble(facts), ".");
    case Explanation::WAITING_FOR_TURN:
      return facts.ahead == 0
                 ? "It is the next to be sent; the link is CONNECTED."
                 : absl::StrCat(waits, "for its turn; the link is CONNECTED.");
    default:
      return absl::StrCat("It waits ", Ahead(facts.ahead), "because ",
                          facts.state_reason, ".");
  }
}

// Of an attempt that was made because somebody had asked for it.
std::string ManualWords(const ExplanationFacts& facts) {
  const bool manual =
      facts.last_attempt.has_value() && facts.last_attempt->manual;
  return manual ? "; the last attempt was MANUAL: a person asked for it" : "";
}

std::string DeliveredBeforeWords(const ExplanationFacts& facts) {
  if (facts.delivered_before == absl::InfinitePast()) return "";
  return absl::StrCat("; before it was sent again it was delivered",
                      At(" at ", facts.delivered_before));
}

// "; the attempt before failed: 0x97 quota exceeded".
std::string FailedBeforeWords(const ExplanationFacts& facts) {
  if (!facts.last_attempt.has_value() || facts.last_attempt->succeeded) {
    return "";
  }
  const AttemptRecord& last = *facts.last_attempt;
  return absl::StrCat("; the attempt before failed: ",
                      last.reason_code != 0 ? ReasonCodeName(last.reason_code)
                                            : last.error_message);
}

std::string InFlightText(const ExplanationFacts& facts) {
  return absl::StrCat(
      "It was sent to the broker", facts.again ? " again" : "",
      At(" at ", facts.since),
      facts.asked_again ? ", as a person asked for" : "",
      facts.again ? ", and the broker" : ", which", " has not answered yet",
      FailedBeforeWords(facts), DeliveredBeforeWords(facts),
      InTrouble(facts.link) ? absl::StrCat("; ", LinkTrouble(facts)) : "", ".");
}

std::string OverQuotaText(const ExplanationFacts& facts) {
  return absl::StrCat(
      "It was received", At(" at ", facts.receive_time),
      " and refused, because it was over the tenant's quota: ", facts.quota,
      facts.refusal_count > 1
          ? absl::StrCat("; so it was ", facts.refusal_count, " times",
                         At(", first at ", facts.first_refusal))
          : "",
      ".");
}

// "acknowledged it (PUBACK, 0x10 no matching subscribers)".
std::string AnswerWords(const AttemptRecord& attempt) {
  if (attempt.qos == Qos::kAtMostOnce) {
    return "was sent it at QoS 0, at which it does not answer";
  }
  std::string words = attempt.qos == Qos::kAtLeastOnce
                          ? "acknowledged it with PUBACK"
                          : "acknowledged it with PUBCOMP";
  if (attempt.reason_code != 0) {
    absl::StrAppend(&words, " (", ReasonCodeName(attempt.reason_code), ")");
  }
  return words;
}

std::string DeliveredText(const ExplanationFacts& facts) {
  if (!facts.last_attempt.has_value()) {
    return absl::StrCat("It was delivered", At(" at ", facts.since), ".");
  }
  return absl::StrCat("It was delivered", At(" at ", facts.since),
                      " to the topic \"", facts.last_attempt->topic,
                      "\": the broker ", AnswerWords(*facts.last_attempt),
                      ManualWords(facts), ".");
}

// The words of its state, which begin with `state` or follow it.
std::string EndedText(const ExplanationFacts& facts, absl::string_view state) {
  absl::string_view words = facts.state_reason;
  const bool begins = absl::ConsumePrefix(&words, state);
  return absl::StrCat("It ", facts.reason == Explanation::EXPIRED ? "" : "was ",
                      state, At(" at ", facts.since), begins ? "" : ": ", words,
                      ManualWords(facts), DeliveredBeforeWords(facts), ".");
}

std::string RetryingText(const ExplanationFacts& facts) {
  return absl::StrCat(
      "It is ", facts.state_reason, At("; next try at ", facts.next_try),
      InTrouble(facts.link) ? absl::StrCat("; ", LinkTrouble(facts)) : "",
      DeliveredBeforeWords(facts), ".");
}

}  // namespace

std::string ExplanationText(const ExplanationFacts& facts) {
  switch (facts.reason) {
    case Explanation::NEVER_RECEIVED:
      return NeverReceivedText(facts);
    case Explanation::NOT_KNOWN:
      return NotKnownText(facts);
    case Explanation::REJECTED:
      return RejectedText(facts);
    case Explanation::NO_TENANT:
      return NobodysText(facts, absl::StrCat("no tenant owned the owner id \"",
                                             facts.owner_id, "\""));
    case Explanation::NO_SUBSCRIPTION:
      return NobodysText(facts, absl::StrCat("no subscription took ",
                                             facts.object_type, " objects"));
    case Explanation::DUPLICATE:
      return absl::StrCat(
          "It was received again", At(" at ", facts.receive_time),
          " under the same event id: a duplicate, which is not sent.");
    case Explanation::OVER_QUOTA:
      return OverQuotaText(facts);
    case Explanation::NOT_TAKEN:
      return absl::StrCat("The subscription \"", facts.subscription,
                          "\" did not take it", At(" at ", facts.receive_time),
                          ": ", facts.takes, ".");
    case Explanation::WAITING_FOR_TURN:
    case Explanation::WAITING_FOR_LINK:
    case Explanation::WAITING_PAUSED:
    case Explanation::WAITING_INCOMPATIBLE:
      return WaitingText(facts);
    case Explanation::IN_FLIGHT:
      return InFlightText(facts);
    case Explanation::RETRYING:
      return RetryingText(facts);
    case Explanation::PARKED:
      return EndedText(facts, "parked");
    case Explanation::EXPIRED:
      return EndedText(facts, "expired");
    case Explanation::DISCARDED:
      return EndedText(facts, "discarded");
    case Explanation::DELIVERED:
      return DeliveredText(facts);
    default:
      return "";
  }
}

}  // namespace mqttpush
