#include "services/api/errors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "services/api/status.h"
#include "services/api/text.h"

namespace mqttpush::errors {
namespace {

using google::protobuf::util::TimeUtil;
using google::rpc::ErrorInfo;
using google::rpc::PreconditionFailure;

// A list of names in an error ends here; the rest is counted.
constexpr size_t kMaxListed = 10;
// Names have at most 3 parts of 63 characters; what callers send may be longer.
constexpr size_t kMaxNameBytes = 256;
constexpr int kRetryDelaySeconds = 1;
// A full outbox has room when a broker is reached again, or someone acts.
constexpr absl::Duration kOutboxRetryDelay = absl::Seconds(10);

using Metadata = std::vector<std::pair<std::string, std::string>>;

absl::Status MakeError(absl::StatusCode code, absl::string_view reason,
                       absl::string_view message, const Metadata& metadata) {
  absl::Status status(code, message);
  ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[key] = Truncate(value, kMaxNameBytes);
  }
  AttachDetail(info, &status);
  return status;
}

absl::Status NotFound(absl::string_view type, absl::string_view reason,
                      absl::string_view name) {
  const std::string shown = Truncate(name, kMaxNameBytes);
  absl::Status status = MakeError(
      absl::StatusCode::kNotFound, reason,
      absl::StrCat("\"", shown, "\" does not exist"), {{"name", shown}});
  google::rpc::ResourceInfo resource;
  resource.set_resource_type(absl::StrCat("mqttpush.v1.", type));
  resource.set_resource_name(shown);
  AttachDetail(resource, &status);
  return status;
}

void AttachRetryInfo(absl::Duration delay, absl::Status* status) {
  google::rpc::RetryInfo retry;
  *retry.mutable_retry_delay() =
      TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(delay));
  AttachDetail(retry, status);
}

absl::Status Unavailable(absl::string_view reason, absl::string_view message) {
  absl::Status status =
      MakeError(absl::StatusCode::kUnavailable, reason, message, {});
  AttachRetryInfo(absl::Seconds(kRetryDelaySeconds), &status);
  return status;
}

absl::Status OverQuota(absl::string_view reason, absl::string_view tenant_name,
                       const std::string& description,
                       absl::Duration retry_delay, Metadata metadata) {
  metadata.emplace_back("tenant", tenant_name);
  absl::Status status = MakeError(
      absl::StatusCode::kResourceExhausted, reason,
      absl::StrCat(
          "over the quota of ", tenant_name, ": ", description,
          "; try again in ",
          absl::FormatDuration(absl::Ceil(retry_delay, absl::Milliseconds(1)))),
      metadata);
  google::rpc::QuotaFailure failure;
  auto* violation = failure.add_violations();
  violation->set_subject(std::string(tenant_name));
  violation->set_description(description);
  AttachDetail(failure, &status);
  AttachRetryInfo(retry_delay, &status);
  return status;
}

void AddFailure(absl::string_view type, absl::string_view subject,
                absl::string_view description, PreconditionFailure* failure) {
  auto* violation = failure->add_violations();
  violation->set_type(std::string(type));
  violation->set_subject(Truncate(subject, kMaxNameBytes));
  violation->set_description(std::string(description));
}

std::string AndMore(size_t count) {
  return count > kMaxListed
             ? absl::StrCat(", and ", count - kMaxListed, " more")
             : "";
}

absl::Status InUse(absl::string_view name,
                   const std::vector<std::string>& referrers,
                   absl::string_view ending, Metadata metadata) {
  metadata.emplace_back("name", name);
  metadata.emplace_back("referrer_count", absl::StrCat(referrers.size()));
  const size_t listed = std::min(referrers.size(), kMaxListed);
  PreconditionFailure failure;
  for (size_t i = 0; i < listed; ++i) {
    AddFailure("RESOURCE_IN_USE", referrers[i],
               absl::StrCat("refers to ", name), &failure);
  }
  absl::Status status = MakeError(
      absl::StatusCode::kFailedPrecondition, "RESOURCE_IN_USE",
      absl::StrCat(
          "\"", name, "\" is in use by ",
          absl::StrJoin(referrers.begin(), referrers.begin() + listed, ", "),
          AndMore(referrers.size()), ending),
      metadata);
  AttachDetail(failure, &status);
  return status;
}

}  // namespace

absl::Status TenantNotFound(absl::string_view name) {
  return NotFound("Tenant", "TENANT_NOT_FOUND", name);
}

absl::Status BrokerNotFound(absl::string_view name) {
  return NotFound("Broker", "BROKER_NOT_FOUND", name);
}

absl::Status SubscriptionNotFound(absl::string_view name) {
  return NotFound("Subscription", "SUBSCRIPTION_NOT_FOUND", name);
}

absl::Status DeliveryNotFound(absl::string_view name) {
  return NotFound("Delivery", "DELIVERY_NOT_FOUND", name);
}

absl::Status ReplayNotFound(absl::string_view name) {
  return NotFound("Replay", "REPLAY_NOT_FOUND", name);
}

absl::Status NameTaken(absl::string_view name) {
  return MakeError(absl::StatusCode::kAlreadyExists, "NAME_TAKEN",
                   absl::StrCat("\"", name, "\" already exists"),
                   {{"name", std::string(name)}});
}

absl::Status OwnerIdsTaken(const std::vector<TakenOwnerId>& taken) {
  const size_t listed = std::min(taken.size(), kMaxListed);
  std::vector<std::string> sentences;
  PreconditionFailure failure;
  for (size_t i = 0; i < listed; ++i) {
    sentences.push_back(absl::StrCat("owner id \"", taken[i].owner_id,
                                     "\" belongs to ", taken[i].tenant_name));
    AddFailure("OWNER_ID_TAKEN", taken[i].owner_id,
               absl::StrCat("belongs to ", taken[i].tenant_name), &failure);
  }
  absl::Status status = MakeError(
      absl::StatusCode::kFailedPrecondition, "OWNER_ID_TAKEN",
      absl::StrCat(absl::StrJoin(sentences, ", "), AndMore(taken.size())),
      {{"owner_id", taken.front().owner_id},
       {"tenant", taken.front().tenant_name}});
  AttachDetail(failure, &status);
  return status;
}

absl::Status EtagMismatch(absl::string_view name,
                          absl::string_view current_etag) {
  return MakeError(
      absl::StatusCode::kAborted, "ETAG_MISMATCH",
      absl::StrCat("\"", name, "\" has changed: its etag is now ", current_etag,
                   "; read it again"),
      {{"name", std::string(name)}, {"etag", std::string(current_etag)}});
}

absl::Status StillReferredTo(absl::string_view name,
                             const std::vector<std::string>& referrers) {
  return InUse(name, referrers, "", {});
}

absl::Status TenantInUse(absl::string_view name,
                         const std::vector<std::string>& children,
                         int64_t undelivered) {
  const std::string count = absl::StrCat(undelivered);
  const std::string events =
      undelivered == 0
          ? "; set `force` to delete them too"
          : absl::StrCat(", with ", count,
                         " undelivered events; set `force` to delete them too "
                         "and discard the events");
  return InUse(name, children, events, {{"undelivered_count", count}});
}

absl::Status UndeliveredEvents(absl::string_view name, int64_t count) {
  absl::Status status = MakeError(
      absl::StatusCode::kFailedPrecondition, "UNDELIVERED_EVENTS",
      absl::StrCat("\"", name, "\" has ", count,
                   " undelivered events; set `force` to discard them"),
      {{"name", std::string(name)}, {"count", absl::StrCat(count)}});
  PreconditionFailure failure;
  AddFailure("UNDELIVERED_EVENTS", name,
             absl::StrCat(count, " undelivered events"), &failure);
  AttachDetail(failure, &status);
  return status;
}

absl::Status DeliveryNotRetryable(absl::string_view name,
                                  absl::string_view state,
                                  absl::string_view why) {
  absl::Status status =
      MakeError(absl::StatusCode::kFailedPrecondition, "DELIVERY_NOT_RETRYABLE",
                absl::StrCat("\"", name, "\" ", why),
                {{"name", std::string(name)}, {"state", std::string(state)}});
  PreconditionFailure failure;
  AddFailure("DELIVERY_NOT_RETRYABLE", name, why, &failure);
  AttachDetail(failure, &status);
  return status;
}

absl::Status DeliveryChanged(absl::string_view name) {
  return MakeError(
      absl::StatusCode::kAborted, "DELIVERY_CHANGED",
      absl::StrCat("\"", name, "\" has changed meanwhile; read it again"),
      {{"name", std::string(name)}});
}

absl::Status TooManyRetries(absl::string_view name) {
  return MakeError(
      absl::StatusCode::kResourceExhausted, "TOO_MANY_RETRIES",
      absl::StrCat("\"", name,
                   "\" is not sent again: too many deliveries of its "
                   "subscription are RETRYING"),
      {{"name", std::string(name)}});
}

absl::Status NothingToReplay(absl::string_view tenant_name) {
  absl::Status status = MakeError(
      absl::StatusCode::kFailedPrecondition, "NOTHING_TO_REPLAY",
      absl::StrCat("no delivery of ", tenant_name,
                   " that can be sent again matches `filter` and `states`"),
      {{"tenant", std::string(tenant_name)}});
  PreconditionFailure failure;
  AddFailure("NOTHING_TO_REPLAY", tenant_name, "nothing matches", &failure);
  AttachDetail(failure, &status);
  return status;
}

absl::Status TooManyReplays(absl::string_view tenant_name, int limit) {
  return MakeError(
      absl::StatusCode::kResourceExhausted, "TOO_MANY_REPLAYS",
      absl::StrCat(limit, " replays of ", tenant_name,
                   " are RUNNING; cancel one, or wait for its end"),
      {{"tenant", std::string(tenant_name)}, {"limit", absl::StrCat(limit)}});
}

absl::Status TooManyStreams(absl::string_view method, int limit) {
  return MakeError(
      absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS",
      absl::StrCat(limit, " calls of ", method,
                   " are under way, and no more are taken at once"),
      {{"method", std::string(method)}, {"limit", absl::StrCat(limit)}});
}

absl::Status TooManyReads(absl::string_view tenant_id, size_t limit) {
  return MakeError(
      absl::StatusCode::kResourceExhausted, "TOO_MANY_READS",
      absl::StrCat(limit, " calls about tenant \"", tenant_id,
                   "\" wait for their turn, and no more are taken at once; "
                   "try again later"),
      {{"tenant", std::string(tenant_id)}, {"limit", absl::StrCat(limit)}});
}

absl::Status TooManyProbes(int limit) {
  return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_PROBES",
                   absl::StrCat(limit,
                                " probes of brokers are under way, and no more "
                                "are made at once; try again when one has "
                                "ended"),
                   {{"limit", absl::StrCat(limit)}});
}

absl::Status IngestRateExceeded(absl::string_view tenant_name,
                                int64_t events_per_second,
                                absl::Duration retry_delay) {
  return OverQuota(
      "INGEST_RATE_EXCEEDED", tenant_name,
      absl::StrCat("it may send ", events_per_second,
                   " events per second (ingest_events_per_second)"),
      retry_delay, {{"limit", "ingest_events_per_second"}});
}

absl::Status OutboxFull(absl::string_view tenant_name, absl::string_view limit,
                        int64_t allowed, int64_t used) {
  return OverQuota("OUTBOX_FULL", tenant_name,
                   absl::StrCat("its outbox is full: ", used, " of ", allowed,
                                " (", limit, ") wait to be delivered"),
                   kOutboxRetryDelay, {{"limit", std::string(limit)}});
}

absl::Status OthersOverQuota(absl::string_view tenant_name,
                             absl::Duration retry_delay) {
  return OverQuota("OTHERS_OVER_QUOTA", tenant_name,
                   "others in the same request are over their quota, and all "
                   "of it is taken or nothing",
                   retry_delay, {});
}

absl::Status ShuttingDown() {
  return Unavailable("SHUTTING_DOWN", "the service is stopping");
}

absl::Status LogUnavailable(const absl::Status& cause) {
  const bool busy = cause.code() == absl::StatusCode::kResourceExhausted;
  return Unavailable(
      busy ? "LOG_BUSY" : "LOG_UNAVAILABLE",
      absl::StrCat("the event log is not available: ", cause.message()));
}

absl::Status ConfigUnavailable(const absl::Status& cause) {
  return Unavailable(
      "CONFIG_UNAVAILABLE",
      absl::StrCat("the configuration cannot be stored: ", cause.message()));
}

}  // namespace mqttpush::errors
