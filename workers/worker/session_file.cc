#include "workers/worker/session_file.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

using google::protobuf::io::FileInputStream;
using google::protobuf::io::StringOutputStream;

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

void AppendDelimited(const wire::SessionRecord& record, std::string& bytes) {
  StringOutputStream stream(&bytes);
  google::protobuf::util::SerializeDelimitedToZeroCopyStream(record, &stream);
}

// A signal may cut a write short, a full disk too.
absl::Status WriteAll(int fd, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written = write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::ErrnoToStatus(errno, "write");
    done += static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

// A file of this name may have been replaced since it was opened.
bool IsAt(int fd, const std::string& path) {
  struct stat opened {
  }, named{};
  return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

std::string DirectoryOf(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

}  // namespace

absl::StatusOr<SessionFile> SessionFile::Lock(const std::string& path) {
  SessionFile file;
  file.directory_ = DirectoryOf(path);
  file.fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file.fd_ < 0) return Failed("open", path);
  const bool locked = flock(file.fd_, LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno != EWOULDBLOCK) return Failed("lock", path);
  if (!locked || !IsAt(file.fd_, path)) {
    return absl::UnavailableError(
        "the worker before has not let go of the session file yet");
  }
  return file;
}

absl::StatusOr<std::vector<wire::SessionRecord>> SessionFile::Read(
    const std::string& path) {
  std::vector<wire::SessionRecord> records;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return records;
  if (fd < 0) return Failed("open", path);
  FileInputStream stream(fd);
  stream.SetCloseOnDelete(true);
  while (true) {
    wire::SessionRecord record;
    bool clean_eof = false;
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(
            &record, &stream, &clean_eof)) {
      break;
    }
    records.push_back(std::move(record));
  }
  if (stream.GetErrno() != 0) {
    return absl::ErrnoToStatus(stream.GetErrno(), absl::StrCat("read ", path));
  }
  return records;
}

absl::StatusOr<SessionFile> SessionFile::Replace(
    const std::string& path, const std::vector<wire::SessionRecord>& records) {
  const std::string next = absl::StrCat(path, ".next");
  SessionFile file;
  file.directory_ = DirectoryOf(path);
  file.fd_ = open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file.fd_ < 0) return Failed("open", next);
  if (flock(file.fd_, LOCK_EX | LOCK_NB) != 0) return Failed("lock", next);
  std::string bytes;
  for (const wire::SessionRecord& record : records) {
    AppendDelimited(record, bytes);
  }
  MQTTPUSH_RETURN_IF_ERROR(WriteAll(file.fd_, bytes));
  file.bytes_ = bytes.size();
  // Or a power failure could leave the new name without the bytes.
  if (fdatasync(file.fd_) != 0) return Failed("fdatasync", next);
  if (rename(next.c_str(), path.c_str()) != 0) return Failed("rename", next);
  return file;
}

SessionFile::~SessionFile() {
  if (fd_ >= 0) close(fd_);
}

SessionFile::SessionFile(SessionFile&& other) noexcept
    : directory_(std::move(other.directory_)),
      fd_(std::exchange(other.fd_, -1)),
      bytes_(other.bytes_) {}

SessionFile& SessionFile::operator=(SessionFile&& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(fd_, other.fd_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

absl::Status SessionFile::Append(const wire::SessionRecord& record) {
  std::string bytes;
  AppendDelimited(record, bytes);
  MQTTPUSH_RETURN_IF_ERROR(WriteAll(fd_, bytes));
  bytes_ += bytes.size();
  return absl::OkStatus();
}

absl::Status SessionFile::Sync() {
  if (fdatasync(fd_) != 0) return absl::ErrnoToStatus(errno, "fdatasync");
  const int directory = open(directory_.c_str(), O_RDONLY | O_CLOEXEC);
  if (directory < 0) return Failed("open", directory_);
  const int synced = fsync(directory);
  const int error = errno;
  close(directory);
  return synced == 0 ? absl::OkStatus() : absl::ErrnoToStatus(error, "fsync");
}

}  // namespace mqttpush
