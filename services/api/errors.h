// Every error of the services that is not a broken field rule (violations.h):
// one function each, which fixes its code, its reason and its words.
//
// Names are resource names, as "tenants/acme/brokers/main". Reasons are part of
// the API: do not change those of existing errors.
#ifndef MQTTPUSH_SERVICES_API_ERRORS_H_
#define MQTTPUSH_SERVICES_API_ERRORS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mqttpush::errors {

// NOT_FOUND, with ResourceInfo.
absl::Status TenantNotFound(absl::string_view name);        // TENANT_NOT_FOUND
absl::Status BrokerNotFound(absl::string_view name);        // BROKER_NOT_FOUND
absl::Status SubscriptionNotFound(absl::string_view name);  // SUBSCRIPTION_…
absl::Status DeliveryNotFound(absl::string_view name);      // DELIVERY_…
absl::Status ReplayNotFound(absl::string_view name);        // REPLAY_…

// ALREADY_EXISTS, NAME_TAKEN: the resource to create exists.
absl::Status NameTaken(absl::string_view name);

// FAILED_PRECONDITION, OWNER_ID_TAKEN. Not ALREADY_EXISTS, which scripts take
// for "created before, go on". Names the other tenants: callers are operators.
struct TakenOwnerId {
  std::string owner_id;
  std::string tenant_name;
};
absl::Status OwnerIdsTaken(const std::vector<TakenOwnerId>& taken);

// ABORTED, ETAG_MISMATCH: somebody changed the resource in between.
absl::Status EtagMismatch(absl::string_view name,
                          absl::string_view current_etag);

// FAILED_PRECONDITION, RESOURCE_IN_USE: cannot be deleted while `referrers`
// (not empty) exist.
absl::Status StillReferredTo(absl::string_view name,
                             const std::vector<std::string>& referrers);

// The same for a tenant with `children` (not empty), which have so many
// undelivered events; says what `force` would do.
absl::Status TenantInUse(absl::string_view name,
                         const std::vector<std::string>& children,
                         int64_t undelivered);

// FAILED_PRECONDITION, UNDELIVERED_EVENTS.
absl::Status UndeliveredEvents(absl::string_view name, int64_t count);

// FAILED_PRECONDITION, DELIVERY_NOT_RETRYABLE: `why` completes a sentence about
// the delivery, which is in `state`.
absl::Status DeliveryNotRetryable(absl::string_view name,
                                  absl::string_view state,
                                  absl::string_view why);
// ABORTED, DELIVERY_CHANGED: something else happened to it at that moment.
absl::Status DeliveryChanged(absl::string_view name);
// RESOURCE_EXHAUSTED, TOO_MANY_RETRIES: of its subscription.
absl::Status TooManyRetries(absl::string_view name);

// FAILED_PRECONDITION, NOTHING_TO_REPLAY: no delivery of the tenant matches.
absl::Status NothingToReplay(absl::string_view tenant_name);
// RESOURCE_EXHAUSTED, TOO_MANY_REPLAYS: so many of the tenant are running.
absl::Status TooManyReplays(absl::string_view tenant_name, int limit);

// RESOURCE_EXHAUSTED, TOO_MANY_STREAMS: so many calls of the method are under
// way.
absl::Status TooManyStreams(absl::string_view method, int limit);

// RESOURCE_EXHAUSTED, TOO_MANY_READS: so many calls about the tenant wait for
// their turn.
absl::Status TooManyReads(absl::string_view tenant_id, size_t limit);

// RESOURCE_EXHAUSTED, TOO_MANY_PROBES: so many are under way.
absl::Status TooManyProbes(int limit);

// RESOURCE_EXHAUSTED, with QuotaFailure and RetryInfo: an event is not taken,
// because the tenant is at the limit of a quota.
// INGEST_RATE_EXCEEDED: the time that it has to wait is known.
absl::Status IngestRateExceeded(absl::string_view tenant_name,
                                int64_t events_per_second,
                                absl::Duration retry_delay);
// OUTBOX_FULL: there is room when the customer's broker has taken something.
// `limit` is the field of Quota that is reached, which is `allowed`.
absl::Status OutboxFull(absl::string_view tenant_name, absl::string_view limit,
                        int64_t allowed, int64_t used);
// OTHERS_OVER_QUOTA: not this tenant is, but another one in the same request,
// of which all is taken or nothing. Says nothing about the other one.
absl::Status OthersOverQuota(absl::string_view tenant_name,
                             absl::Duration retry_delay);

// UNAVAILABLE, SHUTTING_DOWN, with RetryInfo.
absl::Status ShuttingDown();

// UNAVAILABLE, with RetryInfo: storage cannot be read or written; `cause` says
// why. Safe to repeat. LOG_BUSY instead of LOG_UNAVAILABLE when `cause` is
// RESOURCE_EXHAUSTED: too much waits, and soon there will be less.
absl::Status LogUnavailable(const absl::Status& cause);     // LOG_…
absl::Status ConfigUnavailable(const absl::Status& cause);  // CONFIG_…

}  // namespace mqttpush::errors

#endif  // MQTTPUSH_SERVICES_API_ERRORS_H_
