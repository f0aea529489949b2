// GroupFilterFile: a filter over the keys of a group of sealed segments
// (segment_group.h), as a file beside them.
//
// The filters of segments are in memory for the window of duplicates only.
// Beyond it, who looks for a key asks one file for each group: that reads one
// block of it, and opens none of the segments when they do not hold the key.
//
// It says nothing that the segments do not: when it is missing or of no use,
// the sealer makes it anew.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_GROUP_FILTER_FILE_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_GROUP_FILTER_FILE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/sqlite/log/segment_group.h"

namespace mqttpush {

// Immutable.
class GroupFilterFile {
 public:
  // One key of 1,000 is taken for one that is there.
  static constexpr size_t kBitsPerKey = 16;

  // Reads the indexes of a complete group once, and writes the file by way of
  // `path`.new. DATA_LOSS when an index is damaged; on any error no file is at
  // `path` that was not there before.
  static absl::StatusOr<std::shared_ptr<const GroupFilterFile>> Make(
      const std::string& path, const SegmentGroup& group);
  // NOT_FOUND when there is none, DATA_LOSS when it is none.
  static absl::StatusOr<std::shared_ptr<const GroupFilterFile>> Open(
      const std::string& path);

  // Whether it was made of this sealed segment, among others.
  bool Covers(const Segment& segment) const;
  // False: none of its segments holds the key with this hash (KeyFilter). True
  // also when the file cannot be read any more.
  bool MayContain(uint64_t hash) const;

 private:
  // By which each segment of the group is known again; 0: none.
  using Marks = std::array<uint64_t, kSegmentsOfGroup>;

  GroupFilterFile(std::string path, const Marks& marks, size_t block_count)
      : path_(std::move(path)), marks_(marks), block_count_(block_count) {}

  const std::string path_;
  const Marks marks_;
  const size_t block_count_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_GROUP_FILTER_FILE_H_
