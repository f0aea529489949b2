#include "cli/history_tables.h"

#include "absl/strings/str_cat.h"
#include "cli/proto_text.h"
#include "cli/text.h"
#include "cli/times.h"
#include "cli/words.h"

namespace mqttpush::cli {
namespace {

constexpr size_t kLabelWidth = 14;

std::string StateWord(v1::Delivery::State state, const Console& console) {
  return console.Styled(ToneOf(state), v1::Delivery::State_Name(state));
}

std::string OutcomeWord(const v1::Attempt& attempt, const Console& console) {
  const bool succeeded = attempt.outcome() == v1::Attempt::SUCCEEDED;
  return console.Styled(succeeded ? Tone::kGood : Tone::kBad,
                        v1::Attempt::Outcome_Name(attempt.outcome()));
}

// Most are SCHEDULED, which needs no word.
std::string TriggerWord(const v1::Attempt& attempt) {
  return attempt.trigger() == v1::Attempt::MANUAL ? "MANUAL" : "";
}

std::string TimeOf(const google::protobuf::Timestamp& time) {
  return FormatMillis(ToTime(time));
}

void PrintFact(const std::string& label, const std::string& value,
               Console& console) {
  if (value.empty()) return;
  console.Line(absl::StrCat(PadRight(label, kLabelWidth), value));
}

std::string TimeAndAgo(bool has, const google::protobuf::Timestamp& time,
                       absl::Time now) {
  if (!has) return "";
  return absl::StrCat(TimeOf(time), "  (", Ago(time, now), ")");
}

}  // namespace

Tone ToneOf(v1::Delivery::State state) {
  switch (state) {
    case v1::Delivery::DELIVERED:
      return Tone::kGood;
    case v1::Delivery::PARKED:
    case v1::Delivery::EXPIRED:
    case v1::Delivery::DISCARDED:
      return Tone::kBad;
    case v1::Delivery::RETRYING:
      return Tone::kWarning;
    default:
      return Tone::kPlain;
  }
}

std::string AnswerOf(const v1::Attempt& attempt) {
  std::string answer = attempt.outcome() == v1::Attempt::SUCCEEDED
                           ? attempt.reason()
                           : attempt.error_message();
  if (!attempt.reason_string().empty()) {
    absl::StrAppend(&answer, " (", attempt.reason_string(), ")");
  }
  if (!attempt.warning().empty()) {
    absl::StrAppend(&answer, answer.empty() ? "" : "; ",
                    "warning: ", attempt.warning());
  }
  return OneLine(answer);
}

Table DeliveryTable(const Deliveries& deliveries, const Console& console) {
  Table table({{"ACCEPTED"},
               {"STATE"},
               {"TYPE"},
               {"DELIVERY"},
               {"TRIES", true},
               {"QOS"},
               {"TOPIC"},
               {"EVENT"},
               {"WHY"}});
  for (const v1::Delivery& delivery : deliveries) {
    table.Add(
        {TimeOf(delivery.accept_time()), StateWord(delivery.state(), console),
         ObjectTypeWord(delivery.object_type()), ShortName(delivery.name()),
         absl::StrCat(delivery.attempt_count()), QosNumber(delivery.qos()),
         OneLine(delivery.topic()), OneLine(delivery.event_id()),
         OneLine(delivery.state_reason())});
  }
  return table;
}

Table AttemptTable(const Attempts& attempts, const Console& console) {
  Table table({{"STARTED"},
               {"OUTCOME"},
               {"TRIGGER"},
               {"TOOK", true},
               {"TYPE"},
               {"ATTEMPT"},
               {"QOS"},
               {"TOPIC"},
               {"EVENT"},
               {"ANSWER"}});
  for (const v1::Attempt& attempt : attempts) {
    table.Add({TimeOf(attempt.start_time()), OutcomeWord(attempt, console),
               TriggerWord(attempt),
               FormatLength(ToDuration(attempt.duration())),
               ObjectTypeWord(attempt.object_type()), ShortName(attempt.name()),
               QosNumber(attempt.qos()), OneLine(attempt.topic()),
               OneLine(attempt.event_id()), AnswerOf(attempt)});
  }
  return table;
}

void PrintDelivery(const v1::Delivery& delivery, absl::Time now,
                   Console& console) {
  const bool sent = delivery.attempt_count() > 0;
  PrintFact("delivery", ShortName(delivery.name()), console);
  PrintFact("state", StateWord(delivery.state(), console), console);
  PrintFact("why", OneLine(delivery.state_reason()), console);
  PrintFact("event", OneLine(delivery.event_id()), console);
  PrintFact("object",
            absl::StrCat(ObjectTypeWord(delivery.object_type()), " ",
                         OneLine(delivery.object_id())),
            console);
  PrintFact("asset", OneLine(delivery.asset_id()), console);
  PrintFact("subscription", ShortName(delivery.subscription()), console);
  PrintFact("topic",
            sent ? absl::StrCat(OneLine(delivery.topic()), "  (QoS ",
                                QosNumber(delivery.qos()), ")")
                 : "",
            console);
  PrintFact("accepted",
            TimeAndAgo(delivery.has_accept_time(), delivery.accept_time(), now),
            console);
  PrintFact(
      "ended",
      TimeAndAgo(delivery.has_complete_time(), delivery.complete_time(), now),
      console);
  PrintFact("next attempt",
            TimeAndAgo(delivery.has_next_attempt_time(),
                       delivery.next_attempt_time(), now),
            console);
  PrintFact("payload", OneLine(delivery.payload()), console);
  if (delivery.attempts().empty()) return;
  console.Line();
  AttemptTable(delivery.attempts(), console).Print(console);
  const std::string& hint = delivery.attempts().rbegin()->hint();
  if (!hint.empty()) console.Line(absl::StrCat("hint: ", OneLine(hint)));
}

std::string AttemptLine(const v1::Attempt& attempt, const Console& console) {
  const std::string answer = AnswerOf(attempt);
  const std::string manual = TriggerWord(attempt);
  return absl::StrCat(
      TimeOf(attempt.start_time()), "  ",
      PadRight(OutcomeWord(attempt, console), 9), "  ",
      PadLeft(FormatLength(ToDuration(attempt.duration())), 8), "  QoS ",
      QosNumber(attempt.qos()), "  ", OneLine(attempt.topic()), "  ",
      ObjectTypeWord(attempt.object_type()), " ", OneLine(attempt.event_id()),
      "  ", ShortName(attempt.name()), manual.empty() ? "" : "  ", manual,
      answer.empty() ? "" : "  ", answer);
}

}  // namespace mqttpush::cli
