#include "services/history/explain_request.h"

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "services/api/text.h"
#include "services/api/violations.h"
#include "services/history/history_requests.h"

namespace mqttpush {
namespace {

// As much of what was asked for as a sentence can bear.
constexpr size_t kMaxShownBytes = 200;

std::string Quoted(absl::string_view what, const std::string& id) {
  return absl::StrCat(what, " \"", Truncate(id, kMaxShownBytes), "\"");
}

void CheckChoice(const v1::ExplainDeliveryRequest& request,
                 Violations& violations) {
  const bool by_event = !request.event_id().empty();
  const bool by_object = !request.object_id().empty();
  const bool by_asset = !request.asset_id().empty();
  if (!by_event && !by_object && !by_asset) {
    violations.Add("event_id", "required, or object_id, or asset_id with time");
  }
  if (by_event && by_object) {
    violations.Add("object_id", "must not be set with event_id");
  }
  if (by_event && by_asset) {
    violations.Add("asset_id", "must not be set with event_id");
  }
  const bool at_a_time = by_asset && !by_event && !by_object;
  if (at_a_time && !request.has_time()) {
    violations.Add("time", "required with asset_id alone");
  }
  if (!at_a_time && request.has_time()) {
    violations.Add("time", "must be set with asset_id alone only");
  }
}

void ParseAround(const v1::ExplainDeliveryRequest& request, ExplainQuery& query,
                 Violations& violations) {
  if (!request.has_time()) return;
  const std::optional<absl::Time> time =
      ParseTime(request.time(), "time", violations);
  if (!time.has_value()) return;
  query.history.start_time = *time - kExplainedAround;
  query.history.end_time = *time + kExplainedAround;
}

std::string WordsFor(const v1::ExplainDeliveryRequest& request,
                     const ExplainQuery& query) {
  if (!request.event_id().empty()) {
    return Quoted("event id", request.event_id());
  }
  if (!request.object_id().empty()) {
    return Quoted("object id", request.object_id());
  }
  const auto shown = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
  };
  return absl::StrCat(Quoted("asset id", request.asset_id()), " between ",
                      shown(query.history.start_time), " and ",
                      shown(query.history.end_time));
}

}  // namespace

absl::StatusOr<ExplainQuery> ParseExplain(
    const v1::ExplainDeliveryRequest& request, const ConfigSnapshot& snapshot) {
  ExplainQuery query;
  MQTTPUSH_ASSIGN_OR_RETURN(query.tenant,
                            FindTenant(request.parent(), snapshot));
  Violations violations;
  CheckChoice(request, violations);
  ParseAround(request, query, violations);
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
  query.history.tenant_uid = query.tenant->uid;
  query.history.event_id = query.refused.event_id = request.event_id();
  query.history.object_id = query.refused.object_id = request.object_id();
  query.history.asset_id = query.refused.asset_id = request.asset_id();
  query.refused.start_time = query.history.start_time;
  query.refused.end_time = query.history.end_time;
  query.asked_for = WordsFor(request, query);
  return query;
}

}  // namespace mqttpush
