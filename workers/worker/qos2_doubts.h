// Qos2Doubts: what an MQTT 3.1.1 broker means by ending connections on QoS 2.
#ifndef MQTTPUSH_WORKERS_WORKER_QOS2_DOUBTS_H_
#define MQTTPUSH_WORKERS_WORKER_QOS2_DOUBTS_H_

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "common/limits.h"
#include "workers/worker/delivery_key.h"

namespace mqttpush {

// Over MQTT 3.1.1 a broker cannot say that it takes no QoS 2, nor how many
// messages at once: it closes the connection (mosquitto 2.0.11 with `max_qos 1`
// or a `max_inflight_messages` below 20), after an acknowledgement that must
// not be believed. What it was seen to do is remembered until the settings of
// the connection change, but that it takes no QoS 2 is tried again now and then
// (worker.cc). Pure; not thread-safe.
class Qos2Doubts {
 public:
  // So many different messages, with no answer to any, make a broker that takes
  // QoS 1 only.
  static constexpr int kMessagesBeforeVerdict = 2;
  // So many answers since the last time make an end of the connection chance.
  static constexpr int kReassuringAnswers = 1000;
  // After so many answers the whole window is tried again, which costs a
  // message where the broker bears less. So many times.
  static constexpr int kTrials = 3;

  // The broker ended a connection on `delivery`, of QoS 2, with so many of QoS
  // 2 in flight.
  void Cut(DeliveryKey delivery, int in_flight) {
    if (!answered_ever_) cut_.insert(delivery);
    ++cuts_;
    if (in_flight > 1 && answers_ < kReassuringAnswers) {
      window_ = std::max(1, std::min(window_, in_flight) / 2);
      failed_trials_ += std::exchange(on_trial_, false);
    }
    answers_ = 0;
  }
  void Answered() {
    answered_ever_ = true;
    cut_.clear();
    cuts_ = 0;
    if (++answers_ != kReassuringAnswers) return;
    if (std::exchange(on_trial_, false)) failed_trials_ = 0;
    if (window_ == kWindow || failed_trials_ == kTrials) return;
    window_ = kWindow;
    on_trial_ = true;
    answers_ = 0;
  }

  // It may have been mended.
  void GiveAnotherChance() { cut_.clear(); }

  // How many messages may be in flight beside one of QoS 2, that included.
  int window() const { return window_; }
  // 1 when it does not take QoS 2.
  int maximum_qos() const {
    return static_cast<int>(cut_.size()) < kMessagesBeforeVerdict ? 2 : 1;
  }
  // What to put behind the words of a loss; empty for nothing.
  std::string hint() const {
    if (cuts_ >= 2) {
      return "; the broker may not allow QoS 2, or not so many messages at "
             "once (max_in_flight): it has ended the connection on it again "
             "and again";
    }
    if (window_ < kWindow && failed_trials_ > 0) {
      return "; the broker may not allow so many messages of QoS 2 at once: "
             "try a lower max_in_flight";
    }
    return "";
  }

 private:
  std::set<DeliveryKey> cut_;  // without an answer to any
  int cuts_ = 0;               // in a row
  bool answered_ever_ = false;
  int answers_ = 0;  // since the last cut
  static constexpr int kWindow = limits::kMaxInFlightQos2Mqtt311;
  int window_ = kWindow;
  bool on_trial_ = false;  // the window is whole again since so few answers
  int failed_trials_ = 0;  // in a row
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_QOS2_DOUBTS_H_
