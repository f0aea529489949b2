#include "tests/fault/ledger.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::fault {

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Start(
    const std::string& path, const std::vector<int>& ports) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ErrnoToStatus(errno, "socketpair");
  }
  ChildProcess::Options options{
      .argv = {MQTTPUSH_LEDGER_PATH, absl::StrCat(ends[1]), path},
      .inherited_fds = {ends[1]}};
  for (const int port : ports) options.argv.push_back(absl::StrCat(port));
  auto process = ChildProcess::Spawn(options);
  close(ends[1]);
  if (!process.ok()) {
    close(ends[0]);
    return process.status();
  }
  std::unique_ptr<Ledger> ledger(
      new Ledger(path, ends[0], std::move(*process)));
  for (size_t broker = 0; broker < ports.size(); ++broker) {
    MQTTPUSH_RETURN_IF_ERROR(ledger->Barrier(broker));
  }
  return ledger;
}

Ledger::Ledger(std::string path, int fd, std::unique_ptr<ChildProcess> process)
    : path_(std::move(path)), fd_(fd), process_(std::move(process)) {}

Ledger::~Ledger() { close(fd_); }

bool Ledger::Send(const std::string& line) {
  return send(fd_, line.data(), line.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(line.size());
}

void Ledger::Accepted(const Acceptance& acceptance) {
  MutexLock lock(&mutex_);
  Send(LineOf(acceptance));
}

absl::Status Ledger::Barrier(size_t broker) {
  MutexLock lock(&mutex_);
  char answer[5] = {};
  if (!Send(absl::StrCat("barrier ", broker, "\n")) ||
      recv(fd_, answer, sizeof answer, MSG_WAITALL) != sizeof answer) {
    return absl::InternalError("the ledger process has ended");
  }
  if (absl::string_view(answer, 4) == "done") return absl::OkStatus();
  return absl::DeadlineExceededError(
      "the ledger's subscribers do not get their own messages");
}

size_t Ledger::size() const {
  std::error_code none;
  const auto size = std::filesystem::file_size(path_, none);
  return none ? 0 : size;
}

absl::StatusOr<LedgerRecord> Ledger::Read(size_t position) const {
  return ParseLedger(absl::string_view(ReadFile(path_)).substr(position));
}

}  // namespace mqttpush::fault
