// MqttSubscriber: an MQTT client that writes down what it receives.
#ifndef MQTTPUSH_TESTS_SUPPORT_MQTT_SUBSCRIBER_H_
#define MQTTPUSH_TESTS_SUPPORT_MQTT_SUBSCRIBER_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mutex.h"

struct mosquitto;
struct mosquitto_message;

namespace mqttpush {

struct ReceivedMessage {
  std::string topic;
  std::string payload;  // the bytes
  int qos = 0;
  bool retain = false;
  absl::Time time;
};

// Speaks libmosquitto, on purpose not the library under test. Comes back by
// itself when the broker does, with its session, so that it misses nothing of
// QoS 1 and 2. Thread-safe.
class MqttSubscriber {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;
    std::vector<std::string> topic_filters = {"#"};
    int qos = 2;
    std::string client_id = "test-subscriber";
    std::string username = {};
    std::string password = {};
    // TLS when not empty.
    std::string ca_path = {};
    std::string certificate_path = {};
    std::string key_path = {};
  };

  // Connects, and waits until the broker confirmed the subscriptions.
  static absl::StatusOr<std::unique_ptr<MqttSubscriber>> Start(Options options);
  ~MqttSubscriber();

  // All so far, in order of arrival.
  std::vector<ReceivedMessage> messages() const;
  size_t count() const;
  // Waits until `count` messages have come; false when `timeout` passed first.
  bool WaitForCount(size_t count, absl::Duration timeout) const;
  // Waits until it is connected and subscribed; false when `timeout` passed
  // first.
  bool WaitUntilSubscribed(absl::Duration timeout) const;
  // Forgets all messages.
  void Clear();

 private:
  explicit MqttSubscriber(Options options);
  absl::Status Connect();
  void Run();
  // libmosquitto's callbacks, all on this object's thread.
  static void OnConnect(mosquitto* client, void* self, int code);
  static void OnDisconnect(mosquitto* client, void* self, int code);
  static void OnSubscribe(mosquitto* client, void* self, int id, int count,
                          const int* granted);
  static void OnMessage(mosquitto* client, void* self,
                        const mosquitto_message* message);

  const Options options_;
  mosquitto* const client_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::vector<ReceivedMessage> messages_ ABSL_GUARDED_BY(mutex_);
  size_t confirmed_ ABSL_GUARDED_BY(mutex_) = 0;  // subscriptions
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_MQTT_SUBSCRIBER_H_
