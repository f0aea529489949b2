// mqttpush-fault-ledger FD FILE PORT...: keeps, outside the product, what was
// accepted and what arrived.
//
// It subscribes to everything at each mosquitto, and writes each message to
// FILE as it comes. The driver says over the socket FD what was accepted, in
// lines of FILE's form, and asks "barrier N": the answer "done" says that all
// that the N-th broker had accepted is in FILE, "late" that it could not be
// had.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "tests/fault/ledger_record.h"
#include "tests/fault/ledger_subscriber.h"

namespace mqttpush::fault {
namespace {

constexpr absl::Duration kBarrierTimeout = absl::Seconds(20);

// Lines go to the file whole and at once.
class LedgerFile {
 public:
  explicit LedgerFile(const char* path)
      : fd_(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}
  void Write(const std::string& line) {
    MutexLock lock(&mutex_);
    if (write(fd_, line.data(), line.size()) !=
        static_cast<ssize_t>(line.size())) {
      std::abort();
    }
  }

 private:
  Mutex mutex_;
  const int fd_;
};

using Subscribers = std::vector<std::unique_ptr<LedgerSubscriber>>;

void Answer(const std::string& line, int fd, LedgerFile& file,
            Subscribers& subscribers) {
  constexpr absl::string_view kBarrier = "barrier ";
  if (!absl::StartsWith(line, kBarrier)) return file.Write(line);
  const size_t broker =
      std::strtoul(line.c_str() + kBarrier.size(), nullptr, 10);
  const std::string answer =
      subscribers.at(broker)->Barrier(kBarrierTimeout) ? "done\n" : "late\n";
  (void)!write(fd, answer.data(), answer.size());
}

// Until the driver is gone.
void Serve(int fd, LedgerFile& file, Subscribers& subscribers) {
  std::string text;
  char bytes[16 * 1024];
  ssize_t got = 0;
  while ((got = read(fd, bytes, sizeof bytes)) > 0) {
    text.append(bytes, static_cast<size_t>(got));
    size_t end = 0;
    while ((end = text.find('\n')) != std::string::npos) {
      Answer(text.substr(0, end + 1), fd, file, subscribers);
      text.erase(0, end + 1);
    }
  }
}

void Run(int fd, const char* path, char** ports, int count) {
  LedgerFile file(path);
  Subscribers subscribers;
  for (int broker = 0; broker < count; ++broker) {
    subscribers.push_back(std::make_unique<LedgerSubscriber>(
        std::atoi(ports[broker]), [&file, broker](const Publish& message) {
          file.Write(LineOf(Arrival{.broker = broker,
                                    .topic = message.topic,
                                    .qos = message.qos,
                                    .number = NumberOf(message.payload),
                                    .digest = DigestOf(message.payload)}));
        }));
  }
  Serve(fd, file, subscribers);
}

}  // namespace
}  // namespace mqttpush::fault

int main(int argc, char** argv) {
  if (argc < 4) return EXIT_FAILURE;
  // The driver's end ends it, not the keyboard.
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  mqttpush::fault::Run(std::atoi(argv[1]), argv[2], argv + 3, argc - 3);
  return EXIT_SUCCESS;
}
