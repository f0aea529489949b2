// A backlog lives on disk: what the processes hold in memory does not grow with
// it, and a worker at work stays far from its bounds.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/processes.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

constexpr int kBatch = 1000;
constexpr int64_t kFew = 20'000;
constexpr int64_t kMany = 200'000;
// SQLite's caches and the allocator's habits, not the backlog: 180,000 events
// of 150 bytes are 27 MB of payload alone.
constexpr int64_t kSlackKb = 16 << 10;
// The worker's RLIMIT_DATA.
constexpr int64_t kWorkerDataKb = 512 << 10;

// A value of /proc/<process>/status in kB: "VmRSS".
int64_t StatusKb(pid_t process, const std::string& key) {
  const std::string status =
      ReadFile(absl::StrCat("/proc/", process, "/status"));
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    long kb = 0;
    if (std::sscanf(std::string(line).c_str(), (key + ": %ld kB").c_str(),
                    &kb) == 1) {
      return kb;
    }
  }
  ADD_FAILURE() << key << " of process " << process << ": " << status;
  return 0;
}

class MemoryTest : public E2eTest {
 protected:
  void SetUp() override {
    StartService();
    mosquitto_ = StartMosquitto();
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
  }
  pid_t Worker() {
    const std::vector<pid_t> workers = ChildrenOf(service_->pid());
    EXPECT_EQ(workers.size(), 1u);
    return workers.empty() ? -1 : workers[0];
  }
  void PublishUpTo(int64_t count) {
    for (; published_ < count; published_ += kBatch) {
      std::vector<v1::Event> events;
      for (int64_t id = published_; id < published_ + kBatch; ++id) {
        events.push_back(LocationEvent(absl::StrCat("e-", id), kOwner, id));
      }
      Publish(events);
    }
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  int64_t published_ = 0;
};

TEST_F(MemoryTest, DoesNotGrowWithTheBacklog) {
  mosquitto_->Stop();
  WaitForLink(v1::Link::BACKING_OFF);
  PublishUpTo(kFew);
  const int64_t service_few = StatusKb(service_->pid(), "VmRSS");
  const int64_t worker_few = StatusKb(Worker(), "VmRSS");
  PublishUpTo(kMany);
  const int64_t service_many = StatusKb(service_->pid(), "VmRSS");
  const int64_t worker_many = StatusKb(Worker(), "VmRSS");
  std::cout << "RSS in kB with " << kFew << " and " << kMany
            << " events waiting: service " << service_few << " and "
            << service_many << ", worker " << worker_few << " and "
            << worker_many << "\n";
  EXPECT_LE(service_many, service_few + kSlackKb);
  EXPECT_LE(worker_many, worker_few + kSlackKb);
  EXPECT_EQ(admin().GetSubscription(kSubscription)->backlog().waiting_count(),
            kMany);
}

// The largest payloads, and all that credit allows of them.
TEST_F(MemoryTest, WorkerStaysFarFromItsBound) {
  const auto customer = Subscribe(*mosquitto_);
  v1::Event event = LocationEvent("", kOwner, 1);
  std::string& payload = *event.mutable_payload();
  payload.insert(payload.size() - 1, 250'000, ' ');
  mosquitto_->Freeze();
  for (int i = 0; i < 200; ++i) {
    event.set_event_id(absl::StrCat("large-", i));
    Publish({event});
  }
  const pid_t worker = Worker();
  int64_t most = StatusKb(worker, "VmData");
  mosquitto_->Thaw();
  EXPECT_TRUE(WaitUntil(kPatience, [&] {
    most = std::max(most, StatusKb(worker, "VmData"));
    return customer->count() >= 200;
  }));
  WaitUntilDelivered();
  std::cout << "VmData of the worker in kB: " << most << " at most\n";
  EXPECT_LE(most, kWorkerDataKb / 2);
  EXPECT_EQ(Worker(), worker) << "it was restarted";
}

}  // namespace
}  // namespace mqttpush
