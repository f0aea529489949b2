#include "bench/ceiling.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bench/cpu_usage.h"
#include "common/status_macros.h"
#include "common/steady_time.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::bench {
namespace {

// The windows in force in the product, by QoS: InFlightWindow's bound of
// unwritten QoS 0, the default of max_in_flight, and the most of QoS 2 over
// MQTT 3.1.1.
constexpr int kWindows[] = {64, 100, 20};
// As many different messages as a process gets; it begins again after them.
constexpr int kMessages = 600;
constexpr absl::Duration kTimeout = absl::Minutes(2);

class Pipe {
 public:
  Pipe() {
    if (pipe2(fds_, O_CLOEXEC) != 0) abort();
  }
  ~Pipe() {
    Close(0);
    Close(1);
  }
  int reader() const { return fds_[0]; }
  int writer() const { return fds_[1]; }
  void Close(int end) {
    if (fds_[end] >= 0) close(fds_[end]);
    fds_[end] = -1;
  }

 private:
  int fds_[2];
};

// Reads numbers, one a line, until there are `count`.
absl::StatusOr<std::vector<int64_t>> ReadNumbers(int fd, int count) {
  std::string text;
  const absl::Duration deadline = SteadyNow() + kTimeout;
  while (std::count(text.begin(), text.end(), '\n') < count) {
    pollfd readable = {.fd = fd, .events = POLLIN, .revents = 0};
    const auto left = absl::ToInt64Milliseconds(deadline - SteadyNow());
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) <= 0) break;
    char buffer[4096];
    const ssize_t size = read(fd, buffer, sizeof(buffer));
    if (size <= 0) break;
    text.append(buffer, size);
  }
  std::vector<int64_t> numbers;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    int64_t number = 0;
    if (absl::SimpleAtoi(line, &number)) numbers.push_back(number);
  }
  if (static_cast<int>(numbers.size()) == count) return numbers;
  return absl::InternalError(
      "a process of the ceiling did not come to its end");
}

// A topic and a payload a line: payloads have no line breaks.
std::string MessagesOf(const SampleEvents& samples, int tenant) {
  std::string text;
  for (int64_t number = 0; number < kMessages; ++number) {
    absl::StrAppend(&text, samples.Topic(number, tenant), "\t",
                    samples.Payload(number, tenant), "\n");
  }
  return text;
}

}  // namespace

absl::StatusOr<CeilingResult> RunCeiling(const CeilingOptions& options,
                                         const SampleEvents& samples,
                                         const MosquittoBroker& broker) {
  TempDir dir("mqttpush-bench");
  Pipe gate;     // opens when its writer is closed
  Pipe results;  // a line when connected, and one with the CPU time at the end
  const int64_t each =
      std::max<int64_t>(1, options.messages / options.processes);
  std::vector<std::unique_ptr<ChildProcess>> processes;
  for (int i = 0; i < options.processes; ++i) {
    const std::string file = dir.File(absl::StrCat("messages-", i));
    WriteFile(file, MessagesOf(samples, i));
    MQTTPUSH_ASSIGN_OR_RETURN(
        auto process,
        ChildProcess::Spawn(
            {.argv = {MQTTPUSH_CEILING_PATH, absl::StrCat(broker.port()),
                      absl::StrCat("ceiling-", i), absl::StrCat(options.qos),
                      absl::StrCat(kWindows[options.qos]), absl::StrCat(each),
                      file, absl::StrCat(gate.reader()),
                      absl::StrCat(results.writer())},
             .inherited_fds = {gate.reader(), results.writer()}}));
    processes.push_back(std::move(process));
  }
  results.Close(1);
  MQTTPUSH_RETURN_IF_ERROR(
      ReadNumbers(results.reader(), options.processes).status());
  const CpuMeter meter({{"broker", {broker.pid()}}});
  const absl::Duration start = SteadyNow();
  gate.Close(1);
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<int64_t> cpu_micros,
                            ReadNumbers(results.reader(), options.processes));
  CeilingResult result;
  result.elapsed = SteadyNow() - start;
  result.broker_cpu = meter.Spent()["broker"];
  for (int64_t micros : cpu_micros) {
    result.processes_cpu += absl::Microseconds(micros);
  }
  result.per_second = static_cast<double>(each * options.processes) /
                      absl::ToDoubleSeconds(result.elapsed);
  return result;
}

}  // namespace mqttpush::bench
