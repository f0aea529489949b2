// PahoClient: MqttClient by Eclipse Paho MQTT C 1.3.12.
#ifndef MQTTPUSH_WORKERS_WORKER_PAHO_CLIENT_H_
#define MQTTPUSH_WORKERS_WORKER_PAHO_CLIENT_H_

#include <memory>

#include "common/event_loop.h"
#include "workers/worker/mqtt_client.h"
#include "workers/worker/paho_inbox.h"

namespace mqttpush {

// At most one per process: Paho mixes up the messages of its clients when one
// of them reconnects (docs/decisions: one MQTT client per process).
//
// Every connection gets a Paho client of its own, destroyed when the connection
// ends: what Paho still has queued then is gone, and cannot be sent again
// behind our back. With a persistent session the next one reads from it what is
// in flight, after a lost connection and after the end of the process alike.
// Paho's callbacks run on its threads with its global lock
// held; they only leave a note for the loop (paho_inbox.h).
class PahoClient : public MqttClient {
 public:
  // `loop` must outlive this and is the thread of all calls.
  explicit PahoClient(EventLoop* loop);
  ~PahoClient() override;

  void SetListener(Listener* listener) override;
  void Connect(const wire::Configure& settings, Session* session,
               int64_t number) override;
  absl::StatusOr<int> Publish(int64_t id,
                              const wire::Publish& message) override;
  void AwaitEnds(int count) override;
  WireEvidence TakeEvidence(int packet_id) override;
  void StopWriting() override;
  absl::Duration Silence() const override;
  void Disconnect() override;
  void Close() override;

 private:
  class Connection;

  void Fail(const std::string& message);

  const std::shared_ptr<PahoInbox> inbox_;
  std::unique_ptr<Connection> connection_;
  int64_t generation_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_PAHO_CLIENT_H_
