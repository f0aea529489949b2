// explain: why something has or has not arrived.
#include <memory>
#include <set>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "cli/errors.h"
#include "cli/explain_advice.h"
#include "cli/proto_json.h"
#include "cli/proto_text.h"
#include "cli/text.h"
#include "cli/times.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/status_macros.h"
#include "mqttpush/v1/admin_service.pb.h"
#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::cli {
namespace {

struct Options {
  std::string tenant;
  std::string event;
  std::string object;
  std::string asset;
  std::string at;
};

Tone ToneOf(v1::Explanation::Reason reason) {
  switch (reason) {
    case v1::Explanation::DELIVERED:
      return Tone::kGood;
    case v1::Explanation::IN_FLIGHT:
    case v1::Explanation::RETRYING:
    case v1::Explanation::WAITING_FOR_TURN:
    case v1::Explanation::WAITING_FOR_LINK:
    case v1::Explanation::WAITING_PAUSED:
      return Tone::kWarning;
    default:
      return Tone::kBad;
  }
}

void PrintExplanation(const v1::Explanation& explanation,
                      const AskedTenant& tenant, Console& console) {
  std::string heading =
      console.Styled(ToneOf(explanation.reason()),
                     v1::Explanation::Reason_Name(explanation.reason()));
  if (!explanation.subscription().empty()) {
    absl::StrAppend(&heading, "  ", ShortName(explanation.subscription()));
  }
  if (!explanation.event_id().empty()) {
    absl::StrAppend(&heading, "  event ", OneLine(explanation.event_id()));
  }
  if (explanation.has_receive_time()) {
    absl::StrAppend(&heading, "  received ",
                    FormatMillis(ToTime(explanation.receive_time())));
  }
  console.Line(heading);
  console.Line(absl::StrCat("  ", OneLine(explanation.text())));
  for (const v1::Violation& violation : explanation.violations()) {
    console.Line(absl::StrCat("    ", OneLine(violation.field()), ": ",
                              OneLine(violation.description())));
  }
  if (explanation.further_violation_count() > 0) {
    console.Line(absl::StrCat("    and ", explanation.further_violation_count(),
                              " more"));
  }
  if (!explanation.hint().empty()) {
    console.Line(absl::StrCat("  hint: ", OneLine(explanation.hint())));
  }
  const std::string advice = AdviceOn(explanation, tenant);
  if (!advice.empty()) console.Line(absl::StrCat("  try:  ", advice));
  if (!explanation.delivery().empty()) {
    console.Line(absl::StrCat("  more: mqttpush history ",
                              ShortName(explanation.delivery())));
  }
}

void PrintLimits(const v1::ExplainDeliveryResponse& response,
                 Console& console) {
  if (response.truncated()) console.Note("there are more than these");
  if (response.search_limited()) {
    console.Note(
        "there are older events, which were not looked at: give --asset too");
  }
}

std::set<std::string> DeliveredEvents(
    const v1::ExplainDeliveryResponse& response) {
  std::set<std::string> event_ids;
  for (const v1::Explanation& explanation : response.explanations()) {
    if (explanation.reason() != v1::Explanation::DELIVERED) continue;
    event_ids.insert(explanation.event_id());
  }
  return event_ids;
}

// What was asked for arrived wherever it was to arrive. What was over the quota
// at first, and then was delivered, arrived: services that are older tell both.
bool Arrived(const v1::ExplainDeliveryResponse& response) {
  const std::set<std::string> delivered = DeliveredEvents(response);
  for (const v1::Explanation& explanation : response.explanations()) {
    switch (explanation.reason()) {
      case v1::Explanation::OVER_QUOTA:
        if (!delivered.contains(explanation.event_id())) return false;
        break;
      case v1::Explanation::DELIVERED:
      case v1::Explanation::NOT_TAKEN:
      case v1::Explanation::DUPLICATE:
        break;
      default:
        return false;
    }
  }
  return !delivered.empty();
}

// In the words of options; the service has those of fields.
absl::Status CheckChoice(const Options& options) {
  const bool event = !options.event.empty();
  const bool object = !options.object.empty();
  const bool asset = !options.asset.empty();
  const bool at = !options.at.empty();
  const bool by_event = event && !object && !asset && !at;
  const bool by_object = object && !event && !at;
  const bool by_asset = asset && at && !event && !object;
  if (by_event || by_object || by_asset) return absl::OkStatus();
  return UsageError("explain",
                    "ask by --event alone; or by --object, with --asset or "
                    "without; or by --asset with --at");
}

absl::StatusOr<v1::ExplainDeliveryRequest> ReadRequest(const Options& options,
                                                       absl::Time now) {
  v1::ExplainDeliveryRequest request;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string parent,
                            TenantName(options.tenant));
  MQTTPUSH_RETURN_IF_ERROR(CheckChoice(options));
  request.set_parent(parent);
  request.set_event_id(options.event);
  request.set_object_id(options.object);
  request.set_asset_id(options.asset);
  if (!options.at.empty()) {
    const auto time = ParseMoment(options.at, now);
    if (!time.ok()) return At("--at", time.status());
    *request.mutable_time() = ToProto(*time);
  }
  return request;
}

// Asked for only where the advice depends on it, and not worth an error.
AskedTenant FindTenant(const v1::ExplainDeliveryResponse& response,
                       const std::string& name, Session& session) {
  AskedTenant tenant = {.name = name};
  const bool matters = absl::c_any_of(
      response.explanations(), [](const v1::Explanation& explanation) {
        return explanation.reason() == v1::Explanation::WAITING_PAUSED;
      });
  if (!matters) return tenant;
  v1::GetTenantRequest request;
  request.set_name(name);
  const auto found =
      session.client.Call<v1::Tenant>("AdminService/GetTenant", request);
  tenant.paused = found.ok() && found->state() == v1::Tenant::PAUSED;
  return tenant;
}

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const v1::ExplainDeliveryRequest request,
                            ReadRequest(options, session.clock.Now()));
  MQTTPUSH_ASSIGN_OR_RETURN(const auto response,
                            session.client.Call<v1::ExplainDeliveryResponse>(
                                "HistoryService/ExplainDelivery", request));
  if (session.json) {
    session.console.Line(ToJson(response));
  } else {
    const AskedTenant tenant = FindTenant(response, request.parent(), session);
    for (const v1::Explanation& explanation : response.explanations()) {
      PrintExplanation(explanation, tenant, session.console);
    }
    PrintLimits(response, session.console);
  }
  return Arrived(response) ? ExitCode::kOk : ExitCode::kNegative;
}

}  // namespace

void AddExplain(Command root) {
  auto options = std::make_shared<Options>();
  root.Add("explain", "why something has or has not arrived",
           "Answers with a reason and a sentence for each subscription, also "
           "for events that were not taken, and says what can be done, and "
           "what to type for that. NEVER_RECEIVED: no such event came. "
           "NOT_KNOWN: nothing is known of it here, and the sentence says how "
           "far back that would be known. Ask by --event; or by --object, with "
           "--asset or without; or by --asset and --at. Ends with 0 when it "
           "arrived wherever it was to arrive, "
           "otherwise with 5.")
      .Argument("TENANT", &options->tenant, "The tenant, as acme.")
      .Option("--event", "ID", &options->event, "The event id.")
      .Option("--object", "ID", &options->object, "The object's `id`.")
      .Option("--asset", "ID", &options->asset, "The asset's id.")
      .Option("--at", "TIME", &options->at,
              "About when it was received: up to 5 minutes before or after. As "
              "2026-11-22T08:00:00Z, or so long ago as 15min, 1h, 1d.")
      .Example("mqttpush explain acme --object 12345",
               "What became of the object with this id?")
      .Example("mqttpush explain acme --asset 550e8400-... --at 1h",
               "What came of this asset about an hour ago?")
      .Does([options](Session& session) { return Run(*options, session); });
}

}  // namespace mqttpush::cli
