#include "storage/sqlite/log/segment_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/group_filter_file.h"
#include "storage/sqlite/log/outbox_bytes.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/segment_opening.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kSuffix = ".db";
constexpr char kSetAside[] = "set-aside";
// More events than a segment may hold: what was in one that is lost had seqs
// below.
constexpr int64_t kSeqsOfALostSegment = int64_t{1} << 32;

constexpr absl::string_view kGroupFileSuffix = ".filter";

// The numbers in the names of the files in the folder that end like this; none
// when there is no folder.
absl::StatusOr<std::set<int64_t>> ListNumbers(
    const std::string& directory, absl::string_view suffix = kSuffix) {
  std::set<int64_t> numbers;
  std::error_code error;
  std::filesystem::directory_iterator at(directory, error);
  for (; !error && at != std::filesystem::directory_iterator();
       at.increment(error)) {
    const std::string name = at->path().filename();
    int64_t number = 0;
    if (absl::EndsWith(name, suffix) &&
        absl::SimpleAtoi(absl::StripSuffix(name, suffix), &number)) {
      numbers.insert(number);
    }
  }
  if (!error || error == std::errc::no_such_file_or_directory) return numbers;
  return absl::UnavailableError(
      absl::StrCat("cannot read ", directory, ": ", error.message()));
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path));
}

// `folder`/1.db, or 1-2.db and on when there is such a database: what was set
// aside first tells of the damage.
std::string FreeName(const std::string& folder, int64_t number) {
  const std::string stem = absl::StrFormat("%s/%010d", folder, number);
  std::string name = absl::StrCat(stem, kSuffix);
  for (int i = 2; HasAnyFile(name); ++i) {
    name = absl::StrCat(stem, "-", i, kSuffix);
  }
  return name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentStore>> SegmentStore::Open(
    const std::string& directory, absl::Time filters_since) {
  MQTTPUSH_RETURN_IF_ERROR(MakeFolder(directory));
  MQTTPUSH_RETURN_IF_ERROR(SyncDirectoryOf(directory));
  std::unique_ptr<SegmentStore> store(
      new SegmentStore(directory, filters_since));
  MQTTPUSH_RETURN_IF_ERROR(store->OpenSegments());
  return store;
}

std::string SegmentStore::PathOf(int64_t number) const {
  return absl::StrFormat("%s/%010d%s", directory_, number, kSuffix);
}

// By its first segment, which may be missing.
std::string SegmentStore::GroupFilePathOf(int64_t number) const {
  return absl::StrFormat("%s/%010d%s", directory_,
                         GroupNumber(number) * kSegmentsOfGroup,
                         kGroupFileSuffix);
}

absl::Status SegmentStore::OpenGroupFiles() {
  const auto segments = list_.Get();
  if (segments->empty()) return absl::OkStatus();
  std::string path;
  std::shared_ptr<const GroupFilterFile> file;
  const auto is_covered = [&](const Segment& one) {
    if (path != GroupFilePathOf(one.number)) {
      path = GroupFilePathOf(one.number);
      file = GroupFilterFile::Open(path).value_or(nullptr);
    }
    return file != nullptr && file->Covers(one);
  };
  list_.Change(is_covered, [&](Segment& one) { one.group_file = file; });
  MQTTPUSH_ASSIGN_OR_RETURN(const std::set<int64_t> numbers,
                            ListNumbers(directory_, kGroupFileSuffix));
  for (int64_t number : numbers) RemoveGroupFileUnlessUsed(number);
  return absl::OkStatus();
}

void SegmentStore::RemoveGroupFileUnlessUsed(int64_t number) {
  if (!GroupOf(*list_.Get(), number).segments.empty()) return;
  unlink(GroupFilePathOf(number).c_str());
}

absl::Status SegmentStore::OpenSegments() {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::set<int64_t> present,
                            ListNumbers(directory_));
  // What was set aside is lost, whenever that was.
  MQTTPUSH_ASSIGN_OR_RETURN(
      std::set<int64_t> numbers,
      ListNumbers(absl::StrCat(directory_, "/", kSetAside)));
  numbers.insert(present.begin(), present.end());
  for (int64_t number : numbers) {
    if (!list_.Get()->empty()) NoteMissing(number);
    position_.next_segment_number = number;
    if (present.contains(number)) {
      MQTTPUSH_RETURN_IF_ERROR(OpenOne(number, number == *numbers.rbegin()));
    } else {
      PassOverLost();
    }
  }
  if (SuccessorIsLost()) NoteMissing(position_.next_segment_number + 1);
  MQTTPUSH_RETURN_IF_ERROR(ReadNewestStates());
  MQTTPUSH_RETURN_IF_ERROR(RemoveDropped());
  MQTTPUSH_RETURN_IF_ERROR(OpenGroupFiles());
  CountOutboxes();
  return absl::OkStatus();
}

// A quota that counts too little is no reason not to start.
void SegmentStore::CountOutboxes() {
  for (const SubscriptionRecovery& recovery : states_.All()) {
    if (!HasUndelivered(recovery.state)) continue;
    const absl::StatusOr<int64_t> bytes = ReadAgainIfChanged(list_, [&] {
      ReadSession session(this);
      return CountOutboxBytes(recovery, session);
    });
    if (bytes.ok()) {
      states_.AddOutboxBytes(recovery.state.tenant_uid, *bytes);
    } else {
      Log::Warning("outbox_not_counted", {{"subscription", recovery.state.id},
                                          {"error", bytes.status().message()}});
    }
  }
}

// A crash may have come between the commit that dropped them and the removal of
// their files.
absl::Status SegmentStore::RemoveDropped() {
  const auto segments = list_.Get();
  if (segments->empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(position_.dropped, ReadDropped(*segments->back()));
  const std::vector<int64_t>& dropped = position_.dropped.numbers;
  if (!dropped.empty()) list_.Drop(*absl::c_max_element(dropped));
  for (const SegmentPtr& segment : *segments) {
    if (!absl::c_linear_search(dropped, segment->number)) continue;
    const absl::Status removed = Remove(*segment);
    if (removed.ok()) continue;
    Log::Warning("segment_not_removed", {{"error", removed.message()}});
  }
  for (int64_t number : missing_) {
    if (absl::c_linear_search(dropped, number)) continue;
    Log::Error("segment_missing", {{"segment", number}});
  }
  return absl::OkStatus();
}

absl::Status SegmentStore::Remove(const Segment& segment) {
  list_.Remove(segment.number);
  readers_.Retire(segment.number, segment.sealed());
  RemoveGroupFileUnlessUsed(segment.number);
  MQTTPUSH_RETURN_IF_ERROR(RemoveDatabaseFiles(segment.path));
  return SyncDirectoryOf(segment.path);
}

// A segment is sealed only when the next one has begun.
bool SegmentStore::SuccessorIsLost() const {
  const auto segments = list_.Get();
  return !segments->empty() && segments->back()->sealed() &&
         segments->back()->number + 1 == position_.next_segment_number;
}

void SegmentStore::NoteMissing(int64_t number) {
  while (position_.next_segment_number < number) {
    missing_.push_back(position_.next_segment_number);
    PassOverLost();
  }
}

void SegmentStore::PassOverLost() {
  ++position_.next_segment_number;
  position_.next_event_seq += kSeqsOfALostSegment;
  position_.next_attempt_seq += kSeqsOfALostSegment;
}

absl::Status SegmentStore::ReadNewestStates() {
  while (true) {
    const auto segments = list_.Get();
    if (segments->empty()) return absl::OkStatus();
    const Segment& newest = *segments->back();
    const absl::Status damage = CheckAllPages(newest);
    if (damage.ok()) {
      MQTTPUSH_ASSIGN_OR_RETURN(position_.last_recorded_ticks,
                                ReadLastRecordedTicks(newest));
      return ReadStates(newest, states_);
    }
    if (!absl::IsDataLoss(damage)) return damage;
    list_.Remove(newest.number);
    MoveAside(newest.number, newest.path, damage);
  }
}

absl::Status SegmentStore::CheckOrder(const Segment& segment) const {
  const auto segments = list_.Get();
  const SegmentSummary own = segment.Bounds();
  SegmentSummary before;
  if (!segments->empty()) before = segments->back()->Bounds();
  if (segment.first_event_seq > before.last_event_seq &&
      segment.first_attempt_seq > before.last_attempt_seq &&
      own.last_event_seq >= segment.first_event_seq - 1 &&
      own.last_attempt_seq >= segment.first_attempt_seq - 1) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat(segment.path, " says what cannot be of its rows"));
}

absl::Status SegmentStore::OpenOne(int64_t number, bool newest) {
  const std::string path = PathOf(number);
  absl::StatusOr<OpenedSegment> opened =
      OpenSegment(number, path, filters_since_);
  absl::Status status = opened.status();
  if (status.ok()) status = CheckOrder(*opened->segment);
  if (absl::IsNotFound(status)) {
    // Only what a crash left of the last one: see SuccessorIsLost.
    if (newest && !SuccessorIsLost()) return RemoveDatabaseFiles(path);
    status = absl::DataLossError(absl::StrCat(path, " is empty"));
  }
  if (status.ok() && !opened->segment->sealed()) {
    ReadSession session(this);
    status = LoadIndex(*opened->segment, [&](int64_t seq) {
      return session.FindEventFacts(seq);
    });
  }
  if (absl::IsDataLoss(status)) {
    MoveAside(number, path, status);
    PassOverLost();
    return absl::OkStatus();
  }
  MQTTPUSH_RETURN_IF_ERROR(status);
  position_.next_segment_number = number + 1;
  const SegmentSummary bounds = opened->segment->Bounds();
  position_.next_event_seq = bounds.last_event_seq + 1;
  position_.next_attempt_seq = bounds.last_attempt_seq + 1;
  position_.last_accept_time = opened->last_accept_time;
  if (!bounds.accept_times_us.empty()) {
    position_.last_accept_time =
        absl::FromUnixMicros(bounds.accept_times_us.last);
  }
  list_.Append(std::move(opened->segment));
  return absl::OkStatus();
}

void SegmentStore::SetAside(const Segment& segment,
                            const absl::Status& damage) {
  if (list_.Get()->back()->number == segment.number) return;
  if (!list_.Remove(segment.number)) return;
  MoveAside(segment.number, segment.path, damage);
}

void SegmentStore::MoveAside(int64_t number, const std::string& path,
                             const absl::Status& damage) {
  const std::string folder = absl::StrCat(directory_, "/", kSetAside);
  const std::string target = FreeName(folder, number);
  absl::Status moved = MakeFolder(folder);
  if (moved.ok()) moved = MoveDatabaseFiles(path, target);
  Log::Error(
      "segment_set_aside",
      {{"segment", number},
       {"damage", damage.message()},
       {"moved_to", moved.ok() ? target : std::string(moved.message())}});
}

}  // namespace mqttpush
