#include "services/history/replay_runner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "common/status_macros.h"
#include "common/steady_time.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kTellInterval = absl::Seconds(1);

}  // namespace

ReplayRunner::ReplayRunner(ReplayParts parts, LiveStreams* watchers)
    : parts_(std::move(parts)), watchers_(watchers) {}

ReplayRunner::~ReplayRunner() { Stop(); }

absl::Status ReplayRunner::Start() {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<ReplayRecord> running,
                            parts_.store->ListRunning());
  for (const ReplayRecord& replay : running) Add(replay);
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

// One that began while the service started may be here already.
void ReplayRunner::Add(const ReplayRecord& replay) {
  MutexLock lock(&mutex_);
  turns_.try_emplace(replay.uid,
                     Turn{.run = std::make_shared<ReplayRun>(&parts_, replay),
                          .due = SteadyNow()});
  changed_.Signal();
}

void ReplayRunner::Forget(int64_t uid) {
  MutexLock lock(&mutex_);
  turns_.erase(uid);
}

void ReplayRunner::BeginStop() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  changed_.Signal();
}

void ReplayRunner::Stop() {
  BeginStop();
  if (thread_.joinable()) thread_.join();
}

void ReplayRunner::Run() {
  while (const std::shared_ptr<ReplayRun> run = WaitForTurn()) {
    const absl::Duration start = SteadyNow();
    EndTurn(run->record().uid, start, run->Step());
  }
}

std::shared_ptr<ReplayRun> ReplayRunner::WaitForTurn() {
  MutexLock lock(&mutex_);
  while (!stopping_) {
    const auto next = NextTurn();
    if (next == turns_.end()) {
      changed_.Wait(&mutex_);
      continue;
    }
    const absl::Duration wait = next->second.due - SteadyNow();
    if (wait <= absl::ZeroDuration()) return next->second.run;
    changed_.WaitFor(&mutex_, wait);
  }
  return nullptr;
}

std::map<int64_t, ReplayRunner::Turn>::iterator ReplayRunner::NextTurn() {
  return absl::c_min_element(turns_, [](const auto& a, const auto& b) {
    return a.second.due < b.second.due;
  });
}

void ReplayRunner::EndTurn(int64_t uid, absl::Duration start,
                           ReplayRun::Next next) {
  bool tell = next.ended;
  {
    MutexLock lock(&mutex_);
    const auto turn = turns_.find(uid);
    if (turn == turns_.end()) return;  // forgotten
    turn->second.due = start + next.wait;
    // One that waits long would be told of late.
    if (start - turn->second.told >= kTellInterval ||
        next.wait >= kTellInterval) {
      turn->second.told = start;
      tell = true;
    }
    if (next.ended) turns_.erase(turn);
  }
  if (tell) watchers_->Wake({uid});
}

}  // namespace mqttpush
