// What a persistent session costs per QoS 2 message: in the kernel only, which
// outlives the process, and on the disk, which outlives the machine. Prints
// both, and their ratio; asserts nothing.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/steady_time.h"
#include "tests/support/temp_dir.h"
#include "workers/worker/session.h"
#include "workers/worker/session_file.h"

namespace mqttpush {
namespace {

constexpr size_t kPacketBytes = 350;

// PUBLISH, PUBREL and the end, as for one message after the other.
double MicrosPerMessage(int messages) {
  TempDir dir;
  auto session =
      *Session::Open({.path = dir.File("1.session"),
                      .identity = "",
                      .boot_id = "",
                      .on_broken = [](const absl::Status&) { abort(); }});
  const absl::Duration start = SteadyNow();
  for (int i = 0; i < messages; ++i) {
    const int packet_id = 1 + i % 65535;
    wire::Publish message;
    message.mutable_delivery()->set_subscription_uid(1);
    message.mutable_delivery()->set_event_seq(i + 1);
    message.set_topic("globe-tracker/events/location");
    message.set_qos(2);
    session->Bind(packet_id, message);
    session->Put(absl::StrCat("s-", packet_id), std::string(kPacketBytes, 'x'));
    session->Put(absl::StrCat("sc-", packet_id), std::string(4, 'x'));
    session->End(packet_id, WireEvidence());
    session->Forget({{1, i + 1}});
  }
  return absl::ToDoubleMicroseconds(SteadyNow() - start) / messages;
}

// The same number of records, each of which waits for the disk.
double MicrosPerSyncedMessage(int messages) {
  TempDir dir;
  SessionFile file = *SessionFile::Replace(dir.File("1.session"), {});
  wire::SessionRecord record;
  record.mutable_packet()->set_packet(std::string(kPacketBytes, 'x'));
  const absl::Duration start = SteadyNow();
  for (int i = 0; i < 3 * messages; ++i) {
    if (!file.Append(record).ok() || !file.Sync().ok()) abort();
  }
  return absl::ToDoubleMicroseconds(SteadyNow() - start) / messages;
}

void Run() {
  MicrosPerMessage(1000);  // warms up
  const double kernel = MicrosPerMessage(20000);
  const double disk = MicrosPerSyncedMessage(300);
  std::printf("session, in the kernel: %8.1f us a message\n", kernel);
  std::printf("session, on the disk:   %8.1f us a message, %.0f times\n", disk,
              disk / kernel);
}

}  // namespace
}  // namespace mqttpush

int main() { mqttpush::Run(); }
