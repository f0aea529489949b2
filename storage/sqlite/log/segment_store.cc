#include "storage/sqlite/log/segment_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/segment_opening.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kSuffix = ".db";
constexpr char kSetAside[] = "set-aside";
// More events than a segment may hold: what was in one that is lost had seqs
// below.
constexpr int64_t kSeqsOfALostSegment = int64_t{1} << 32;

// The numbers of the segments in the folder, in order.
std::vector<int64_t> ListNumbers(const std::string& directory) {
  std::vector<int64_t> numbers;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename();
    int64_t number = 0;
    if (absl::EndsWith(name, kSuffix) &&
        absl::SimpleAtoi(absl::StripSuffix(name, kSuffix), &number)) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentStore>> SegmentStore::Open(
    const std::string& directory) {
  MQTTPUSH_RETURN_IF_ERROR(MakeFolder(directory));
  MQTTPUSH_RETURN_IF_ERROR(SyncDirectoryOf(directory));
  std::unique_ptr<SegmentStore> store(new SegmentStore(directory));
  MQTTPUSH_RETURN_IF_ERROR(store->OpenSegments());
  return store;
}

std::string SegmentStore::PathOf(int64_t number) const {
  return absl::StrFormat("%s/%010d%s", directory_, number, kSuffix);
}

absl::Status SegmentStore::OpenSegments() {
  for (int64_t number : ListNumbers(directory_)) {
    MQTTPUSH_RETURN_IF_ERROR(OpenOne(number));
    position_.next_segment_number = number + 1;
  }
  const auto segments = list_.Get();
  if (segments->empty()) return absl::OkStatus();
  const Segment& newest = *segments->back();
  MQTTPUSH_ASSIGN_OR_RETURN(position_.dropped, ReadDropped(newest));
  MQTTPUSH_RETURN_IF_ERROR(RemoveDropped());
  return ReadStates(newest, states_);
}

// A crash may have come between the commit that dropped them and the removal of
// their files.
absl::Status SegmentStore::RemoveDropped() {
  const auto segments = list_.Get();
  for (const SegmentPtr& segment : *segments) {
    if (!absl::c_linear_search(position_.dropped.numbers, segment->number)) {
      continue;
    }
    MQTTPUSH_RETURN_IF_ERROR(Remove(*segment));
  }
  return absl::OkStatus();
}

absl::Status SegmentStore::Remove(const Segment& segment) {
  list_.Remove(segment.number);
  readers_.Retire(segment.number, segment.sealed());
  MQTTPUSH_RETURN_IF_ERROR(RemoveDatabaseFiles(segment.path));
  return SyncDirectoryOf(segment.path);
}

absl::Status SegmentStore::OpenOne(int64_t number) {
  const std::string path = PathOf(number);
  absl::StatusOr<OpenedSegment> opened = OpenSegment(number, path);
  if (absl::IsNotFound(opened.status())) return RemoveDatabaseFiles(path);
  absl::Status status = opened.status();
  if (status.ok() && !opened->segment->sealed()) {
    ReadSession session(this);
    status = LoadIndex(*opened->segment, [&](int64_t seq) {
      return session.FindEventFacts(seq);
    });
  }
  if (absl::IsDataLoss(status)) {
    MoveAside(number, path, status);
    position_.next_event_seq += kSeqsOfALostSegment;
    position_.next_attempt_seq += kSeqsOfALostSegment;
    return absl::OkStatus();
  }
  MQTTPUSH_RETURN_IF_ERROR(status);
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
  const auto segments = list_.Get();
  const bool listed = std::any_of(
      segments->begin(), segments->end(), [&](const SegmentPtr& other) {
        return other->number == segment.number;
      });
  if (!listed || segments->back()->number == segment.number) return;
  list_.Remove(segment.number);
  MoveAside(segment.number, segment.path, damage);
}

void SegmentStore::MoveAside(int64_t number, const std::string& path,
                             const absl::Status& damage) {
  const std::string folder = absl::StrCat(directory_, "/", kSetAside);
  const std::string target =
      absl::StrCat(folder, "/", path.substr(path.rfind('/') + 1));
  absl::Status moved = MakeFolder(folder);
  if (moved.ok()) moved = MoveDatabaseFiles(path, target);
  Log::Error("segment_set_aside",
             {{"segment", number},
              {"damage", damage.message()},
              {"moved_to", moved.ok() ? target : std::string(moved.message())}});
}

}  // namespace mqttpush
