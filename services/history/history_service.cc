#include "services/history/history_service.h"

#include <set>
#include <utility>

#include "common/status_macros.h"
#include "services/api/backlog.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/api/status.h"
#include "services/api/violations.h"
#include "services/history/delivery_explainer.h"
#include "services/history/delivery_stats.h"
#include "services/history/explain_request.h"
#include "services/history/history_converters.h"
#include "services/history/history_requests.h"
#include "services/history/retry_rules.h"
#include "services/history/run_on_pool.h"
#include "services/history/state_reason.h"
#include "services/history/stats_request.h"

namespace mqttpush {
namespace {

// As many as there are readers of the log: more would only wait for those.
constexpr int kThreads = 4;
// Of one tenant, so that its reads leave room for those of others.
constexpr int kThreadsOfOne = 2;

// Storage's errors, but for NOT_FOUND, mean that the log cannot be read.
absl::Status FromStorage(const absl::Status& status) {
  return errors::LogUnavailable(status);
}

}  // namespace

HistoryService::HistoryService(const ConfigStore* config,
                               const HistorySources& sources,
                               LiveStreams* streams,
                               const DeliveryStatus* status, const Clock* clock,
                               Redeliver redeliver)
    : config_(config),
      history_(sources.history),
      stats_(sources.stats),
      log_(sources.log),
      refused_(sources.refused),
      write_results_(sources.write_results),
      streams_(streams),
      status_(status),
      clock_(clock),
      redeliver_(std::move(redeliver)),
      replay_calls_(config, sources.history, clock, sources.replays, &pool_),
      pool_(kThreads, kThreadsOfOne) {}

absl::Time HistoryService::RetainedSince(const TenantRecord& tenant) const {
  return mqttpush::RetainedSince(tenant, clock_->Now());
}

grpc::ServerUnaryReactor* HistoryService::ListDeliveries(
    grpc::CallbackServerContext* context,
    const v1::ListDeliveriesRequest* request,
    v1::ListDeliveriesResponse* response) {
  return RunOnPool(pool_, context, request->parent(),
                   [this, request, response] {
                     return ListDeliveriesImpl(*request, *response);
                   });
}

grpc::ServerUnaryReactor* HistoryService::GetDelivery(
    grpc::CallbackServerContext* context, const v1::GetDeliveryRequest* request,
    v1::Delivery* response) {
  return RunOnPool(pool_, context, request->name(), [this, request, response] {
    return GetDeliveryImpl(request->name(), *response);
  });
}

// Both ends read from disk; in between nobody waits.
grpc::ServerUnaryReactor* HistoryService::RetryDelivery(
    grpc::CallbackServerContext* context,
    const v1::RetryDeliveryRequest* request, v1::Delivery* response) {
  const auto end = [this, request, response](grpc::ServerUnaryReactor* reactor,
                                             const absl::Status& redelivered) {
    reactor->Finish(
        ToGrpcStatus(EndRetry(request->name(), redelivered, *response)));
  };
  return CallOnPool(
      pool_, context, request->name(),
      [this, request, end](grpc::ServerUnaryReactor* reactor) {
        const auto row = FindRetryable(request->name());
        if (!row.ok()) return reactor->Finish(ToGrpcStatus(row.status()));
        redeliver_(row->subscription_uid, row->event.seq,
                   [this, reactor, request, end](absl::Status redelivered) {
                     pool_.Post(std::string(TenantIdIn(request->name())),
                                [=] { end(reactor, redelivered); });
                   });
      });
}

grpc::ServerUnaryReactor* HistoryService::ExplainDelivery(
    grpc::CallbackServerContext* context,
    const v1::ExplainDeliveryRequest* request,
    v1::ExplainDeliveryResponse* response) {
  return RunOnPool(pool_, context, request->parent(),
                   [this, request, response] {
                     return ExplainDeliveryImpl(*request, *response);
                   });
}

grpc::ServerUnaryReactor* HistoryService::ListAttempts(
    grpc::CallbackServerContext* context,
    const v1::ListAttemptsRequest* request,
    v1::ListAttemptsResponse* response) {
  return RunOnPool(pool_, context, request->parent(),
                   [this, request, response] {
                     return ListAttemptsImpl(*request, *response);
                   });
}

absl::Status HistoryService::ListDeliveriesImpl(
    const v1::ListDeliveriesRequest& request,
    v1::ListDeliveriesResponse& response) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(ListDeliveriesQuery parsed,
                            ParseListDeliveries(request, *snapshot));
  parsed.query.retained_since = RetainedSince(*parsed.tenant);
  absl::StatusOr<DeliveryPage> page = history_->ListDeliveries(
      parsed.query, parsed.states, MakeOverlay(*snapshot, parsed.tenant->uid),
      parsed.after, parsed.page_size);
  if (!page.ok()) return FromStorage(page.status());
  StateReasons reasons(*snapshot, *status_);
  for (const DeliveryRow& row : page->rows) {
    *response.add_deliveries() =
        ToProto(row, parsed.tenant->id, reasons.Of(row));
  }
  if (page->next.has_value()) {
    response.set_next_page_token(DeliveryPageToken(request, *page->next));
  }
  return absl::OkStatus();
}

absl::StatusOr<HistoryService::Found> HistoryService::FindDelivery(
    const std::string& name, const ConfigSnapshot& snapshot) {
  auto parsed = ParseDeliveryName(name);
  if (!parsed.has_value()) {
    return InvalidField("name", std::string(kDeliveryFormat));
  }
  const TenantRecord* tenant = snapshot.FindTenant(parsed->tenant);
  if (tenant == nullptr) return errors::DeliveryNotFound(name);
  absl::StatusOr<DeliveryRow> row = history_->GetDelivery(
      tenant->uid, {parsed->event_seq, parsed->subscription_uid},
      MakeOverlay(snapshot, tenant->uid));
  if (absl::IsNotFound(row.status())) return errors::DeliveryNotFound(name);
  if (!row.ok()) return FromStorage(row.status());
  if (row->event.accept_time < RetainedSince(*tenant) && HasEnded(row->state)) {
    return errors::DeliveryNotFound(name);
  }
  return Found{tenant, *std::move(row)};
}

absl::Status HistoryService::GetDeliveryImpl(const std::string& name,
                                             v1::Delivery& response) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(const Found found, FindDelivery(name, *snapshot));
  HistoryQuery attempts;
  attempts.tenant_uid = found.tenant->uid;
  attempts.event_seq = found.row.event.seq;
  attempts.subscription_uid = found.row.subscription_uid;
  attempts.retained_since = RetainedSince(*found.tenant);
  absl::StatusOr<AttemptPage> page = history_->ListAttempts(
      attempts, std::nullopt, std::nullopt, HistoryReader::kMaxLookedAt);
  if (!page.ok()) return FromStorage(page.status());
  response = ToProto(found.row, found.tenant->id,
                     StateReasons(*snapshot, *status_).Of(found.row));
  for (auto attempt = page->rows.rbegin(); attempt != page->rows.rend();
       ++attempt) {
    *response.add_attempts() = ToProto(*attempt, found.tenant->id);
  }
  return absl::OkStatus();
}

absl::StatusOr<DeliveryRow> HistoryService::FindRetryable(
    const std::string& name) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(Found found, FindDelivery(name, *snapshot));
  MQTTPUSH_RETURN_IF_ERROR(CheckRetryable(
      name, found.row, snapshot->FindSubscription(found.row.subscription_uid)));
  return std::move(found.row);
}

absl::Status HistoryService::EndRetry(const std::string& name,
                                      const absl::Status& redelivered,
                                      v1::Delivery& response) {
  switch (redelivered.code()) {
    case absl::StatusCode::kOk:
      return GetDeliveryImpl(name, response);
    case absl::StatusCode::kAborted:
      // Most often its new state says why.
      MQTTPUSH_RETURN_IF_ERROR(FindRetryable(name).status());
      return errors::DeliveryChanged(name);
    case absl::StatusCode::kNotFound:
      return errors::DeliveryNotFound(name);
    case absl::StatusCode::kResourceExhausted:
      return errors::TooManyRetries(name);
    default:
      return FromStorage(redelivered);
  }
}

absl::Status HistoryService::ExplainDeliveryImpl(
    const v1::ExplainDeliveryRequest& request,
    v1::ExplainDeliveryResponse& response) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(ExplainQuery query,
                            ParseExplain(request, *snapshot));
  query.history.retained_since = RetainedSince(*query.tenant);
  const StateOverlay overlay = MakeOverlay(*snapshot, query.tenant->uid);
  DeliveryExplainer explainer(
      {*snapshot, *history_, *status_, *refused_, overlay}, clock_->Now());
  auto explained = explainer.Explain(query);
  if (!explained.ok()) return FromStorage(explained.status());
  response = *std::move(explained);
  return absl::OkStatus();
}

absl::Status HistoryService::ListAttemptsImpl(
    const v1::ListAttemptsRequest& request,
    v1::ListAttemptsResponse& response) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(ListAttemptsQuery parsed,
                            ParseListAttempts(request, *snapshot));
  parsed.query.retained_since = RetainedSince(*parsed.tenant);
  absl::StatusOr<AttemptPage> page = history_->ListAttempts(
      parsed.query, parsed.succeeded, parsed.after, parsed.page_size);
  if (!page.ok()) return FromStorage(page.status());
  for (const AttemptRow& row : page->rows) {
    *response.add_attempts() = ToProto(row, parsed.tenant->id);
  }
  if (page->next.has_value()) {
    response.set_next_page_token(AttemptPageToken(request, *page->next));
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* HistoryService::GetDeliveryStats(
    grpc::CallbackServerContext* context,
    const v1::GetDeliveryStatsRequest* request, v1::DeliveryStats* response) {
  return RunOnPool(pool_, context, request->parent(),
                   [this, request, response] {
                     return GetDeliveryStatsImpl(*request, *response);
                   });
}

absl::Status HistoryService::GetDeliveryStatsImpl(
    const v1::GetDeliveryStatsRequest& request, v1::DeliveryStats& response) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(
      DeliveryStatsQuery parsed,
      ParseDeliveryStats(request, *snapshot, clock_->Now()));
  parsed.range.CutOff(RetainedSince(*parsed.tenant));
  const StatsRange& range = parsed.range;
  auto stats = stats_->ReadStats(parsed.scope, range.start, range.end,
                                 range.resolution());
  if (!stats.ok()) return FromStorage(stats.status());
  SetRange(range, response);
  const auto buckets = MergeIntoBuckets(stats->rows, range.bucket);
  SetCounts(buckets, response);
  if (range.resolution() == StatsResolution::kHour) {
    SetTopics(std::move(stats->topics), buckets, response);
  }
  response.mutable_backlog();
  for (const SubscriptionRecord* subscription : parsed.subscriptions) {
    MQTTPUSH_ASSIGN_OR_RETURN(const v1::Backlog backlog,
                              ComputeBacklog(*subscription, *status_, log_));
    AddBacklog(backlog, *response.mutable_backlog());
  }
  return absl::OkStatus();
}

grpc::ServerWriteReactor<v1::StreamAttemptsResponse>*
HistoryService::StreamAttempts(grpc::CallbackServerContext* /*context*/,
                               const v1::StreamAttemptsRequest* request) {
  absl::StatusOr<std::shared_ptr<AttemptStream>> stream = MakeStream(*request);
  if (!stream.ok()) return AttemptStream::Refuse(stream.status());
  return AttemptStream::Start(*std::move(stream));
}

// Reads no disk yet.
absl::StatusOr<std::shared_ptr<HistoryService::AttemptStream>>
HistoryService::MakeStream(const v1::StreamAttemptsRequest& request) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(
      StreamAttemptsQuery parsed,
      ParseStreamAttempts(request, *snapshot, clock_->Now()));
  const ResumeTokens tokens(request, parsed);
  parsed.query.retained_since = RetainedSince(*parsed.tenant);
  auto follower = history_->FollowAttempts(parsed.query, parsed.succeeded,
                                           parsed.after, parsed.live);
  if (absl::IsOutOfRange(follower.status())) {
    return InvalidField("resume_token",
                        "is of a log that came further than this one; begin "
                        "by a time");
  }
  if (!follower.ok()) return FromStorage(follower.status());
  auto responses = std::make_shared<AttemptResponses>(
      AttemptsView{parsed.tenant->id, request.view(), write_results_}, tokens,
      parsed.live, *std::move(follower));
  auto stream = std::make_shared<AttemptStream>(
      streams_, &pool_, parsed.tenant->id,
      [responses](v1::StreamAttemptsResponse& response) {
        return responses->Read(response);
      });
  MQTTPUSH_RETURN_IF_ERROR(streams_->Add(parsed.tenant->uid, stream));
  return stream;
}

StateOverlay HistoryService::MakeOverlay(const ConfigSnapshot& snapshot,
                                         int64_t tenant_uid) const {
  std::set<int64_t> existing;
  std::set<std::pair<int64_t, int64_t>> in_flight;
  for (const auto* subscription : snapshot.SubscriptionsOf(tenant_uid)) {
    existing.insert(subscription->uid);
    for (int64_t event_seq : status_->ListInFlight(subscription->uid)) {
      in_flight.emplace(subscription->uid, event_seq);
    }
  }
  return [existing = std::move(existing), in_flight = std::move(in_flight)](
             int64_t subscription_uid, int64_t event_seq, DeliveryState state) {
    if (state != DeliveryState::kWaiting && state != DeliveryState::kRetrying) {
      return state;
    }
    if (existing.count(subscription_uid) == 0) {
      return DeliveryState::kDiscarded;
    }
    return in_flight.count({subscription_uid, event_seq}) > 0
               ? DeliveryState::kInFlight
               : state;
  };
}

}  // namespace mqttpush
