#include "services/history/history_requests.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "services/api/errors.h"
#include "services/api/page_token.h"
#include "services/api/resource_names.h"
#include "services/api/violations.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

void ParseTimeRange(const v1::HistoryFilter& filter, HistoryQuery& query,
                    Violations& violations) {
  if (filter.has_start_time()) {
    query.start_time =
        ParseTime(filter.start_time(), "filter.start_time", violations)
            .value_or(query.start_time);
  }
  if (filter.has_end_time()) {
    query.end_time = ParseTime(filter.end_time(), "filter.end_time", violations)
                         .value_or(query.end_time);
  }
  if (query.end_time < query.start_time) {
    violations.Add("filter.end_time", "must not be before filter.start_time");
  }
}

void ParseSubscription(const v1::HistoryFilter& filter,
                       const TenantRecord& tenant,
                       const ConfigSnapshot& snapshot, HistoryQuery& query,
                       Violations& violations) {
  if (filter.subscription().empty()) return;
  auto name = ParseSubscriptionName(filter.subscription());
  if (!name.has_value()) {
    violations.Add("filter.subscription", std::string(kSubscriptionFormat));
    return;
  }
  const SubscriptionRecord* subscription =
      name->tenant == tenant.id
          ? snapshot.FindSubscription(tenant.uid, name->subscription)
          : nullptr;
  if (subscription == nullptr) {
    violations.Add("filter.subscription",
                   "must be a subscription of the tenant");
    return;
  }
  query.subscription_uid = subscription->uid;
}

// Keys travel as "a:b".
absl::StatusOr<std::optional<std::pair<int64_t, int64_t>>> ParseKey(
    const std::string& token, uint64_t fingerprint,
    const std::string& field = "page_token") {
  MQTTPUSH_ASSIGN_OR_RETURN(std::string key,
                            DecodePageToken(token, fingerprint, field));
  if (key.empty()) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(key, ':');
  std::pair<int64_t, int64_t> parsed;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &parsed.first) ||
      !absl::SimpleAtoi(parts[1], &parsed.second)) {
    return InvalidField(field, "is not a token of this method");
  }
  return parsed;
}

// The tenant's own, or that of one of its deliveries.
absl::StatusOr<const TenantRecord*> FindParent(const std::string& parent,
                                               const ConfigSnapshot& snapshot,
                                               bool delivery_allowed,
                                               HistoryQuery& query) {
  std::string tenant_id;
  if (auto tenant = ParseTenantName(parent); tenant.has_value()) {
    tenant_id = tenant->tenant;
  } else if (auto delivery = ParseDeliveryName(parent);
             delivery_allowed && delivery.has_value()) {
    tenant_id = delivery->tenant;
    query.event_seq = delivery->event_seq;
    query.subscription_uid = delivery->subscription_uid;
  } else {
    return InvalidField(
        "parent", delivery_allowed
                      ? absl::StrCat(kTenantFormat, " or that of a delivery")
                      : std::string(kTenantFormat));
  }
  const TenantRecord* tenant = snapshot.FindTenant(tenant_id);
  if (tenant == nullptr) return errors::TenantNotFound(TenantName(tenant_id));
  return tenant;
}

// What requests for attempts have in common.
struct AttemptsQuery {
  const TenantRecord* tenant = nullptr;
  HistoryQuery query;
  std::optional<bool> succeeded;
};

template <typename Request>
absl::StatusOr<AttemptsQuery> ParseAttempts(const Request& request,
                                            const ConfigSnapshot& snapshot,
                                            Violations& violations) {
  AttemptsQuery parsed;
  HistoryQuery parent;
  MQTTPUSH_ASSIGN_OR_RETURN(parsed.tenant,
                            FindParent(request.parent(), snapshot,
                                       /*delivery_allowed=*/true, parent));
  parsed.query =
      ParseFilter(request.filter(), *parsed.tenant, snapshot, violations);
  if (parent.event_seq.has_value()) {
    if (!request.filter().subscription().empty() &&
        parsed.query.subscription_uid != parent.subscription_uid) {
      violations.Add("filter.subscription", "must be that of the parent");
    }
    parsed.query.event_seq = parent.event_seq;
    parsed.query.subscription_uid = parent.subscription_uid;
  }
  if (!v1::Attempt::Outcome_IsValid(request.outcome())) {
    violations.Add("outcome", "must be SUCCEEDED or FAILED");
  } else if (request.outcome() != v1::Attempt::OUTCOME_UNSPECIFIED) {
    parsed.succeeded = request.outcome() == v1::Attempt::SUCCEEDED;
  }
  return parsed;
}

// When the stream begins, as far as `since` says.
void ParseSince(const v1::StreamAttemptsRequest& request, absl::Time now,
                HistoryQuery& query, Violations& violations) {
  if (!request.has_since()) return;
  const google::protobuf::Duration& since = request.since();
  if (since.seconds() < 0 || since.seconds() > TimeUtil::kDurationMaxSeconds ||
      since.nanos() < 0 || since.nanos() > 999999999) {
    violations.Add("since", "must be from 0s to 315576000000s");
    return;
  }
  if (request.filter().has_start_time()) {
    violations.Add("since", "must not be set beside filter.start_time");
  }
  query.start_time =
      now - absl::Seconds(since.seconds()) - absl::Nanoseconds(since.nanos());
}

// Of a begin, as it travels in resume tokens; 0: none.
int64_t BeginMicros(absl::Time start_time) {
  return start_time == absl::InfinitePast() ? 0
                                            : absl::ToUnixMicros(start_time);
}

}  // namespace

std::optional<absl::Time> ParseTime(const google::protobuf::Timestamp& time,
                                    const std::string& field,
                                    Violations& violations) {
  // google/protobuf/timestamp.proto: years 1 to 9999.
  if (time.seconds() < TimeUtil::kTimestampMinSeconds ||
      time.seconds() > TimeUtil::kTimestampMaxSeconds || time.nanos() < 0 ||
      time.nanos() > 999999999) {
    violations.Add(field, "must be a time of the years 1 to 9999");
    return std::nullopt;
  }
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

HistoryQuery ParseFilter(const v1::HistoryFilter& filter,
                         const TenantRecord& tenant,
                         const ConfigSnapshot& snapshot,
                         Violations& violations) {
  HistoryQuery query;
  query.tenant_uid = tenant.uid;
  ParseSubscription(filter, tenant, snapshot, query, violations);
  ParseTimeRange(filter, query, violations);
  if (!v1::ObjectType_IsValid(filter.object_type())) {
    violations.Add("filter.object_type", "must be a known object type");
  } else if (filter.object_type() != v1::OBJECT_TYPE_UNSPECIFIED) {
    query.object_type = static_cast<ObjectType>(filter.object_type());
  }
  query.asset_id = filter.asset_id();
  query.event_id = filter.event_id();
  query.topic = filter.topic();
  return query;
}

absl::Time RetainedSince(const TenantRecord& tenant, absl::Time now) {
  if (!tenant.history_retention.has_value()) return absl::InfinitePast();
  return now - *tenant.history_retention;
}

absl::StatusOr<const TenantRecord*> FindTenant(const std::string& parent,
                                               const ConfigSnapshot& snapshot) {
  HistoryQuery unused;
  return FindParent(parent, snapshot, /*delivery_allowed=*/false, unused);
}

absl::StatusOr<ListDeliveriesQuery> ParseListDeliveries(
    const v1::ListDeliveriesRequest& request, const ConfigSnapshot& snapshot) {
  ListDeliveriesQuery parsed;
  MQTTPUSH_ASSIGN_OR_RETURN(
      parsed.tenant, FindParent(request.parent(), snapshot,
                                /*delivery_allowed=*/false, parsed.query));
  Violations violations;
  parsed.query =
      ParseFilter(request.filter(), *parsed.tenant, snapshot, violations);
  parsed.page_size = EffectivePageSize(request.page_size(), &violations);
  for (int i = 0; i < request.states_size(); ++i) {
    if (!v1::Delivery::State_IsValid(request.states(i)) ||
        request.states(i) == v1::Delivery::STATE_UNSPECIFIED) {
      violations.Add(absl::StrCat("states[", i, "]"), "must be a known state");
    } else {
      parsed.states.push_back(static_cast<DeliveryState>(request.states(i)));
    }
  }
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto key, ParseKey(request.page_token(), FingerprintRequest(request)));
  if (key.has_value()) parsed.after = DeliveryKey{key->first, key->second};
  return parsed;
}

std::string DeliveryPageToken(const v1::ListDeliveriesRequest& request,
                              const DeliveryKey& next) {
  return EncodePageToken(
      FingerprintRequest(request),
      absl::StrCat(next.event_seq, ":", next.subscription_uid));
}

absl::StatusOr<ListAttemptsQuery> ParseListAttempts(
    const v1::ListAttemptsRequest& request, const ConfigSnapshot& snapshot) {
  Violations violations;
  MQTTPUSH_ASSIGN_OR_RETURN(AttemptsQuery attempts,
                            ParseAttempts(request, snapshot, violations));
  ListAttemptsQuery parsed = {.tenant = attempts.tenant,
                              .query = std::move(attempts.query),
                              .succeeded = attempts.succeeded};
  parsed.page_size = EffectivePageSize(request.page_size(), &violations);
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto key, ParseKey(request.page_token(), FingerprintRequest(request)));
  if (key.has_value()) {
    parsed.after = AttemptKey{absl::FromUnixMicros(key->first), key->second};
  }
  return parsed;
}

std::string AttemptPageToken(const v1::ListAttemptsRequest& request,
                             const AttemptKey& next) {
  return EncodePageToken(
      FingerprintRequest(request),
      absl::StrCat(absl::ToUnixMicros(next.start_time), ":", next.attempt_seq));
}

absl::StatusOr<StreamAttemptsQuery> ParseStreamAttempts(
    const v1::StreamAttemptsRequest& request, const ConfigSnapshot& snapshot,
    absl::Time now) {
  Violations violations;
  MQTTPUSH_ASSIGN_OR_RETURN(AttemptsQuery attempts,
                            ParseAttempts(request, snapshot, violations));
  StreamAttemptsQuery parsed = {.tenant = attempts.tenant,
                                .query = std::move(attempts.query),
                                .succeeded = attempts.succeeded,
                                .live = !request.has_live() || request.live()};
  ParseSince(request, now, parsed.query, violations);
  if (!v1::StreamAttemptsRequest::View_IsValid(request.view())) {
    violations.Add("view", "must be one of the views");
  }
  if (parsed.live && request.filter().has_end_time()) {
    violations.Add("filter.end_time", "needs `live` to be false");
  }
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto key, ParseKey(request.resume_token(), FingerprintRequest(request),
                         "resume_token"));
  if (key.has_value()) {
    parsed.after = key->first;
    parsed.query.start_time = absl::FromUnixMicros(key->second);
  }
  return parsed;
}

ResumeTokens::ResumeTokens(const v1::StreamAttemptsRequest& request,
                           const StreamAttemptsQuery& parsed)
    : fingerprint_(FingerprintRequest(request)),
      start_time_(parsed.query.start_time) {}

std::string ResumeTokens::At(int64_t attempt_seq) const {
  return EncodePageToken(
      fingerprint_, absl::StrCat(attempt_seq, ":", BeginMicros(start_time_)));
}

}  // namespace mqttpush
