#include "services/history/explanation.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/reason_codes.h"

namespace mqttpush {
namespace {

using v1::Explanation;

std::string At(absl::string_view word, absl::Time time) {
  if (time == absl::InfinitePast()) return "";
  return absl::StrCat(
      word, absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()));
}

std::string NeverReceivedText(const ExplanationFacts& facts) {
  return absl::StrCat(
      "Nothing is known of ", facts.asked_for, ": no such event is in the log",
      facts.looked_at.empty() ? "" : absl::StrCat(" (", facts.looked_at, ")"),
      ", and none was refused", At(" since ", facts.remembered_since), ".");
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

std::string InFlightText(const ExplanationFacts& facts) {
  const std::string text =
      absl::StrCat("It was sent to the broker", At(" at ", facts.since),
                   ", which has not answered yet");
  return InTrouble(facts.link)
             ? absl::StrCat(text, "; ", LinkTrouble(facts), ".")
             : absl::StrCat(text, ".");
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
                      "\": the broker ", AnswerWords(*facts.last_attempt), ".");
}

// `beginning`: what the words of the state go on from.
std::string StateText(const ExplanationFacts& facts,
                      absl::string_view beginning) {
  std::string text = absl::StrCat(beginning, facts.state_reason,
                                  At("; next try at ", facts.next_try));
  if (facts.reason == Explanation::RETRYING && InTrouble(facts.link)) {
    absl::StrAppend(&text, "; ", LinkTrouble(facts));
  }
  if (facts.delivered_before != absl::InfinitePast()) {
    absl::StrAppend(&text, "; before it was sent again it was delivered",
                    At(" at ", facts.delivered_before));
  }
  return absl::StrCat(text, ".");
}

}  // namespace

std::string ExplanationText(const ExplanationFacts& facts) {
  switch (facts.reason) {
    case Explanation::NEVER_RECEIVED:
      return NeverReceivedText(facts);
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
      return absl::StrCat("It was received", At(" at ", facts.receive_time),
                          " and refused, because it was over the tenant's "
                          "quota: ",
                          facts.quota, ".");
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
      return StateText(facts, "It is ");
    case Explanation::PARKED:
      return StateText(facts, "It was ");
    case Explanation::EXPIRED:
      return StateText(facts, "It ");
    case Explanation::DISCARDED:
      return StateText(facts, "It was discarded: ");
    case Explanation::DELIVERED:
      return DeliveredText(facts);
    default:
      return "";
  }
}

}  // namespace mqttpush
