#include "workers/supervisor/supervisor.h"

#include <signal.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

// From the end of a worker's stream to its own.
constexpr absl::Duration kExitGrace = absl::Seconds(2);

absl::string_view StateName(LinkState state) {
  switch (state) {
    case LinkState::kConnecting:
      return "CONNECTING";
    case LinkState::kConnected:
      return "CONNECTED";
    case LinkState::kBackingOff:
      return "BACKING_OFF";
    case LinkState::kRefused:
      return "REFUSED";
    case LinkState::kStalled:
      return "STALLED";
    case LinkState::kPaused:
      return "PAUSED";
    case LinkState::kUnknown:
      break;
  }
  return "UNKNOWN";
}

}  // namespace

Supervisor::Supervisor(Dispatcher* dispatcher, EventLoop* loop,
                       const Clock* clock, StatusBoard* board,
                       SupervisorOptions options)
    : dispatcher_(dispatcher),
      loop_(loop),
      clock_(clock),
      board_(board),
      options_(std::move(options)),
      snapshot_(std::make_shared<ConfigSnapshot>()),
      link_server_(this) {}

void Supervisor::OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  for (const auto& [key, broker] : snapshot_->brokers()) {
    slots_.try_emplace(broker->uid);
  }
  std::vector<int64_t> uids;
  for (const auto& [uid, slot] : slots_) uids.push_back(uid);
  for (int64_t uid : uids) Fit(uid);
}

void Supervisor::Stop(std::function<void()> stopped) {
  stopping_ = true;
  stopped_ = std::move(stopped);
  for (auto& [uid, slot] : slots_) {
    if (slot.worker != nullptr) Drain(uid, *slot.worker);
  }
  CheckStopped();
}

bool Supervisor::wanted(int64_t broker_uid) const {
  const BrokerRecord* broker = snapshot_->FindBroker(broker_uid);
  if (stopping_ || broker == nullptr) return false;
  return !snapshot_->FindTenant(broker->tenant_uid)->paused;
}

// Brings one slot to what the configuration wants of it.
void Supervisor::Fit(int64_t broker_uid) {
  Slot& slot = slots_[broker_uid];
  if (wanted(broker_uid)) {
    if (slot.worker != nullptr) {
      Configure(broker_uid, *slot.worker);
    } else if (!slot.restart_waiting) {
      Start(broker_uid, slot);
    }
    return;
  }
  if (slot.worker != nullptr) return Drain(broker_uid, *slot.worker);
  loop_->CancelTimer(slot.restart_timer);
  if (snapshot_->FindBroker(broker_uid) != nullptr) {
    slot.restart_waiting = false;
    if (board_->GetLink(broker_uid).state != LinkState::kPaused) {
      board_->SetLink(broker_uid,
                      {.state = LinkState::kPaused, .since = clock_->Now()});
    }
    return;
  }
  board_->RemoveLink(broker_uid);
  slots_.erase(broker_uid);
}

void Supervisor::Start(int64_t broker_uid, Slot& slot) {
  auto worker = std::make_unique<Worker>();
  worker->id = next_worker_id_++;
  worker->start_time = clock_->Now();
  board_->SetLink(broker_uid, {.state = LinkState::kConnecting,
                               .since = worker->start_time});
  if (absl::Status spawned = Spawn(broker_uid, *worker); !spawned.ok()) {
    link_server_.RemoveWorker(worker->id);
    RestartLater(broker_uid, slot, absl::ZeroDuration(),
                 std::string(spawned.message()));
    return;
  }
  Log::Info("worker_started",
            {{"broker", NameOf(broker_uid)}, {"pid", worker->pid}});
  broker_by_worker_[worker->id] = broker_uid;
  slot.worker = std::move(worker);
}

absl::Status Supervisor::Spawn(int64_t broker_uid, Worker& worker) {
  MQTTPUSH_ASSIGN_OR_RETURN(const int fd, link_server_.AddWorker(worker.id));
  absl::StatusOr<pid_t> pid =
      processes_.Spawn(options_.worker_path, {"--fd", "3"}, fd,
                       [this, id = worker.id](const std::string& how) {
                         loop_->Post([this, id, how] { Exited(id, how); });
                       });
  close(fd);
  MQTTPUSH_RETURN_IF_ERROR(pid.status());
  worker.pid = *pid;
  return absl::OkStatus();
}

void Supervisor::Configure(int64_t broker_uid, Worker& worker) {
  const BrokerRecord* broker = snapshot_->FindBroker(broker_uid);
  if (worker.channel == nullptr || worker.draining) return;
  if (worker.broker_revision == broker->revision) return;
  worker.broker_revision = broker->revision;
  worker.channel->Send(MakeConfigure(*broker, options_.link));
}

void Supervisor::Drain(int64_t broker_uid, Worker& worker) {
  if (std::exchange(worker.draining, true)) return;
  if (worker.channel == nullptr) {
    // It holds nothing yet.
    processes_.Kill(worker.pid, SIGKILL);
    return;
  }
  dispatcher_->OnDraining(broker_uid);
  worker::v1::ControlMessage message;
  message.mutable_drain();
  worker.channel->Send(std::move(message));
  loop_->PostAfter(options_.drain_timeout,
                   [this, pid = worker.pid, id = worker.id] {
                     if (Find(id) != nullptr) processes_.Kill(pid, SIGKILL);
                   });
}

void Supervisor::OnAttached(int64_t worker_id,
                            std::shared_ptr<WorkerChannel> channel) {
  loop_->Post([this, worker_id, channel = std::move(channel)] {
    Attached(worker_id, channel);
  });
}

void Supervisor::OnMessage(int64_t worker_id,
                           worker::v1::WorkerMessage message) {
  loop_->Post([this, worker_id, message = std::move(message)] {
    TakeMessage(worker_id, message);
  });
}

void Supervisor::OnDetached(int64_t worker_id) {
  loop_->Post([this, worker_id] { Detached(worker_id); });
}

void Supervisor::Attached(int64_t worker_id,
                          std::shared_ptr<WorkerChannel> channel) {
  auto* found = Find(worker_id);
  if (found == nullptr) return;
  Worker& worker = *found->second.worker;
  worker.channel = channel;
  dispatcher_->OnAttached(found->first, std::move(channel));
  if (worker.draining) {
    processes_.Kill(worker.pid, SIGKILL);
  } else {
    Configure(found->first, worker);
  }
}

void Supervisor::TakeMessage(int64_t worker_id,
                             const worker::v1::WorkerMessage& message) {
  auto* found = Find(worker_id);
  if (found == nullptr) return;
  const int64_t broker_uid = found->first;
  switch (message.message_case()) {
    case worker::v1::WorkerMessage::kLinkStatus:
      return SetLink(broker_uid, ToLinkStatus(message.link_status()));
    case worker::v1::WorkerMessage::kCredit:
      return dispatcher_->OnCredit(broker_uid, message.credit());
    case worker::v1::WorkerMessage::kResults:
      return dispatcher_->OnResults(broker_uid, message.results());
    case worker::v1::WorkerMessage::kConnectRequest: {
      worker::v1::ControlMessage permit;
      permit.mutable_connect_permit();
      return found->second.worker->channel->Send(std::move(permit));
    }
    default:
      return;
  }
}

// A report may repeat the state, with a newer acknowledgement.
void Supervisor::SetLink(int64_t broker_uid, LinkStatus status) {
  if (board_->GetLink(broker_uid).state != status.state) {
    Log::Info("link_state", {{"broker", NameOf(broker_uid)},
                             {"state", StateName(status.state)},
                             {"last_error", status.last_error}});
  }
  board_->SetLink(broker_uid, std::move(status));
}

// The stream and the process end in either order; what the worker said last is
// in the stream, so a slot is free only when both have.
void Supervisor::Detached(int64_t worker_id) {
  auto* found = Find(worker_id);
  if (found == nullptr) return;
  Worker& worker = *found->second.worker;
  worker.channel = nullptr;
  if (worker.exited) return Ended(found->first, found->second);
  // Without its stream it is of no use, and should be on its way out.
  loop_->PostAfter(kExitGrace, [this, pid = worker.pid, worker_id] {
    if (Find(worker_id) != nullptr) processes_.Kill(pid, SIGKILL);
  });
}

void Supervisor::Exited(int64_t worker_id, const std::string& how) {
  auto* found = Find(worker_id);
  if (found == nullptr) return;
  Worker& worker = *found->second.worker;
  worker.exited = true;
  worker.how_it_ended = how;
  link_server_.RemoveWorker(worker_id);
  if (worker.channel == nullptr) Ended(found->first, found->second);
}

void Supervisor::Ended(int64_t broker_uid, Slot& slot) {
  std::unique_ptr<Worker> worker = std::move(slot.worker);
  broker_by_worker_.erase(worker->id);
  const std::string how = worker->how_it_ended;
  Log::Info(
      "worker_ended",
      {{"broker", NameOf(broker_uid)}, {"pid", worker->pid}, {"how", how}});
  dispatcher_->OnDetached(
      broker_uid, absl::StrCat("the worker process ended (", how,
                               ") before the broker's answer; the message "
                               "may have been sent"));
  if (wanted(broker_uid) && !worker->draining) {
    RestartLater(broker_uid, slot, clock_->Now() - worker->start_time,
                 absl::StrCat("the worker process ended: ", how));
  } else {
    Fit(broker_uid);
  }
  CheckStopped();
}

void Supervisor::RestartLater(int64_t broker_uid, Slot& slot,
                              absl::Duration lifetime, const std::string& why) {
  const absl::Duration delay = slot.backoff.Next(lifetime);
  const absl::Time now = clock_->Now();
  board_->SetLink(broker_uid, {.state = LinkState::kBackingOff,
                               .since = now,
                               .last_error = why,
                               .next_connect_time = now + delay});
  Log::Warning("worker_restarts", {{"broker", NameOf(broker_uid)},
                                   {"why", why},
                                   {"delay", absl::FormatDuration(delay)}});
  slot.restart_waiting = true;
  slot.restart_timer = loop_->PostAfter(delay, [this, broker_uid] {
    auto found = slots_.find(broker_uid);
    if (found == slots_.end()) return;
    found->second.restart_waiting = false;
    Fit(broker_uid);
  });
}

std::pair<const int64_t, Supervisor::Slot>* Supervisor::Find(
    int64_t worker_id) {
  auto broker = broker_by_worker_.find(worker_id);
  if (broker == broker_by_worker_.end()) return nullptr;
  return &*slots_.find(broker->second);
}

std::string Supervisor::NameOf(int64_t broker_uid) const {
  const BrokerRecord* broker = snapshot_->FindBroker(broker_uid);
  if (broker == nullptr) return absl::StrCat("uid ", broker_uid);
  return absl::StrCat("tenants/", snapshot_->FindTenant(broker->tenant_uid)->id,
                      "/brokers/", broker->id);
}

void Supervisor::CheckStopped() {
  if (!stopping_ || !stopped_) return;
  for (const auto& [uid, slot] : slots_) {
    if (slot.worker != nullptr) return;
  }
  std::exchange(stopped_, nullptr)();
}

}  // namespace mqttpush
