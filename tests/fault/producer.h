// Producer: sends the sample fleet for one tenant and tells the ledger what was
// accepted.
#ifndef MQTTPUSH_TESTS_FAULT_PRODUCER_H_
#define MQTTPUSH_TESTS_FAULT_PRODUCER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "demo/fleet.h"
#include "mqttpush/v1/ingest_service.grpc.pb.h"
#include "tests/fault/ledger.h"

namespace mqttpush::fault {

// One batch at a time, so that events are accepted in the order of their
// numbers. A batch without an answer is sent again until it has one; DUPLICATE
// then means that it had been accepted. Thread-safe.
class Producer {
 public:
  struct Options {
    std::string tenant;
    std::string owner_id;
    std::string id_prefix;     // of event ids
    int64_t first_number = 0;  // of the objects' ids
    int count = 100;           // events
    int batch_size = 5;
    absl::Duration span;  // to spread them over
  };
  // Starts sending to `address`. `fleet` and `ledger` must outlive it.
  Producer(Options options, std::string address,
           const std::vector<demo::FleetEvent>* fleet, Ledger* ledger);
  // Gives up.
  ~Producer();

  // Goes on with a service that came up elsewhere.
  void SetAddress(const std::string& address);
  // Waits until all were accepted. DEADLINE_EXCEEDED, or what was not as it
  // must be.
  absl::Status Finish(absl::Duration timeout);

 private:
  void Run();
  v1::Event EventOf(int64_t number) const;
  v1::PublishEventsRequest Batch(int64_t first) const;
  // Until it has an answer; false when given up.
  bool Send(const v1::PublishEventsRequest& batch);
  absl::Status Record(const v1::PublishEventsRequest& batch,
                      const v1::PublishEventsResponse& response, bool again);
  bool Pause(absl::Duration pause);
  std::unique_ptr<v1::IngestService::Stub> NewStub();

  const Options options_;
  const std::vector<demo::FleetEvent>& fleet_;
  Ledger& ledger_;
  Mutex mutex_;
  CondVar changed_;
  std::string address_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_PRODUCER_H_
