// LoadProducer: a producer that keeps sending numbered events and never gives
// one up.
#ifndef MQTTPUSH_TESTS_SUPPORT_LOAD_PRODUCER_H_
#define MQTTPUSH_TESTS_SUPPORT_LOAD_PRODUCER_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "mqttpush/v1/ingest_service.grpc.pb.h"

namespace mqttpush {

// Sends Location events "load-0", "load-1", ... with PublishEvents, one batch
// at a time, so that they are accepted in this order. A batch without an answer
// is sent again, with the same event ids, until it has one; a DUPLICATE then
// means that it had been accepted. Thread-safe.
class LoadProducer {
 public:
  struct Options {
    std::string address;  // of the service
    std::string owner_id;
    int batch_size = 10;
    absl::Duration pause = absl::Milliseconds(5);  // between batches
  };

  // Starts sending on a thread of its own.
  explicit LoadProducer(Options options);
  // Stops as Stop() does.
  ~LoadProducer();

  // Goes on with a service that came up elsewhere.
  void SetAddress(const std::string& address);

  // Waits until `count` events were accepted in all; false after `timeout`.
  bool WaitForAccepted(size_t count,
                       absl::Duration timeout = absl::Seconds(60));

  // Ends the thread once the batch under way has its answer. Returns the first
  // thing that was not as it must be: an event that was not accepted.
  absl::Status Stop();

  // The event ids that were accepted, in order.
  std::vector<std::string> accepted() const;

 private:
  void Run();
  v1::PublishEventsRequest NextBatch() const;
  // Sends until answered; false when stopped before.
  bool Send(const v1::PublishEventsRequest& batch);
  void Record(const v1::PublishEventsRequest& batch,
              const v1::PublishEventsResponse& response);
  // False when stopped.
  bool Pause();
  std::unique_ptr<v1::IngestService::Stub> NewStub() const;

  const Options options_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::string address_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> accepted_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: starts when the rest is ready
};

// A valid Location of that owner. `id` is its id and is a 64-bit number.
v1::Event LocationEvent(const std::string& event_id,
                        const std::string& owner_id, int64_t id);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_LOAD_PRODUCER_H_
