#include "storage/sqlite/log/group_filter_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/posting_block.h"

namespace mqttpush {
namespace {

// The file is the marks with their checksum, then each block with its own.
constexpr size_t kSumSize = sizeof(uint64_t);
constexpr size_t kBlockSize = sizeof(KeyFilter::Block);
constexpr size_t kMarksSize = kSegmentsOfGroup * sizeof(uint64_t);

// In the order of the file, which needs no index.
constexpr char kSelectIndexSql[] =
    "SELECT dimension, first_key, first_order, first_row, postings "
    "FROM index_block";
constexpr char kFilterSizeSql[] =
    "SELECT length(key_filter) FROM seal WHERE id = 1";

class File {
 public:
  File(const std::string& path, int flags)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return fd_ >= 0; }
  bool Read(int64_t at, void* to, size_t size) const {
    return pread(fd_, to, size, at) == static_cast<ssize_t>(size);
  }
  bool Write(const std::string& bytes) const {
    return write(fd_, bytes.data(), bytes.size()) ==
           static_cast<ssize_t>(bytes.size());
  }
  bool Sync() const { return fsync(fd_) == 0; }

 private:
  const int fd_;
};

// `place` keeps what belongs elsewhere from being taken for right.
uint64_t SumOf(const void* bytes, size_t size, uint64_t place) {
  return XXH3_64bits_withSeed(bytes, size, place);
}

int64_t OffsetOf(size_t block) {
  return static_cast<int64_t>(kMarksSize + kSumSize +
                              block * (kBlockSize + kSumSize));
}

void Append(const void* bytes, size_t size, uint64_t place, std::string& to) {
  const uint64_t sum = SumOf(bytes, size, place);
  to.append(static_cast<const char*>(bytes), size);
  to.append(reinterpret_cast<const char*>(&sum), sizeof sum);
}

// Reads what Append has written.
bool ReadChecked(const File& file, int64_t at, uint64_t place, void* to,
                 size_t size) {
  std::array<char, kMarksSize + kSumSize> bytes;
  if (!file.Read(at, bytes.data(), size + kSumSize)) return false;
  uint64_t sum;
  std::memcpy(&sum, bytes.data() + size, sizeof sum);
  std::memcpy(to, bytes.data(), size);
  return sum == SumOf(to, size, place);
}

// The marks' place; the blocks have theirs from 1 on.
constexpr uint64_t kPlaceOfMarks = 0;

uint64_t MarkOf(const Segment& segment) {
  const int64_t facts[] = {segment.number,
                           segment.first_event_seq,
                           segment.summary.last_event_seq,
                           segment.first_attempt_seq,
                           segment.summary.last_attempt_seq,
                           segment.bytes};
  return XXH3_64bits(facts, sizeof facts);
}

// How many its own filter was made for.
absl::StatusOr<size_t> CountKeys(const Segment& segment) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database db, Database::Open(segment.path, Database::Mode::kImmutable));
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t size, db.QueryInt64(kFilterSizeSql));
  return static_cast<size_t>(size) * 8 / KeyFilter::kBitsPerKey;
}

absl::Status AddKeys(const Segment& segment, KeyFilter& filter) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database db, Database::Open(segment.path, Database::Mode::kImmutable));
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kSelectIndexSql));
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    const auto dimension = static_cast<Dimension>(select.Int(0));
    if (!Segment::Filtered(dimension)) continue;
    MQTTPUSH_ASSIGN_OR_RETURN(
        const std::vector<KeyedPosting> block,
        UnpackPostings({select.Int64(1), {select.Int64(2), select.Int64(3)}},
                       select.Bytes(4)));
    for (size_t i = 0; i < block.size(); ++i) {
      if (i > 0 && block[i].key == block[i - 1].key) continue;
      filter.Add(dimension, block[i].key);
    }
  }
}

// All of the file.
bool Write(const File& file,
           const std::array<uint64_t, kSegmentsOfGroup>& marks,
           const KeyFilter& filter) {
  constexpr size_t kBufferSize = 64 << 10;
  std::string buffer;
  Append(marks.data(), kMarksSize, kPlaceOfMarks, buffer);
  size_t place = kPlaceOfMarks;
  for (const KeyFilter::Block& block : filter.blocks()) {
    Append(&block, sizeof block, ++place, buffer);
    if (buffer.size() < kBufferSize && place < filter.blocks().size()) continue;
    if (!file.Write(buffer)) return false;
    buffer.clear();
  }
  return file.Sync();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const GroupFilterFile>> GroupFilterFile::Make(
    const std::string& path, const SegmentGroup& group) {
  size_t keys = 0;
  Marks marks{};
  for (const SegmentPtr& segment : group.segments) {
    MQTTPUSH_ASSIGN_OR_RETURN(const size_t own, CountKeys(*segment));
    keys += own;
    marks[segment->number % kSegmentsOfGroup] = MarkOf(*segment);
  }
  KeyFilter filter(keys, kBitsPerKey);
  for (const SegmentPtr& segment : group.segments) {
    MQTTPUSH_RETURN_IF_ERROR(AddKeys(*segment, filter));
  }
  const std::string written = absl::StrCat(path, ".new");
  const File file(written, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open() || !Write(file, marks, filter) ||
      rename(written.c_str(), path.c_str()) != 0) {
    unlink(written.c_str());
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return std::shared_ptr<const GroupFilterFile>(
      new GroupFilterFile(path, marks, filter.blocks().size()));
}

absl::StatusOr<std::shared_ptr<const GroupFilterFile>> GroupFilterFile::Open(
    const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  Marks marks;
  const int64_t blocks_size = FileSize(path) - OffsetOf(0);
  constexpr int64_t kStep = kBlockSize + kSumSize;
  if (blocks_size < kStep || blocks_size % kStep != 0 ||
      !ReadChecked(file, 0, kPlaceOfMarks, marks.data(), kMarksSize)) {
    return absl::DataLossError(absl::StrCat(path, " is no filter"));
  }
  return std::shared_ptr<const GroupFilterFile>(
      new GroupFilterFile(path, marks, blocks_size / kStep));
}

bool GroupFilterFile::Covers(const Segment& segment) const {
  return segment.sealed() &&
         marks_[segment.number % kSegmentsOfGroup] == MarkOf(segment);
}

bool GroupFilterFile::MayContain(uint64_t hash) const {
  const File file(path_, O_RDONLY);
  const size_t at = KeyFilter::BlockOf(hash, block_count_);
  KeyFilter::Block block;
  if (!file.is_open() ||
      !ReadChecked(file, OffsetOf(at), at + 1, &block, sizeof block)) {
    return true;
  }
  return block.MayContain(hash);
}

}  // namespace mqttpush
