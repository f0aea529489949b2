#include "storage/sqlite/log/log_writer.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {
namespace {

// More would only make the first of a group wait for the last.
constexpr size_t kMaxEventsPerGroup = 5000;
constexpr size_t kMaxBytesPerGroup = 8 << 20;

// How often is looked for segments to drop.
constexpr absl::Duration kRetentionInterval = absl::Minutes(1);

// What may wait for a disk that is slow or hangs; then producers are told.
constexpr size_t kMaxQueuedBytes = 64 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Start(
    SegmentStore* store, LogSealer* sealer, const LogOptions& options,
    const Clock* clock) {
  std::unique_ptr<LogWriter> writer(
      new LogWriter(store, sealer, options, clock));
  MQTTPUSH_RETURN_IF_ERROR(writer->OpenNewest());
  writer->thread_ = std::thread([raw = writer.get()] { raw->Run(); });
  return writer;
}

LogWriter::LogWriter(SegmentStore* store, LogSealer* sealer,
                     const LogOptions& options, const Clock* clock)
    : store_(store),
      sealer_(sealer),
      options_(options),
      clock_(clock),
      stamps_(clock, store->position_at_open().last_recorded_ticks) {
  const SegmentStore::WritePosition& position = store->position_at_open();
  next_segment_number_ = position.next_segment_number;
  next_ = {position.next_event_seq, position.next_attempt_seq};
  last_accept_time_ = position.last_accept_time;
  dropped_ = position.dropped;
}

LogWriter::~LogWriter() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

// Goes on with the newest segment, unless what was after it is lost: then rows
// do not follow its last ones.
absl::Status LogWriter::OpenNewest() {
  const auto segments = store_->list().Get();
  if (segments->empty()) return BeginSegment();
  const SegmentPtr& newest = segments->back();
  const SegmentSummary bounds = newest->Bounds();
  if (newest->sealed() || bounds.last_event_seq + 1 != next_.event) {
    MQTTPUSH_RETURN_IF_ERROR(BeginSegment());
    if (!newest->sealed()) sealer_->Seal(newest, nullptr);
    return absl::OkStatus();
  }
  MQTTPUSH_ASSIGN_OR_RETURN(writer_, SegmentWriter::Resume(newest->path));
  newest_ = newest;
  return absl::OkStatus();
}

bool LogWriter::NewestIsFull() const {
  return damaged_ || newest_->memory->row_count() >= options_.segment_rows ||
         clock_->Now() - newest_->create_time >= options_.segment_age;
}

absl::Status LogWriter::BeginSegment() {
  auto segment = std::make_shared<Segment>();
  segment->number = next_segment_number_;
  segment->path = store_->PathOf(segment->number);
  segment->first_event_seq = next_.event;
  segment->first_attempt_seq = next_.attempt;
  segment->create_time = clock_->Now();
  segment->memory = std::make_shared<MemoryIndex>(segment->first_event_seq,
                                                  segment->first_attempt_seq);
  const SegmentBeginning beginning = {
      .first_event_seq = segment->first_event_seq,
      .first_attempt_seq = segment->first_attempt_seq,
      .create_time = segment->create_time,
      .last_accept_time = last_accept_time_,
      .last_recorded_ticks = stamps_.last(),
      .subscriptions = store_->states().All(),
      .dropped = dropped_};
  MQTTPUSH_ASSIGN_OR_RETURN(std::unique_ptr<SegmentWriter> writer,
                            SegmentWriter::Create(segment->path, beginning));
  IndexedRows carried;
  for (const SubscriptionRecovery& recovery : beginning.subscriptions) {
    for (const DeliveryException& exception : recovery.exceptions) {
      carried.exceptions.push_back({.tenant_uid = recovery.state.tenant_uid,
                                    .event_seq = exception.event_seq,
                                    .subscription_uid = recovery.state.uid,
                                    .carried = true});
    }
  }
  segment->memory->Add(carried);
  std::swap(writer_, writer);
  const SegmentPtr full = std::exchange(newest_, segment);
  ++next_segment_number_;
  damaged_ = false;
  store_->list().Append(segment);
  if (full != nullptr) {
    sealer_->Seal(
        full, std::make_unique<Database>(std::move(*writer).TakeDatabase()));
  }
  return absl::OkStatus();
}

void LogWriter::ApplyRetention() {
  const absl::Time now = clock_->Now();
  if (now < next_retention_) return;
  next_retention_ = now + kRetentionInterval;
  const auto segments = store_->list().Get();
  ForgetFilters(*segments, now);
  const RetentionDecision decision = DecideRetention(*segments, now);
  if (decision.held != std::exchange(held_by_undelivered_, decision.held) &&
      decision.held > 0) {
    Log::Warning("retention_held", {{"segments", decision.held},
                                    {"reason", "undelivered events"}});
  }
  std::vector<SegmentPtr> drop;
  for (size_t position : decision.drop) {
    const SegmentPtr& segment = (*segments)[position];
    // What is held now is looked at again the next time.
    if (store_->holds().BeginDropping(
            {segment->first_event_seq, segment->summary.last_event_seq})) {
      drop.push_back(segment);
    }
  }
  if (drop.empty()) return;
  const absl::Status dropped = Drop(drop);
  store_->holds().EndDropping();
  if (!dropped.ok()) {
    Log::Warning("segments_not_dropped", {{"error", dropped.message()}});
  }
}

RetentionDecision LogWriter::DecideRetention(const Segments& segments,
                                             absl::Time now) {
  std::vector<RetentionCandidate> candidates;
  for (const SegmentPtr& segment : segments) {
    const SegmentSummary bounds = segment->Bounds();
    const int64_t last_us =
        std::max(bounds.accept_times_us.last, bounds.start_times_us.last);
    candidates.push_back(
        {.bytes = segment->sealed() ? segment->bytes : FileSize(segment->path),
         .last_time =
             std::max(segment->create_time, absl::FromUnixMicros(last_us)),
         .sealed = segment->sealed()});
  }
  // Most of the time nothing is due, and nobody asks.
  std::optional<std::vector<UndeliveredEvents>> undelivered;
  const auto holds_undelivered = [&](size_t position) {
    if (!undelivered) undelivered = FindUndelivered(store_->states().All());
    const Segment& segment = *segments[position];
    return HoldsUndelivered(segment, *undelivered,
                            [&](int64_t uid, int64_t after_seq) {
                              return TookEventAfter(segment, uid, after_seq);
                            });
  };
  return mqttpush::DecideRetention(candidates, now, options_,
                                   holds_undelivered);
}

// True where that cannot be read.
bool LogWriter::TookEventAfter(const Segment& segment, int64_t subscription_uid,
                               int64_t after_seq) {
  const auto found = ReadSession(store_).After(
      segment, Dimension::kEventsOfSubscription, subscription_uid,
      {after_seq, kLastPosting.row}, 1);
  return !found.ok() || !found->empty();
}

// Only duplicates make a filter worth its memory, and only within their window.
void LogWriter::ForgetFilters(const Segments& segments, absl::Time now) {
  const absl::Time since = now - options_.dedupe_window;
  const auto outlived = [&](const Segment& segment) {
    return segment.filter != nullptr && !segment.AcceptedSince(since);
  };
  if (absl::c_none_of(segments, [&](const SegmentPtr& segment) {
        return outlived(*segment);
      })) {
    return;
  }
  store_->list().Change(outlived, [](Segment& old) {
    old.filter = nullptr;
    old.group_filter = nullptr;
  });
}

// What they held is noted first: a file that a crash leaves, or that cannot be
// removed now, is removed when the log is opened. Removing one takes tens of
// milliseconds, which no event is to wait for: the sealer does it.
absl::Status LogWriter::Drop(const std::vector<SegmentPtr>& segments) {
  DroppedSegments dropped = dropped_;
  // Of others than those between the segments nobody asks any more.
  std::erase_if(dropped.numbers, [&](int64_t number) {
    return number < store_->list().Get()->front()->number &&
           FileSize(store_->PathOf(number)) == 0;
  });
  for (const SegmentPtr& segment : segments) {
    if (absl::c_linear_search(dropped.numbers, segment->number)) continue;
    dropped.numbers.push_back(segment->number);
    for (const auto& [uid, tally] : segment->summary.tallies) {
      dropped.tallies[uid].AddCounts(tally);
    }
  }
  MQTTPUSH_RETURN_IF_ERROR(writer_->Begin());
  MQTTPUSH_RETURN_IF_ERROR(writer_->WriteDropped(dropped));
  MQTTPUSH_RETURN_IF_ERROR(writer_->Commit());
  dropped_ = std::move(dropped);
  for (const SegmentPtr& segment : segments) {
    store_->list().Drop(segment->number);
    sealer_->Remove(segment);
  }
  return absl::OkStatus();
}

void LogWriter::SetAppendListener(EventLog::AppendListener listener) {
  listener_ = std::move(listener);
}

void LogWriter::SetAttemptListener(AttemptListener listener) {
  attempt_listener_ = std::move(listener);
}

void LogWriter::Append(std::vector<NewEvent> events,
                       EventLog::AppendDone done) {
  AppendCommand command = {std::move(events), std::move(done)};
  for (const NewEvent& event : command.events) {
    command.bytes += event.payload.size();
  }
  if (!AdmitToQueue(command.bytes)) {
    // At once: the thread that writes may be waiting for the disk.
    return command.done(absl::ResourceExhaustedError(
        "the log is behind: the disk is slow; try again later"));
  }
  Enqueue(std::move(command));
}

bool LogWriter::AdmitToQueue(size_t bytes) {
  MutexLock lock(&mutex_);
  if (queued_bytes_ + bytes > kMaxQueuedBytes) return false;
  queued_bytes_ += bytes;
  return true;
}

void LogWriter::Commit(std::vector<DeliveryUpdate> updates,
                       EventLog::CommitDone done) {
  Enqueue(CommitCommand{std::move(updates), std::move(done)});
}

void LogWriter::Enqueue(Command command) {
  MutexLock lock(&mutex_);
  queue_.push_back(std::move(command));
  if (queue_.size() == 1) changed_.Signal();
}

void LogWriter::Run() {
  while (true) {
    ApplyRetention();
    std::optional<std::vector<Command>> group = TakeGroup();
    if (!group.has_value()) return;
    if (group->empty()) continue;
    WriteAndFinish(*group);
  }
}

void LogWriter::WriteAndFinish(std::vector<Command>& commands) {
  absl::Status status = WriteGroup(commands);
  if (!status.ok()) {
    Log::Error("log_commit_failed", {{"error", status.message()}});
    status = absl::UnavailableError(
        absl::StrCat("the log cannot be written: ", status.message()));
    // How messages ended needs less room than new events do, and must not wait
    // for them.
    std::vector<Command> commits = TakeCommits(commands);
    Finish(commands, status);
    if (commands.empty()) return Finish(commits, status);
    if (!commits.empty()) WriteAndFinish(commits);
    return;
  }
  Finish(commands, status);
}

// Leaves the appends.
std::vector<LogWriter::Command> LogWriter::TakeCommits(
    std::vector<Command>& commands) {
  const auto commits = std::stable_partition(
      commands.begin(), commands.end(), [](const Command& command) {
        return std::holds_alternative<AppendCommand>(command);
      });
  std::vector<Command> taken(std::make_move_iterator(commits),
                             std::make_move_iterator(commands.end()));
  commands.erase(commits, commands.end());
  return taken;
}

std::optional<std::vector<LogWriter::Command>> LogWriter::TakeGroup() {
  MutexLock lock(&mutex_);
  if (queue_.empty() && !stopping_) {
    changed_.WaitFor(&mutex_, kRetentionInterval);
  }
  if (queue_.empty() && stopping_) return std::nullopt;
  size_t events = 0;
  size_t bytes = 0;
  auto end = queue_.begin();
  while (end != queue_.end() && events < kMaxEventsPerGroup &&
         bytes < kMaxBytesPerGroup) {
    if (auto* append = std::get_if<AppendCommand>(&*end)) {
      events += append->events.size();
      bytes += append->bytes;
    }
    ++end;
  }
  queued_bytes_ -= bytes;
  std::vector<Command> group(std::make_move_iterator(queue_.begin()),
                             std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return group;
}

absl::Status LogWriter::WriteGroup(std::vector<Command>& commands) {
  if (NewestIsFull()) {
    const absl::Status begun = BeginSegment();
    // The newest one can be written on, if need be beyond its size.
    if (!begun.ok() && damaged_) return begun;
    if (!begun.ok()) {
      Log::Warning("segment_not_begun", {{"error", begun.message()}});
    }
  }
  const absl::Time accept_time = NextAcceptTime();
  stamps_.BeginCommit();
  LogCommit commit(store_, writer_.get(), &stamps_, accept_time,
                   accept_time - options_.dedupe_window, next_);
  const absl::Status written = WriteRows(commands, commit);
  if (!written.ok()) {
    writer_->Rollback();
    stamps_.EndCommit();
    damaged_ = absl::IsDataLoss(written);
    return written;
  }
  next_ = commit.next();
  for (const auto& [uid, tally] : commit.taken_back()) {
    dropped_.tallies[uid].AddCounts(tally);
  }
  TakeIntoMemory(commands, commit);
  stamps_.EndCommit();
  TellListeners(commit);
  return absl::OkStatus();
}

// Dispatch starts on the events while their producers are being answered.
void LogWriter::TellListeners(const LogCommit& commit) {
  std::vector<int64_t> accepting = commit.AcceptingUids();
  if (!accepting.empty() && listener_) listener_(std::move(accepting));
  std::vector<int64_t> attempted = commit.AttemptedTenants();
  if (!attempted.empty() && attempt_listener_) {
    attempt_listener_(std::move(attempted));
  }
}

absl::Status LogWriter::WriteRows(std::vector<Command>& commands,
                                  LogCommit& commit) {
  MQTTPUSH_RETURN_IF_ERROR(writer_->Begin());
  for (Command& command : commands) {
    if (auto* append = std::get_if<AppendCommand>(&command)) {
      MQTTPUSH_ASSIGN_OR_RETURN(append->outcomes, commit.Write(append->events));
    } else {
      for (const auto& update : std::get<CommitCommand>(command).updates) {
        MQTTPUSH_RETURN_IF_ERROR(commit.Write(update));
      }
    }
  }
  MQTTPUSH_RETURN_IF_ERROR(commit.WriteSums());
  return writer_->Commit();
}

// The index before the states: who reads a cursor finds the attempts that moved
// it.
void LogWriter::TakeIntoMemory(const std::vector<Command>& commands,
                               LogCommit& commit) {
  commit.TakeIntoMemory(*newest_->memory);
  for (const Command& command : commands) {
    const auto* updates = std::get_if<CommitCommand>(&command);
    if (updates == nullptr) continue;
    for (const DeliveryUpdate& update : updates->updates) {
      store_->states().Apply(update);
    }
  }
  commit.TakeOutboxBytes();
}

void LogWriter::Finish(std::vector<Command>& commands,
                       const absl::Status& status) {
  for (Command& command : commands) {
    if (auto* append = std::get_if<AppendCommand>(&command)) {
      if (status.ok()) {
        append->done(std::move(append->outcomes));
      } else {
        append->done(status);
      }
    } else {
      std::get<CommitCommand>(command).done(status);
    }
  }
}

absl::Time LogWriter::NextAcceptTime() {
  last_accept_time_ = std::max(last_accept_time_, clock_->Now());
  return last_accept_time_;
}

}  // namespace mqttpush
