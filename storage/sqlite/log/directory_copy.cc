#include "storage/sqlite/log/directory_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/directory_check.h"
#include "storage/sqlite/log/log_check.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;

constexpr char kUnfinished[] = "unfinished";
constexpr char kExportCursor[] = "export.cursor";

absl::Status Failed(const std::error_code& error, absl::string_view what) {
  return absl::ErrnoToStatus(error.value(), what);
}

// A file of our own, closed at the end of the scope.
class OpenFile {
 public:
  OpenFile(const std::string& path, int flags)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// Of a file system that knows how to, the copy shares the blocks.
absl::Status CopyBytes(int from, int to) {
  if (ioctl(to, FICLONE, from) == 0) return absl::OkStatus();
  constexpr size_t kPiece = 8 << 20;
  while (true) {
    const ssize_t copied =
        copy_file_range(from, nullptr, to, nullptr, kPiece, 0);
    if (copied == 0) return absl::OkStatus();
    if (copied < 0) break;  // not between these file systems
  }
  std::string piece(1 << 20, '\0');
  while (true) {
    const ssize_t size = read(from, piece.data(), piece.size());
    if (size == 0) return absl::OkStatus();
    if (size < 0) return absl::ErrnoToStatus(errno, "cannot read");
    for (ssize_t at = 0; at < size;) {
      const ssize_t written = write(to, piece.data() + at, size - at);
      if (written < 0) return absl::ErrnoToStatus(errno, "cannot write");
      at += written;
    }
  }
}

absl::Status CopyFile(const std::string& from, const std::string& to) {
  const OpenFile source(from, O_RDONLY);
  if (source.fd() < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", from));
  }
  const OpenFile target(to, O_WRONLY | O_CREAT | O_TRUNC);
  if (target.fd() < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", to));
  }
  absl::Status status = CopyBytes(source.fd(), target.fd());
  if (status.ok() && fsync(target.fd()) != 0) {
    status = absl::ErrnoToStatus(errno, "cannot sync");
  }
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(to, ": ", status.message()));
}

// Sealed, and all of it is in the file: it does not change any more.
absl::StatusOr<bool> IsFinal(const std::string& path) {
  if (HasWal(path)) return false;
  MQTTPUSH_ASSIGN_OR_RETURN(Database db,
                            Database::Open(path, Database::Mode::kImmutable));
  MQTTPUSH_ASSIGN_OR_RETURN(
      const int64_t sealed,
      db.QueryInt64("SELECT count(id) FROM page_checksum"));
  return sealed == 1;
}

// One attempt at a copy, into a folder that is empty.
class Copier {
 public:
  Copier(const std::string& from, const std::string& to, DirectoryUse use,
         const CopyProgress& progress)
      : from_(from), to_(to), progress_(progress) {
    copy_.use = std::move(use);
  }

  absl::StatusOr<DirectoryCopy> Run() {
    MQTTPUSH_RETURN_IF_ERROR(CopyExportCursor());
    MQTTPUSH_RETURN_IF_ERROR(CopySegments());
    MQTTPUSH_RETURN_IF_ERROR(CopyDatabase("log.db"));
    MQTTPUSH_RETURN_IF_ERROR(CopyDatabase("config.db"));
    MQTTPUSH_RETURN_IF_ERROR(SyncDirectoryOf(to_ + "/log/"));
    MQTTPUSH_RETURN_IF_ERROR(SyncDirectoryOf(to_ + "/"));
    return std::move(copy_);
  }

 private:
  absl::Status CopySegments() {
    std::error_code error;
    if (!fs::exists(from_ + "/log", error)) return absl::OkStatus();
    if (mkdir((to_ + "/log").c_str(), 0700) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", to_));
    }
    int64_t newest = FindNewestSegment(LogOf(from_), copy_.use);
    while (true) {
      MQTTPUSH_RETURN_IF_ERROR(CopyThrough(newest));
      const int64_t newer = FindNewestSegment(LogOf(from_), copy_.use);
      if (newer == newest) break;
      newest = newer;
    }
    return newest == 0 ? absl::OkStatus() : RemoveDropped(newest);
  }

  // Before the log, so that what was exported meanwhile is exported again, and
  // nothing is left out. The file is replaced as a whole, never changed.
  absl::Status CopyExportCursor() {
    const std::string source = absl::StrCat(from_, "/", kExportCursor);
    std::error_code error;
    if (!fs::exists(source, error)) return absl::OkStatus();
    const std::string target = absl::StrCat(to_, "/", kExportCursor);
    MQTTPUSH_RETURN_IF_ERROR(CopyFile(source, target));
    files_before_ = 1;
    copy_.bytes += FileSize(target);
    return absl::OkStatus();
  }

  // `newest` last. What was closed before it was copied is not copied again.
  absl::Status CopyThrough(int64_t newest) {
    for (int64_t number : ListSegments(LogOf(from_))) {
      if (number > newest) break;  // has not begun
      if (closed_.contains(number)) continue;
      progress_(NameOf(number), copy_.bytes, BytesInAll());
      const absl::Status copied = CopySegment(number);
      std::error_code error;
      if (!copied.ok() &&
          !fs::exists(SegmentPath(LogOf(from_), number), error)) {
        MQTTPUSH_RETURN_IF_ERROR(LeaveOut(number));
        continue;
      }
      MQTTPUSH_RETURN_IF_ERROR(copied);
      const int64_t bytes = FileSize(SegmentPath(LogOf(to_), number));
      copy_.bytes += bytes - sizes_[number];
      sizes_[number] = bytes;
      if (number < newest) closed_.insert(number);
    }
    copy_.segments = static_cast<int64_t>(sizes_.size());
    copy_.files = files_before_ + copy_.segments;
    return absl::OkStatus();
  }
  absl::Status CopySegment(int64_t number) {
    const std::string source = SegmentPath(LogOf(from_), number);
    const std::string target = SegmentPath(LogOf(to_), number);
    MQTTPUSH_RETURN_IF_ERROR(RemoveDatabaseFiles(target));
    const absl::StatusOr<bool> final = IsFinal(source);
    // Of a damaged one, what there is.
    if (final.ok() ? *final : absl::IsDataLoss(final.status())) {
      return CopyFile(source, target);
    }
    MQTTPUSH_ASSIGN_OR_RETURN(Database db, OpenFromOutside(source, copy_.use));
    return db.CopyTo(target);
  }
  absl::Status LeaveOut(int64_t number) {
    copy_.left_out.push_back(NameOf(number));
    const auto size = sizes_.find(number);
    if (size != sizes_.end()) {
      copy_.bytes -= size->second;
      sizes_.erase(size);
    }
    return RemoveDatabaseFiles(SegmentPath(LogOf(to_), number));
  }

  // The newest one has taken over what those held that were dropped until then.
  absl::Status RemoveDropped(int64_t newest) {
    auto db = Database::Open(SegmentPath(LogOf(to_), newest),
                             Database::Mode::kImmutable);
    MQTTPUSH_RETURN_IF_ERROR(db.status());
    const absl::StatusOr<DroppedSegments> dropped = ReadDropped(*db);
    if (!dropped.ok()) return absl::OkStatus();  // damaged
    for (int64_t number : ListSegments(LogOf(to_))) {
      if (!absl::c_linear_search(dropped->numbers, number)) continue;
      MQTTPUSH_RETURN_IF_ERROR(LeaveOut(number));
    }
    copy_.segments = static_cast<int64_t>(sizes_.size());
    copy_.files = files_before_ + copy_.segments;
    return absl::OkStatus();
  }

  absl::Status CopyDatabase(const std::string& name) {
    const std::string source = absl::StrCat(from_, "/", name);
    auto db = OpenFromOutside(source, copy_.use);
    if (absl::IsNotFound(db.status())) return absl::OkStatus();
    MQTTPUSH_RETURN_IF_ERROR(db.status());
    progress_(name, copy_.bytes, BytesInAll());
    const std::string target = absl::StrCat(to_, "/", name);
    MQTTPUSH_RETURN_IF_ERROR(db->CopyTo(target));
    ++copy_.files;
    copy_.bytes += FileSize(target);
    return absl::OkStatus();
  }

  int64_t BytesInAll() const {
    int64_t bytes =
        FileSize(from_ + "/config.db") + FileSize(from_ + "/log.db");
    for (int64_t number : ListSegments(LogOf(from_))) {
      bytes += FileSize(SegmentPath(LogOf(from_), number));
    }
    return bytes;
  }
  static std::string LogOf(const std::string& path) { return path + "/log"; }
  static std::string NameOf(int64_t number) {
    return SegmentPath("log", number);
  }

  const std::string& from_;
  const std::string& to_;
  const CopyProgress& progress_;
  DirectoryCopy copy_;
  int64_t files_before_ = 0;          // the segments
  std::map<int64_t, int64_t> sizes_;  // of what was copied, by number
  std::set<int64_t> closed_;
};

// Where the copy is written before it is given its name.
class Staging {
 public:
  // ALREADY_EXISTS as CopyDataDirectory.
  static absl::StatusOr<Staging> Make(const std::string& target) {
    std::error_code error;
    if (fs::exists(target, error)) {
      for (const auto& entry : fs::directory_iterator(target, error)) {
        if (entry.path().filename() == "lost+found") continue;
        return absl::AlreadyExistsError(
            absl::StrCat(target, " is not empty: it holds ",
                         entry.path().filename().string()));
      }
      if (error) return Failed(error, absl::StrCat("cannot read ", target));
    } else {
      fs::create_directories(fs::absolute(target).parent_path(), error);
      if (error) return Failed(error, absl::StrCat("cannot make ", target));
    }
    Staging staging(target);
    if (mkdir(staging.path_.c_str(), 0700) == 0) return staging;
    if (errno != EEXIST) {
      return absl::ErrnoToStatus(errno,
                                 absl::StrCat("cannot make ", staging.path_));
    }
    return absl::AlreadyExistsError(
        absl::StrCat(staging.path_,
                     " is there: another copy is being made, or one was "
                     "broken off; in that case remove it"));
  }

  const std::string& path() const { return path_; }

  // Begins anew.
  absl::Status Clear() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_, error)) {
      fs::remove_all(entry.path(), error);
    }
    return error ? Failed(error, path_) : absl::OkStatus();
  }
  void Remove() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  // In a mount point one after the other; a directory without config.db is not
  // taken for whole.
  absl::Status Finish() {
    if (!within_) {
      MQTTPUSH_RETURN_IF_ERROR(Rename(path_, target_));
      return SyncDirectoryOf(target_);
    }
    for (const char* name : {kExportCursor, "log", "log.db", "config.db"}) {
      const std::string source = absl::StrCat(path_, "/", name);
      std::error_code error;
      if (!fs::exists(source, error)) continue;
      MQTTPUSH_RETURN_IF_ERROR(
          Rename(source, absl::StrCat(target_, "/", name)));
    }
    Remove();
    return SyncDirectoryOf(target_ + "/");
  }

 private:
  explicit Staging(const std::string& target)
      : target_(target), within_(IsMountPoint(target)) {
    path_ = absl::StrCat(target, within_ ? "/" : ".", kUnfinished);
  }
  static bool IsMountPoint(const std::string& path) {
    struct stat own = {};
    struct stat parent = {};
    return stat(path.c_str(), &own) == 0 &&
           stat((path + "/..").c_str(), &parent) == 0 &&
           (own.st_dev != parent.st_dev || own.st_ino == parent.st_ino);
  }
  static absl::Status Rename(const std::string& from, const std::string& to) {
    if (rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return absl::ErrnoToStatus(
        errno, absl::StrCat("cannot rename ", from, " to ", to));
  }

  std::string target_;
  bool within_;
  std::string path_;
};

absl::StatusOr<DirectoryCopy> CopyInto(const std::string& from,
                                       Staging& staging,
                                       const CopyProgress& progress) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    MQTTPUSH_RETURN_IF_ERROR(staging.Clear());
    const DirectoryUse use = LookAtUse(from);
    MQTTPUSH_ASSIGN_OR_RETURN(
        DirectoryCopy copy, Copier(from, staging.path(), use, progress).Run());
    // Otherwise a service wrote what was taken to be at rest.
    if (!use.in_use && LookAtUse(from) != use) continue;
    MQTTPUSH_RETURN_IF_ERROR(staging.Finish());
    return copy;
  }
  return absl::AbortedError(absl::StrCat("services were started on ", from,
                                         " while it was copied; try again"));
}

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

absl::StatusOr<DirectoryCopy> CopyDataDirectory(const std::string& from,
                                                const std::string& to,
                                                const CopyProgress& progress) {
  MQTTPUSH_RETURN_IF_ERROR(CheckIsDataDirectory(from));
  MQTTPUSH_ASSIGN_OR_RETURN(Staging staging, Staging::Make(WithoutSlash(to)));
  absl::StatusOr<DirectoryCopy> copy = CopyInto(from, staging, progress);
  if (!copy.ok()) staging.Remove();
  return copy;
}

}  // namespace mqttpush
