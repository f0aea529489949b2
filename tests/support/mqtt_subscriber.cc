#include "tests/support/mqtt_subscriber.h"

#include <mosquitto.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr int kLoopMilliseconds = 50;
constexpr absl::Duration kReconnectDelay = absl::Milliseconds(50);
constexpr absl::Duration kStartTimeout = absl::Seconds(20);

absl::Status ToStatus(int code, absl::string_view what) {
  if (code == MOSQ_ERR_SUCCESS) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(what, ": ", mosquitto_strerror(code)));
}

mosquitto* NewClient(const std::string& client_id, void* self) {
  static const int initialized = mosquitto_lib_init();
  (void)initialized;
  return mosquitto_new(client_id.c_str(), /*clean_session=*/false, self);
}

const char* OrNull(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MqttSubscriber>> MqttSubscriber::Start(
    Options options) {
  std::unique_ptr<MqttSubscriber> subscriber(
      new MqttSubscriber(std::move(options)));
  MQTTPUSH_RETURN_IF_ERROR(subscriber->Connect());
  subscriber->thread_ = std::thread([&s = *subscriber] { s.Run(); });
  if (!subscriber->WaitUntilSubscribed(kStartTimeout)) {
    return absl::DeadlineExceededError("the subscriptions were not confirmed");
  }
  return subscriber;
}

MqttSubscriber::MqttSubscriber(Options options)
    : options_(std::move(options)),
      client_(NewClient(options_.client_id, this)) {
  mosquitto_connect_callback_set(client_, &OnConnect);
  mosquitto_disconnect_callback_set(client_, &OnDisconnect);
  mosquitto_subscribe_callback_set(client_, &OnSubscribe);
  mosquitto_message_callback_set(client_, &OnMessage);
}

MqttSubscriber::~MqttSubscriber() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  mosquitto_destroy(client_);
}

absl::Status MqttSubscriber::Connect() {
  if (!options_.username.empty()) {
    MQTTPUSH_RETURN_IF_ERROR(
        ToStatus(mosquitto_username_pw_set(client_, options_.username.c_str(),
                                           options_.password.c_str()),
                 "username_pw_set"));
  }
  if (!options_.ca_path.empty()) {
    MQTTPUSH_RETURN_IF_ERROR(
        ToStatus(mosquitto_tls_set(client_, options_.ca_path.c_str(), nullptr,
                                   OrNull(options_.certificate_path),
                                   OrNull(options_.key_path), nullptr),
                 "tls_set"));
  }
  return ToStatus(mosquitto_connect(client_, options_.host.c_str(),
                                    options_.port, /*keepalive=*/60),
                  "connect");
}

void MqttSubscriber::Run() {
  while (!stopping_) {
    if (mosquitto_loop(client_, kLoopMilliseconds, 1) == MOSQ_ERR_SUCCESS) {
      continue;
    }
    absl::SleepFor(kReconnectDelay);
    if (!stopping_) mosquitto_reconnect(client_);
  }
  mosquitto_disconnect(client_);
}

std::vector<ReceivedMessage> MqttSubscriber::messages() const {
  MutexLock lock(&mutex_);
  return messages_;
}

size_t MqttSubscriber::count() const {
  MutexLock lock(&mutex_);
  return messages_.size();
}

bool MqttSubscriber::WaitForCount(size_t count, absl::Duration timeout) const {
  const absl::Time deadline = absl::Now() + timeout;
  MutexLock lock(&mutex_);
  while (messages_.size() < count) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return true;
}

bool MqttSubscriber::WaitUntilSubscribed(absl::Duration timeout) const {
  const absl::Time deadline = absl::Now() + timeout;
  MutexLock lock(&mutex_);
  while (confirmed_ < options_.topic_filters.size()) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return true;
}

void MqttSubscriber::Clear() {
  MutexLock lock(&mutex_);
  messages_.clear();
}

void MqttSubscriber::OnConnect(mosquitto* client, void* self, int code) {
  if (code != 0) return;
  const Options& options = static_cast<MqttSubscriber*>(self)->options_;
  for (const std::string& filter : options.topic_filters) {
    mosquitto_subscribe(client, nullptr, filter.c_str(), options.qos);
  }
}

void MqttSubscriber::OnDisconnect(mosquitto*, void* self, int) {
  auto* subscriber = static_cast<MqttSubscriber*>(self);
  MutexLock lock(&subscriber->mutex_);
  subscriber->confirmed_ = 0;
}

void MqttSubscriber::OnSubscribe(mosquitto*, void* self, int, int, const int*) {
  auto* subscriber = static_cast<MqttSubscriber*>(self);
  MutexLock lock(&subscriber->mutex_);
  ++subscriber->confirmed_;
  subscriber->changed_.SignalAll();
}

void MqttSubscriber::OnMessage(mosquitto*, void* self,
                               const mosquitto_message* message) {
  auto* subscriber = static_cast<MqttSubscriber*>(self);
  ReceivedMessage received;
  received.topic = message->topic;
  received.payload.assign(static_cast<const char*>(message->payload),
                          static_cast<size_t>(message->payloadlen));
  received.qos = message->qos;
  received.retain = message->retain;
  received.time = absl::Now();
  MutexLock lock(&subscriber->mutex_);
  subscriber->messages_.push_back(std::move(received));
  subscriber->changed_.SignalAll();
}

}  // namespace mqttpush
