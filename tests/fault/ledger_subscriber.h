// LedgerSubscriber: the customer, as the ledger sees it: an MQTT client that
// hands over each message once and misses none of QoS 1 and 2.
#ifndef MQTTPUSH_TESTS_FAULT_LEDGER_SUBSCRIBER_H_
#define MQTTPUSH_TESTS_FAULT_LEDGER_SUBSCRIBER_H_

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "common/mutex.h"
#include "tests/fault/mqtt_packets.h"

namespace mqttpush::fault {

// Our own few lines of MQTT: what counts must not itself double a message, and
// libmosquitto hands over again what a restarted broker repeats to it. Comes
// back by itself when the broker does. Thread-safe.
class LedgerSubscriber {
 public:
  // `on_message` runs on the subscriber's thread, for all but markers and
  // retained messages of the past.
  LedgerSubscriber(int port, std::function<void(const Publish&)> on_message);
  ~LedgerSubscriber();

  // Waits until all that the broker had accepted before has been handed over:
  // a message of our own goes the same way and comes back behind the others.
  // False when `timeout` passed first.
  bool Barrier(absl::Duration timeout);

 private:
  void Run();
  // Returns when the connection ends.
  void Serve();
  bool Open();
  bool ReadPackets();
  void Handle(absl::string_view packet);
  void HandlePublish(const Publish& publish);
  // A broker that was restarted repeats what it has no answer to.
  bool IsRepeated(const Publish& publish);
  void HandOver(const Publish& publish);
  void OnReady();
  void SendMarker() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(const std::string& packet);

  const int port_;
  const std::function<void(const Publish&)> on_message_;
  std::atomic<bool> stopping_ = false;
  // Of the thread alone:
  PacketSplitter splitter_;
  // The last message of each packet id; of QoS 2 until PUBREL.
  std::map<uint16_t, Publish> last_;

  Mutex mutex_;
  CondVar changed_;
  int fd_ ABSL_GUARDED_BY(mutex_) = -1;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;  // subscribed
  int64_t marker_sent_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t marker_received_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_LEDGER_SUBSCRIBER_H_
