#include "services/ingest/batch_preparer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/limits.h"
#include "common/uuid.h"
#include "services/api/text.h"
#include "services/api/violations.h"

namespace mqttpush {
namespace {

void AddViolation(std::string field, std::string description,
                  v1::EventResult& result) {
  v1::Violation& violation = *result.add_violations();
  violation.set_field(std::move(field));
  violation.set_description(std::move(description));
}

// A batch's answer must not exceed what clients receive (4 MiB): beyond this,
// an event shows its first violation only.
constexpr size_t kMaxViolationBytes = 1 << 20;

// Whether the id, if there is one, is 1 to 128 printable ASCII characters
// without spaces.
bool IsEventId(absl::string_view id) {
  return id.size() <= limits::kMaxEventIdBytes &&
         std::all_of(id.begin(), id.end(),
                     [](char c) { return c > ' ' && c < '\x7f'; });
}

// The object types of the API and of the records have the same numbers.
bool IsObjectType(v1::ObjectType type) {
  return type != v1::OBJECT_TYPE_UNSPECIFIED && v1::ObjectType_IsValid(type);
}
static_assert(v1::ASSET == static_cast<int>(ObjectType::kAsset));
static_assert(v1::LOCATION == static_cast<int>(ObjectType::kLocation));
static_assert(v1::SENSOR_DATA == static_cast<int>(ObjectType::kSensorData));
static_assert(v1::REEFER_DATA == static_cast<int>(ObjectType::kReeferData));
static_assert(v1::GENSET_DATA == static_cast<int>(ObjectType::kGensetData));
static_assert(v1::GTOEM_DATA == static_cast<int>(ObjectType::kGtoemData));

}  // namespace

v1::PublishEventsResponse CompleteBatch(
    v1::PublishEventsResponse response, const std::vector<int>& result_indexes,
    const std::vector<AppendOutcome>& outcomes) {
  for (size_t i = 0; i < result_indexes.size(); ++i) {
    response.mutable_results(result_indexes[i])
        ->set_outcome(outcomes[i] == AppendOutcome::kDuplicate
                          ? v1::EventResult::DUPLICATE
                          : v1::EventResult::ACCEPTED);
  }
  return response;
}

std::vector<RefusedEvent> DuplicatesOf(
    const v1::PublishEventsResponse& response,
    const std::vector<int>& result_indexes,
    const std::vector<int64_t>& tenant_uids, absl::Time now) {
  std::vector<RefusedEvent> duplicates;
  for (size_t i = 0; i < result_indexes.size(); ++i) {
    const v1::EventResult& result = response.results(result_indexes[i]);
    if (result.outcome() != v1::EventResult::DUPLICATE) continue;
    duplicates.push_back({.refusal = Refusal::kDuplicate,
                          .time = now,
                          .tenant_uid = tenant_uids[i],
                          .event_id = result.event_id()});
  }
  return duplicates;
}

absl::StatusOr<PreparedBatch> BatchPreparer::Prepare(
    const v1::PublishEventsRequest& request) {
  const int count = request.events_size();
  if (count < 1 || count > limits::kMaxEventsPerBatch) {
    return InvalidField(
        "events", absl::StrCat("must have 1 to ", limits::kMaxEventsPerBatch,
                               " events, not ", count));
  }
  PreparedBatch batch;
  batch.events.reserve(count);
  batch.result_indexes.reserve(count);
  batch.response.mutable_results()->Reserve(count);
  for (const v1::Event& event : request.events()) PrepareEvent(event, batch);
  return batch;
}

void BatchPreparer::PrepareEvent(const v1::Event& event, PreparedBatch& batch) {
  v1::EventResult& result = *batch.response.add_results();
  result.set_event_id(Truncate(event.event_id(), limits::kMaxEventIdBytes));
  ObjectIds ids = Validate(event, result);
  if (result.violations_size() > 0) {
    result.set_outcome(v1::EventResult::REJECTED);
    const int64_t owner = routes_->FindTenant(ids.owner_id);
    return Refuse(Refusal::kRejected, event, owner, std::move(ids), batch);
  }
  if (event.event_id().empty()) result.set_event_id(NewUuidV7(clock_->Now()));
  const auto type = static_cast<ObjectType>(event.object_type());
  RoutingTable::Destination destination = routes_->Find(ids.owner_id, type);
  if (destination.route == nullptr) {
    result.set_outcome(v1::EventResult::NO_SUBSCRIPTION);
    return Refuse(destination.tenant_uid == 0 ? Refusal::kNoTenant
                                              : Refusal::kNoSubscription,
                  event, destination.tenant_uid, std::move(ids), batch);
  }
  batch.tenant_uids.push_back(destination.tenant_uid);
  batch.result_indexes.push_back(batch.response.results_size() - 1);
  batch.events.push_back({.tenant_uid = destination.tenant_uid,
                          .event_id = result.event_id(),
                          .object_type = type,
                          .object_id = std::move(ids.object_id),
                          .asset_id = std::move(ids.asset_id),
                          .owner_id = std::move(ids.owner_id),
                          .payload = event.payload(),
                          .route = std::move(destination.route)});
}

void BatchPreparer::Refuse(Refusal refusal, const v1::Event& event,
                           int64_t tenant_uid, ObjectIds ids,
                           PreparedBatch& batch) {
  const v1::EventResult& result = *batch.response.results().rbegin();
  batch.refused.push_back(
      {.refusal = refusal,
       .time = clock_->Now(),
       .tenant_uid = tenant_uid,
       .event_id = result.event_id(),
       .object_type = event.object_type(),
       .object_id = std::move(ids.object_id),
       .asset_id = std::move(ids.asset_id),
       .owner_id = std::move(ids.owner_id),
       .violations = {result.violations().begin(), result.violations().end()}});
}

ObjectIds BatchPreparer::Validate(const v1::Event& event,
                                  v1::EventResult& result) {
  if (!IsEventId(event.event_id())) {
    AddViolation("event_id",
                 absl::StrCat("must be at most ", limits::kMaxEventIdBytes,
                              " printable ASCII characters without spaces"),
                 result);
  }
  if (!IsObjectType(event.object_type())) {
    AddViolation("object_type",
                 event.object_type() == v1::OBJECT_TYPE_UNSPECIFIED
                     ? "required"
                     : "must be a known object type",
                 result);
    return {};  // the payload's rules depend on it
  }
  ValidationResult validated = validator_.Validate(
      static_cast<ObjectType>(event.object_type()), event.payload());
  for (FieldViolation& violation : validated.violations) {
    if (violation_bytes_ > kMaxViolationBytes && result.violations_size() > 0) {
      break;
    }
    violation_bytes_ += violation.field.size() + violation.description.size();
    AddViolation(std::move(violation.field), std::move(violation.description),
                 result);
  }
  return std::move(validated.ids);
}

}  // namespace mqttpush
