// mqttpush-probe --fd N --hide FOLDER: one test of the connection to one
// customer's broker.
//
// Started by mqttpushd only, which gives it one end of a socket pair as file
// descriptor N and asks for the test over that. A program of its own, because
// the worker puts its seams between the system and whoever connects
// (workers/worker/paho_seams.h).
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "mqttpush/worker/v1/probe.pb.h"
#include "workers/link/frames.h"
#include "workers/probe/prober.h"
#include "workers/process/process_setup.h"
#include "workers/process/program_arguments.h"
#include "workers/process/sandbox.h"

namespace mqttpush {
namespace {

// Short enough for every broker of MQTT 3.1.1 (23 characters).
std::string NewClientId() {
  absl::BitGen random;
  return absl::StrFormat("mqttpush-probe-%08x",
                         absl::Uniform<uint32_t>(random));
}

absl::StatusOr<worker::v1::ProbeRequest> ReadRequest(int fd) {
  FrameReader reader;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<absl::string_view> frame,
                              reader.Next());
    if (frame.has_value()) {
      worker::v1::ProbeRequest request;
      if (request.ParseFromArray(frame->data(),
                                 static_cast<int>(frame->size()))) {
        return request;
      }
      return absl::DataLossError("the request is garbage");
    }
    std::array<char, 4096> bytes;
    const ssize_t got = read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return absl::FailedPreconditionError("the control plane is gone");
    }
    reader.Feed({bytes.data(), static_cast<size_t>(got)});
  }
}

// Nobody is left to tell when it cannot be written.
void Write(int fd, const worker::v1::ProbeFinding& finding) {
  std::string frame;
  if (!AppendFrame(finding, frame).ok()) _exit(1);
  for (size_t done = 0; done < frame.size();) {
    const ssize_t sent = write(fd, frame.data() + done, frame.size() - done);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) _exit(1);
    done += static_cast<size_t>(sent);
  }
}

absl::Status Run(const ProgramArguments& arguments) {
  const int fd = arguments.link_fd;
  MQTTPUSH_RETURN_IF_ERROR(SetUpWorkerProcess());
  MQTTPUSH_RETURN_IF_ERROR(EnterSandbox(fd, arguments.files));
  DieWithParent(true);
  MQTTPUSH_ASSIGN_OR_RETURN(const worker::v1::ProbeRequest request,
                            ReadRequest(fd));
  Prober(&request, NewClientId(),
         [fd](const worker::v1::ProbeFinding& finding) { Write(fd, finding); })
      .Run();
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  const auto arguments = ParseProgramArguments(argc, argv);
  if (!arguments.has_value()) {
    std::fprintf(stderr, "mqttpush-probe %s\n", kProgramUsage);
    return 2;
  }
  if (absl::Status status = Run(*arguments); !status.ok()) {
    Log::Error("probe_failed", {{"error", status.message()}});
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace mqttpush

// A thread of the resolver may still be waiting for its answer.
int main(int argc, char** argv) { _exit(mqttpush::Main(argc, argv)); }
