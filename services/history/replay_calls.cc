#include "services/history/replay_calls.h"

#include <utility>

#include "common/limits.h"
#include "common/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/api/status.h"
#include "services/history/history_converters.h"
#include "services/history/replay_count.h"
#include "services/history/replay_requests.h"
#include "services/history/run_on_pool.h"

namespace mqttpush {
namespace {

using google::protobuf::util::MessageDifferencer;

// `name`: of the replay that was asked for.
absl::Status FromStore(const absl::Status& status, const std::string& name) {
  if (absl::IsNotFound(status)) return errors::ReplayNotFound(name);
  return errors::ConfigUnavailable(status);
}

}  // namespace

struct ReplayCalls::Counting {
  grpc::CallbackServerContext* context;
  grpc::ServerUnaryReactor* reactor;
  const v1::ReplayDeliveriesRequest* request;
  v1::Replay* response;
  ReplayCount count;
};

grpc::ServerUnaryReactor* ReplayCalls::Replay(
    grpc::CallbackServerContext* context,
    const v1::ReplayDeliveriesRequest* request, v1::Replay* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<ReplayRecord> replay =
      ParseReplayDeliveries(*request, *config_->Snapshot(), clock_->Now());
  if (!replay.ok()) {
    reactor->Finish(ToGrpcStatus(replay.status()));
    return reactor;
  }
  CountOn(std::make_shared<Counting>(Counting{
              context, reactor, request, response,
              ReplayCount(config_, history_, clock_, *std::move(replay))}),
          kMostCallsWaiting);
  return reactor;
}

// CANCELLED also when the caller went away during the step: whoever does not
// get the name of a replay should not find it running.
absl::StatusOr<bool> ReplayCalls::Step(Counting& call) {
  const auto cancelled = [&] { return call.context->IsCancelled(); };
  absl::StatusOr<bool> done = absl::CancelledError("the call was cancelled");
  if (cancelled()) return done;
  absl::StatusOr<bool> found = call.count.Step();
  return cancelled() ? done : found;
}

// One step at a time, so that a count of millions leaves the pool to others in
// between, and ends when nobody waits for it.
void ReplayCalls::CountOn(std::shared_ptr<Counting> call, size_t most_waiting) {
  const std::string tenant(TenantIdIn(call->request->parent()));
  const auto step = [this, call] {
    absl::StatusOr<bool> done = Step(*call);
    if (done.ok() && !*done) return CountOn(call, ThreadPool::kAnyNumber);
    absl::Status end = done.status();
    if (absl::IsNotFound(end)) {
      end = errors::TenantNotFound(call->request->parent());
    } else if (!end.ok() && !absl::IsCancelled(end)) {
      end = errors::LogUnavailable(end);
    } else if (end.ok()) {
      end = Begin(call->count.replay(), *call->request, *call->response);
    }
    call->reactor->Finish(ToGrpcStatus(end));
  };
  if (pool_.Post(tenant, step, most_waiting)) return;
  call->reactor->Finish(
      ToGrpcStatus(errors::TooManyReads(tenant, most_waiting)));
}

absl::Status ReplayCalls::Begin(const ReplayRecord& counted,
                                const v1::ReplayDeliveriesRequest& request,
                                v1::Replay& response) {
  const std::string tenant_id = ParseTenantName(request.parent())->tenant;
  if (request.validate_only()) {
    response = ToProto(counted, tenant_id);
    return absl::OkStatus();
  }
  if (counted.matched_count == 0) {
    return errors::NothingToReplay(request.parent());
  }
  const absl::StatusOr<ReplayRecord> created = replays_.store->Create(counted);
  if (absl::IsResourceExhausted(created.status())) {
    return errors::TooManyReplays(request.parent(), limits::kMaxRunningReplays);
  }
  if (absl::IsNotFound(created.status())) {
    return errors::TenantNotFound(request.parent());
  }
  if (!created.ok()) return errors::ConfigUnavailable(created.status());
  replays_.runner->Add(*created);
  response = ToProto(*created, tenant_id);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ReplayCalls::Get(grpc::CallbackServerContext* context,
                                           const v1::GetReplayRequest* request,
                                           v1::Replay* response) {
  return RunOnPool(pool_, context, request->name(), [this, request, response] {
    return GetImpl(request->name(), *response);
  });
}

absl::Status ReplayCalls::GetImpl(const std::string& name,
                                  v1::Replay& response) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(const ReplayKey key,
                            ParseReplayKey(name, *snapshot));
  const auto replay = replays_.store->Get(key.tenant->uid, key.uid);
  if (!replay.ok()) return FromStore(replay.status(), name);
  response = ToProto(*replay, key.tenant->id);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ReplayCalls::List(
    grpc::CallbackServerContext* context, const v1::ListReplaysRequest* request,
    v1::ListReplaysResponse* response) {
  return RunOnPool(
      pool_, context, request->parent(),
      [this, request, response] { return ListImpl(*request, *response); });
}

absl::Status ReplayCalls::ListImpl(const v1::ListReplaysRequest& request,
                                   v1::ListReplaysResponse& response) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(const ListReplaysQuery query,
                            ParseListReplays(request, *snapshot));
  // One more shows whether there is a next page.
  const auto replays = replays_.store->List(query.tenant->uid, query.before,
                                            query.page_size + 1);
  if (!replays.ok()) return errors::ConfigUnavailable(replays.status());
  for (const ReplayRecord& replay : *replays) {
    if (response.replays_size() == query.page_size) {
      response.set_next_page_token(ReplayPageToken(request, replay.uid));
      break;
    }
    *response.add_replays() = ToProto(replay, query.tenant->id);
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ReplayCalls::Cancel(
    grpc::CallbackServerContext* context,
    const v1::CancelReplayRequest* request, v1::Replay* response) {
  return RunOnPool(pool_, context, request->name(), [this, request, response] {
    return CancelImpl(request->name(), *response);
  });
}

absl::Status ReplayCalls::CancelImpl(const std::string& name,
                                     v1::Replay& response) {
  const auto snapshot = config_->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(const ReplayKey key,
                            ParseReplayKey(name, *snapshot));
  const auto replay =
      replays_.store->Cancel(key.tenant->uid, key.uid, clock_->Now());
  if (!replay.ok()) return FromStore(replay.status(), name);
  replays_.runner->Forget(key.uid);
  replays_.watchers->Wake({key.uid});
  response = ToProto(*replay, key.tenant->id);
  return absl::OkStatus();
}

grpc::ServerWriteReactor<v1::Replay>* ReplayCalls::Watch(
    const v1::WatchReplayRequest* request) {
  absl::StatusOr<std::shared_ptr<ReplayStream>> stream = MakeStream(*request);
  if (!stream.ok()) return ReplayStream::Refuse(stream.status());
  return ReplayStream::Start(*std::move(stream));
}

// Reads no disk yet.
absl::StatusOr<std::shared_ptr<ReplayCalls::ReplayStream>>
ReplayCalls::MakeStream(const v1::WatchReplayRequest& request) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      const ReplayKey key,
      ParseReplayKey(request.name(), *config_->Snapshot()));
  auto read =
      [this, name = request.name(), shown = v1::Replay()](
          v1::Replay& replay) mutable -> absl::StatusOr<StreamTurn::Found> {
    MQTTPUSH_RETURN_IF_ERROR(GetImpl(name, replay));
    const bool changed = !MessageDifferencer::Equals(replay, shown);
    shown = replay;
    return StreamTurn::Found{.send = changed,
                             .at_end = true,
                             .last = replay.state() != v1::Replay::RUNNING};
  };
  auto stream = std::make_shared<ReplayStream>(replays_.watchers, &pool_,
                                               key.tenant->id, read);
  MQTTPUSH_RETURN_IF_ERROR(replays_.watchers->Add(key.uid, stream));
  return stream;
}

}  // namespace mqttpush
