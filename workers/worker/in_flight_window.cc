#include "workers/worker/in_flight_window.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/limits.h"

namespace mqttpush {

WindowLimits WindowLimits::For(int max_in_flight, int receive_maximum,
                               int protocol_level, int qos2) {
  WindowLimits limits;
  limits.messages = std::max(
      1, std::min({max_in_flight, receive_maximum, limits::kMaxInFlight}));
  limits.qos2_messages = limits.messages;
  if (protocol_level < 5) {
    limits.qos2_messages = std::min(limits.messages, qos2);
  }
  return limits;
}

bool InFlightWindow::CanSend() const {
  if (queue_.empty()) return false;
  if (in_flight() == 0) return true;  // one always fits, however large
  const wire::Publish& next = queue_.front();
  if (alone_ > 0 || next.alone()) return false;
  if (resumed_first_ && resumed_ > 0) return false;
  const size_t bytes = next.topic().size() + next.payload().size();
  if (slots_.size() >= kMaxSpan) return false;
  if (bytes_ + bytes > limits::kMaxInFlightBytes) return false;
  if (next.qos() == 0) return qos0_ < kMaxUnwrittenQos0;
  if (qos1_ + qos2_ >= std::min(limits_.messages, opened_)) return false;
  if (next.qos() == 1 && qos2_ == 0) return true;
  return unanswered() < limits_.qos2_messages;
}

wire::Publish InFlightWindow::Take() {
  wire::Publish message = std::move(queue_.front());
  queue_.pop_front();
  return message;
}

int64_t InFlightWindow::Start(const InFlightMessage& message) {
  slots_.push_back({message});
  Count(message, 1);
  if (message.token == 0) ++unasked_;
  return first_id_ + static_cast<int64_t>(slots_.size()) - 1;
}

void InFlightWindow::SetPacketId(int64_t id, int packet_id) {
  Slot* slot = Find(id);
  if (slot == nullptr || slot->done) return;
  slot->message.packet_id = packet_id;
  if (packet_id > 0) ids_[packet_id] = id;
}

std::optional<InFlightMessage> InFlightWindow::FinishPacket(int packet_id) {
  auto found = ids_.find(packet_id);
  return found == ids_.end() ? std::nullopt : Finish(found->second);
}

InFlightMessage* InFlightWindow::Adopt(DeliveryKey delivery, int64_t token,
                                       bool alone) {
  if (unasked_ == 0) return nullptr;
  for (Slot& slot : slots_) {
    InFlightMessage& message = slot.message;
    if (slot.done || message.token != 0 || message.delivery != delivery) {
      continue;
    }
    message.token = token;
    message.alone = alone;
    --unasked_;
    if (alone) ++alone_;
    return &message;
  }
  return nullptr;
}

bool InFlightWindow::overtaken() const {
  if (slots_.empty() || oldest().qos == 0) return false;
  return last_done_[oldest().qos] > first_id_;
}

std::optional<InFlightMessage> InFlightWindow::Finish(int64_t id) {
  Slot* slot = Find(id);
  if (slot == nullptr || slot->done) return std::nullopt;
  slot->done = true;
  InFlightMessage message = slot->message;
  Count(message, -1);
  if (message.token == 0) --unasked_;
  ids_.erase(message.packet_id);
  int64_t& last_done = last_done_[message.qos];
  last_done = std::max(last_done, id);
  opened_ = std::min(opened_ + 1, limits::kMaxInFlight);
  while (!slots_.empty() && slots_.front().done) {
    slots_.pop_front();
    ++first_id_;
  }
  return message;
}

std::vector<InFlightMessage> InFlightWindow::TakeInFlight() {
  std::vector<InFlightMessage> messages;
  for (const Slot& slot : slots_) {
    if (!slot.done) messages.push_back(slot.message);
  }
  first_id_ += static_cast<int64_t>(slots_.size());
  slots_.clear();
  ids_.clear();
  unasked_ = 0;
  qos0_ = qos1_ = qos2_ = alone_ = resumed_ = 0;
  bytes_ = 0;
  return messages;
}

std::vector<wire::Publish> InFlightWindow::TakeQueued() {
  std::vector<wire::Publish> messages(std::make_move_iterator(queue_.begin()),
                                      std::make_move_iterator(queue_.end()));
  queue_.clear();
  return messages;
}

InFlightWindow::Slot* InFlightWindow::Find(int64_t id) {
  const int64_t index = id - first_id_;
  if (index < 0 || index >= static_cast<int64_t>(slots_.size())) {
    return nullptr;
  }
  return &slots_[index];
}

void InFlightWindow::Count(const InFlightMessage& message, int sign) {
  (message.qos == 0 ? qos0_ : message.qos == 1 ? qos1_ : qos2_) += sign;
  if (message.alone) alone_ += sign;
  if (message.resumed) resumed_ += sign;
  bytes_ = sign > 0 ? bytes_ + message.bytes : bytes_ - message.bytes;
}

}  // namespace mqttpush
