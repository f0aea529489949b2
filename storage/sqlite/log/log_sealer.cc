#include "storage/sqlite/log/log_sealer.h"

#include <malloc.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "common/logging.h"
#include "common/status_macros.h"
#include "common/steady_time.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/group_filter_file.h"
#include "storage/sqlite/log/segment_group.h"
#include "storage/sqlite/log/segment_sealing.h"

namespace mqttpush {
namespace {

absl::Duration ThreadCpuTime() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

bool IsOf(const Segment& segment, const SegmentGroup& group) {
  return GroupNumber(segment.number) ==
         GroupNumber(group.segments.back()->number);
}

}  // namespace

LogSealer::LogSealer(SegmentStore* store) : store_(store) {
  const auto segments = store->list().Get();
  for (const SegmentPtr& segment : *segments) {
    if (!segment->sealed() && segment != segments->back()) {
      Seal(segment, nullptr);
    }
  }
  for (const SegmentGroup& group : GroupsToComplete(*segments)) {
    Seal(group.segments.back(), nullptr);
  }
  thread_ = std::thread([this] { Run(); });
}

LogSealer::~LogSealer() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void LogSealer::Seal(SegmentPtr segment, std::unique_ptr<Database> db) {
  MutexLock lock(&mutex_);
  tasks_.push_back({std::move(segment), std::move(db)});
  changed_.SignalAll();
}

void LogSealer::Remove(SegmentPtr segment) {
  MutexLock lock(&mutex_);
  const auto first_to_seal =
      std::find_if(tasks_.begin(), tasks_.end(),
                   [](const Task& task) { return !task.remove; });
  tasks_.insert(first_to_seal, {std::move(segment), nullptr, true});
  changed_.SignalAll();
}

void LogSealer::NoteCost(const Cost& cost) {
  MutexLock lock(&mutex_);
  cost_.segments += cost.segments;
  cost_.rows += cost.rows;
  cost_.index_bytes += cost.index_bytes;
  cost_.wall += cost.wall;
  cost_.cpu += cost.cpu;
}

LogSealer::Cost LogSealer::cost() const {
  MutexLock lock(&mutex_);
  return cost_;
}

bool LogSealer::busy() const {
  MutexLock lock(&mutex_);
  return busy_;
}

void LogSealer::WaitUntilIdle() {
  MutexLock lock(&mutex_);
  while (busy_ || !tasks_.empty()) changed_.Wait(&mutex_);
}

void LogSealer::Run() {
  // The writer and the readers go first.
  constexpr int kNice = 10;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  while (true) {
    Task task;
    {
      MutexLock lock(&mutex_);
      busy_ = false;
      changed_.SignalAll();
      while (tasks_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (stopping_) return;
      busy_ = true;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    if (task.remove) {
      RemoveOne(*task.segment);
      continue;
    }
    const absl::Status status = SealOne(task);
    if (absl::IsDataLoss(status)) store_->SetAside(*task.segment, status);
    if (status.ok() || absl::IsDataLoss(status)) {
      CompleteGroupOf(*task.segment);
      task = {};
      malloc_trim(0);  // the index was a good part of the heap
      continue;
    }
    Log::Warning("segment_not_sealed", {{"segment", task.segment->number},
                                        {"error", status.message()}});
    MutexLock lock(&mutex_);
    tasks_.push_back({std::move(task.segment), nullptr});
    if (!stopping_) changed_.WaitFor(&mutex_, kRetryAfter);
  }
}

void LogSealer::RemoveOne(const Segment& segment) {
  const absl::Status removed = store_->Remove(segment);
  if (!removed.ok()) {
    Log::Warning("segment_not_removed", {{"error", removed.message()}});
    return;
  }
  Log::Info("segment_dropped",
            {{"segment", segment.number},
             {"last_event_seq", segment.summary.last_event_seq},
             {"bytes", segment.bytes}});
}

// A seal that stops half-way takes room from what must be written.
absl::Status LogSealer::CheckRoom(const Segment& segment) {
  std::error_code error;
  const std::filesystem::space_info space =
      std::filesystem::space(store_->directory(), error);
  const uint64_t needed = kLeastRoom + FileSize(segment.path) / 4;
  if (error || space.available >= needed) return absl::OkStatus();
  return absl::UnavailableError("there is too little room on the disk");
}

absl::Status LogSealer::SealOne(Task& task) {
  if (task.segment->sealed()) return absl::OkStatus();
  // Set aside meanwhile. That may also come later: a file that is gone by then
  // must not be made anew.
  if (!store_->list().Has(task.segment->number)) return absl::OkStatus();
  MQTTPUSH_RETURN_IF_ERROR(CheckRoom(*task.segment));
  if (task.db == nullptr) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        Database db,
        Database::Open(task.segment->path, Database::Mode::kExisting));
    task.db = std::make_unique<Database>(std::move(db));
  }
  const absl::Duration start = SteadyNow();
  const absl::Duration cpu_start = ThreadCpuTime();
  // Brings what is in the WAL into the file, so that its growth is the index.
  MQTTPUSH_RETURN_IF_ERROR(task.db->Checkpoint());
  const int64_t bytes = FileSize(task.segment->path);
  absl::StatusOr<SegmentPtr> sealed =
      SealSegment(*task.segment, std::move(*task.db));
  task.db = nullptr;
  MQTTPUSH_RETURN_IF_ERROR(sealed.status());
  store_->list().Replace(*sealed);
  store_->readers().Retire(task.segment->number, /*sealed=*/false);
  NoteCost({.segments = 1,
            .rows = task.segment->memory->row_count(),
            .index_bytes = (*sealed)->bytes - bytes,
            .wall = SteadyNow() - start,
            .cpu = ThreadCpuTime() - cpu_start});
  return absl::OkStatus();
}

// Without its filters all its segments are looked into, which is slower only.
void LogSealer::CompleteGroupOf(const Segment& segment) {
  const SegmentGroup group = GroupOf(*store_->list().Get(), segment.number);
  if (!group.complete) return;
  absl::Status made = MakeFilterOf(group);
  made.Update(MakeFilterFileOf(group));
  if (made.ok()) return;
  Log::Warning("group_filter_not_made",
               {{"segment", segment.number}, {"error", made.message()}});
}

absl::Status LogSealer::MakeFilterOf(const SegmentGroup& group) {
  if (!LacksFilter(group)) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(const auto filter,
                            MakeGroupFilter(group, store_->readers()));
  store_->list().Change(
      [&](const Segment& one) {
        return IsOf(one, group) && InGroupFilter(one);
      },
      [&](Segment& one) { one.group_filter = filter; });
  return absl::OkStatus();
}

absl::Status LogSealer::MakeFilterFileOf(const SegmentGroup& group) {
  if (!LacksFile(group)) return absl::OkStatus();
  const Segment& last = *group.segments.back();
  MQTTPUSH_RETURN_IF_ERROR(CheckRoom(last));
  MQTTPUSH_ASSIGN_OR_RETURN(
      const auto file,
      GroupFilterFile::Make(store_->GroupFilePathOf(last.number), group));
  store_->list().Change([&](const Segment& one) { return IsOf(one, group); },
                        [&](Segment& one) { one.group_file = file; });
  return absl::OkStatus();
}

}  // namespace mqttpush
