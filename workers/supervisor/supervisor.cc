#include "workers/supervisor/supervisor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/steady_time.h"
#include "workers/supervisor/worker_end.h"

namespace mqttpush {
namespace {

// From the end of a worker's stream to its own.
constexpr absl::Duration kExitGrace = absl::Seconds(2);
// At the service's start all workers start at once and share the machine.
constexpr absl::Duration kAttachShare = absl::Milliseconds(100);

// Why workers are killed.
constexpr char kNotWanted[] = "it is not wanted any more";
constexpr char kStreamEnded[] = "it gave up its link to the service";

}  // namespace

Supervisor::Supervisor(Dispatcher* dispatcher, EventLoop* loop,
                       const Clock* clock, StatusBoard* board,
                       SupervisorOptions options)
    : dispatcher_(dispatcher),
      loop_(loop),
      clock_(clock),
      options_(std::move(options)),
      session_files_(options_.sessions_path),
      snapshot_(std::make_shared<ConfigSnapshot>()),
      links_(board, clock, [this](int64_t uid) { return NameOf(uid); }),
      permits_(loop, options_.connect_rate,
               [this](int64_t worker_id) { GiveLeave(worker_id); }),
      processes_(
          loop, options_.worker_path, options_.data_path,
          options_.sessions_path,
          {.attached =
               [this](int64_t worker_id,
                      std::shared_ptr<WorkerChannel> channel) {
                 Attached(worker_id, std::move(channel));
               },
           .message =
               [this](int64_t worker_id,
                      const worker::v1::WorkerMessage& message) {
                 TakeMessage(worker_id, message);
               },
           .detached = [this](int64_t worker_id) { Detached(worker_id); },
           .exited =
               [this](int64_t worker_id, int wait_status) {
                 Exited(worker_id, wait_status);
               }}) {}

void Supervisor::OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  if (!std::exchange(began_, true)) {
    Watch();
    session_files_.RemoveExcept(
        [this](int64_t uid) { return snapshot_->FindBroker(uid) != nullptr; });
  }
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
    return links_.ShowPaused(broker_uid);
  }
  links_.Remove(broker_uid);
  session_files_.Remove(broker_uid);
  slots_.erase(broker_uid);
}

void Supervisor::Start(int64_t broker_uid, Slot& slot) {
  auto worker = std::make_unique<Worker>();
  worker->id = next_worker_id_++;
  worker->start = SteadyNow();
  links_.ShowStarted(broker_uid);
  // Nobody has it open, and a later session must not begin with it.
  if (!NeedsSession(*snapshot_, broker_uid)) session_files_.Remove(broker_uid);
  absl::StatusOr<pid_t> pid = processes_.Start(worker->id);
  if (!pid.ok()) {
    RestartLater(broker_uid, slot, absl::ZeroDuration(), LinkState::kBackingOff,
                 pid.status().message());
    return;
  }
  worker->pid = *pid;
  KillAfter(options_.attach_timeout + slots_.size() * kAttachShare, worker->id,
            absl::StrCat("it did not attach within ",
                         absl::FormatDuration(options_.attach_timeout)),
            [](const Worker& worker) { return !worker.attached; });
  Log::Info("worker_started",
            {{"broker", NameOf(broker_uid)}, {"pid", worker->pid}});
  broker_by_worker_[worker->id] = broker_uid;
  slot.worker = std::move(worker);
}

void Supervisor::Kill(Worker& worker, absl::string_view why) {
  if (worker.killed_because.empty()) worker.killed_because = std::string(why);
  processes_.Kill(worker.pid);
}

void Supervisor::KillAfter(absl::Duration delay, int64_t worker_id,
                           const std::string& why,
                           bool (*still_due)(const Worker&)) {
  loop_->PostAfter(delay, [this, worker_id, why, still_due] {
    auto* found = Find(worker_id);
    if (found == nullptr || !still_due(*found->second.worker)) return;
    Kill(*found->second.worker, why);
  });
}

void Supervisor::Configure(int64_t broker_uid, Worker& worker) {
  const BrokerRecord* broker = snapshot_->FindBroker(broker_uid);
  if (worker.channel == nullptr || worker.draining) return;
  const bool session = NeedsSession(*snapshot_, broker_uid);
  std::vector<std::string> networks =
      options_.allowed_networks(snapshot_->FindTenant(broker->tenant_uid)->id);
  if (worker.broker_revision == broker->revision && worker.session == session &&
      worker.allowed_networks == networks) {
    return;
  }
  worker.broker_revision = broker->revision;
  worker.session = session;
  worker.allowed_networks = std::move(networks);
  worker.channel->Send(
      MakeConfigure(*broker, options_.link, worker.allowed_networks,
                    session ? session_files_.PathOf(broker_uid) : ""));
  // What it asked for was a call to where it may not go any more.
  for (int asked = permits_.Withdraw(worker.id); asked > 0; --asked) {
    AskLeave(broker_uid, worker, 1);
  }
}

void Supervisor::AskLeave(int64_t broker_uid, const Worker& worker,
                          int connections) {
  const BrokerRecord* broker = snapshot_->FindBroker(broker_uid);
  if (broker == nullptr || worker.draining) return;
  permits_.Ask(worker.id, broker->host, broker->port, connections);
}

void Supervisor::GiveLeave(int64_t worker_id) {
  worker::v1::ControlMessage message;
  message.mutable_connect_permit();
  Find(worker_id)->second.worker->channel->Send(std::move(message));
}

// One that is draining, or was killed, is given its time by KillAfter.
void Supervisor::Watch() {
  for (auto& [uid, slot] : slots_) {
    Worker* worker = slot.worker.get();
    if (worker == nullptr || worker->channel == nullptr || worker->draining ||
        !worker->killed_because.empty()) {
      continue;
    }
    if (!worker->answers.OnTick()) {
      Hung(uid, *worker);
      continue;
    }
    Configure(uid, *worker);  // where it may connect may have changed
    worker::v1::ControlMessage message;
    message.mutable_ping();
    worker->channel->Send(std::move(message));
  }
  loop_->PostAfter(options_.answer_timeout / AnswerWatch::kPatience,
                   [this] { Watch(); });
}

void Supervisor::Hung(int64_t broker_uid, Worker& worker) {
  const std::string why =
      absl::StrCat("it has not answered for ",
                   absl::FormatDuration(options_.answer_timeout));
  Log::Error(
      "worker_hung",
      {{"broker", NameOf(broker_uid)}, {"pid", worker.pid}, {"why", why}});
  worker.hung = true;
  links_.ShowDown(broker_uid, LinkState::kStalled,
                  absl::StrCat("the worker process hangs: ", why));
  Kill(worker, why);
}

void Supervisor::Drain(int64_t broker_uid, Worker& worker) {
  if (std::exchange(worker.draining, true)) return;
  permits_.Withdraw(worker.id);
  if (worker.channel == nullptr) return Kill(worker, kNotWanted);
  dispatcher_->OnDraining(broker_uid);
  worker::v1::ControlMessage message;
  message.mutable_drain();
  worker.channel->Send(std::move(message));
  KillAfter(options_.drain_timeout, worker.id,
            absl::StrCat("it did not finish within ",
                         absl::FormatDuration(options_.drain_timeout)));
}

void Supervisor::Attached(int64_t worker_id,
                          std::shared_ptr<WorkerChannel> channel) {
  auto* found = Find(worker_id);
  if (found == nullptr) return;
  Worker& worker = *found->second.worker;
  worker.attached = true;
  worker.channel = channel;
  dispatcher_->OnAttached(found->first, std::move(channel));
  if (worker.draining) {
    Kill(worker, kNotWanted);
  } else {
    Configure(found->first, worker);
  }
}

void Supervisor::TakeMessage(int64_t worker_id,
                             const worker::v1::WorkerMessage& message) {
  auto* found = Find(worker_id);
  if (found == nullptr) return;
  const int64_t broker_uid = found->first;
  found->second.worker->answers.OnHeard();
  switch (message.message_case()) {
    case worker::v1::WorkerMessage::kLinkStatus:
      return TakeLinkStatus(broker_uid, message.link_status());
    case worker::v1::WorkerMessage::kCredit:
      return dispatcher_->OnCredit(broker_uid, message.credit());
    case worker::v1::WorkerMessage::kResults:
      return dispatcher_->OnResults(broker_uid, message.results());
    case worker::v1::WorkerMessage::kSessionReport:
      return dispatcher_->OnSessionReport(broker_uid, message.session_report());
    case worker::v1::WorkerMessage::kConnectRequest:
      return AskLeave(broker_uid, *found->second.worker,
                      message.connect_request().probes_first() ? 2 : 1);
    default:
      return;
  }
}

void Supervisor::TakeLinkStatus(int64_t broker_uid,
                                const worker::v1::LinkStatus& status) {
  links_.Show(broker_uid, ToLinkStatus(status));
  if (status.has_limits()) dispatcher_->OnLimits(broker_uid, status.limits());
}

// What the worker said last is in the stream, so a slot is free only when both
// have ended.
void Supervisor::Detached(int64_t worker_id) {
  auto* found = Find(worker_id);
  if (found == nullptr) return;
  Worker& worker = *found->second.worker;
  worker.channel = nullptr;
  permits_.Withdraw(worker_id);
  if (worker.exited) return Ended(found->first, found->second);
  // Without its stream it is of no use, and should be on its way out. Nobody
  // knows any more how its connection is.
  if (!worker.draining && worker.killed_because.empty()) {
    links_.ShowDown(found->first, LinkState::kBackingOff, kStreamEnded);
  }
  KillAfter(kExitGrace, worker_id, kStreamEnded);
}

void Supervisor::Exited(int64_t worker_id, int wait_status) {
  auto* found = Find(worker_id);
  if (found == nullptr) return;
  Worker& worker = *found->second.worker;
  worker.exited = true;
  worker.how_it_ended = DescribeWorkerEnd(wait_status, worker.killed_because);
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
    RestartLater(broker_uid, slot, SteadyNow() - worker->start,
                 worker->hung ? LinkState::kStalled : LinkState::kBackingOff,
                 absl::StrCat("the worker process ended: ", how));
  } else {
    Fit(broker_uid);
  }
  CheckStopped();
}

void Supervisor::RestartLater(int64_t broker_uid, Slot& slot,
                              absl::Duration lifetime, LinkState state,
                              absl::string_view why) {
  const absl::Duration delay = slot.backoff.Next(lifetime);
  links_.ShowDown(broker_uid, state,
                  DescribeRestart(why, slot.backoff.in_row()),
                  clock_->Now() + delay);
  Log::Warning("worker_restarts", {{"broker", NameOf(broker_uid)},
                                   {"why", why},
                                   {"in_row", slot.backoff.in_row()},
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
