#include "demo/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace mqttpush::demo {
namespace {

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.1f ms", absl::ToDoubleMilliseconds(duration));
}

std::string Clock(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", TimeOf(timestamp),
                          absl::UTCTimeZone());
}

void PrintAttempt(const v1::Attempt& attempt, Terminal& terminal) {
  terminal.Line(absl::StrCat(
      "  attempt ", attempt.name().substr(attempt.name().rfind('/') + 1), "   ",
      v1::Attempt::Outcome_Name(attempt.outcome()), " in ",
      Milliseconds(DurationOf(attempt.duration())), ", from ",
      Clock(attempt.start_time())));
  terminal.Line(absl::StrCat("              topic ", attempt.topic(), ", ",
                             v1::Qos_Name(attempt.qos()), ", packet id ",
                             attempt.packet_id()));
  terminal.Line(absl::StrCat("              broker ", attempt.broker_address(),
                             ", revision ", attempt.broker_revision(),
                             "; subscription revision ",
                             attempt.subscription_revision()));
  if (attempt.outcome() == v1::Attempt::FAILED) {
    terminal.Line(absl::StrCat(
        "              ", v1::Attempt::ErrorClass_Name(attempt.error_class()),
        ": ", attempt.error_message()));
  }
}

}  // namespace

void PrintResults(const std::vector<TenantPlan>& plans,
                  const std::vector<Verdict>& verdicts, Terminal& terminal) {
  std::vector<std::vector<std::string>> rows = {{"tenant", "accepted",
                                                 "delivered", "bytes equal",
                                                 "attempts", "p50", "p99"}};
  for (size_t i = 0; i < plans.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    rows.push_back({plans[i].id, absl::StrCat(verdict.accepted),
                    absl::StrCat(verdict.delivered),
                    absl::StrCat(verdict.bytes_equal),
                    absl::StrCat(verdict.attempts), Milliseconds(verdict.p50),
                    Milliseconds(verdict.p99)});
  }
  terminal.Table(rows);
  terminal.Line();
  terminal.Line("p50 and p99: from the event's acceptance to the broker's");
  terminal.Line("acknowledgement (QoS 0: to the write).");
}

void PrintDelivery(const v1::Delivery& delivery, Terminal& terminal) {
  terminal.Line(delivery.name());
  terminal.Line(absl::StrCat("  event       ", delivery.event_id()));
  terminal.Line(absl::StrCat(
      "  object      ", v1::ObjectType_Name(delivery.object_type()), " ",
      delivery.object_id(), " of asset ", delivery.asset_id()));
  terminal.Line(absl::StrCat("  to          ", delivery.subscription()));
  terminal.Line(absl::StrCat("  state       ",
                             v1::Delivery::State_Name(delivery.state())));
  terminal.Line(absl::StrCat("  accepted    ", Clock(delivery.accept_time())));
  terminal.Line(
      absl::StrCat("  complete    ", Clock(delivery.complete_time())));
  terminal.Line(absl::StrCat("  payload     ", delivery.payload()));
  for (const v1::Attempt& attempt : delivery.attempts()) {
    PrintAttempt(attempt, terminal);
  }
}

bool PrintConclusion(const std::vector<Verdict>& verdicts, Terminal& terminal) {
  size_t events = 0;
  bool agreed = true;
  terminal.Line();
  for (const Verdict& verdict : verdicts) {
    events += verdict.accepted;
    for (const std::string& difference : verdict.differences) {
      agreed = false;
      terminal.Line(terminal.Bad("DIFFERENT: ") + difference);
    }
  }
  if (agreed) {
    terminal.Line(terminal.Good(
        absl::StrCat("OK: ", events,
                     " events arrived exactly as sent, each once, in order, "
                     "and the history agrees")));
  }
  return agreed;
}

}  // namespace mqttpush::demo
