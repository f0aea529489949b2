#include "workers/worker/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/limits.h"
#include "common/status_macros.h"
#include "workers/process/clean_text.h"
#include "workers/worker/proto_time.h"

namespace mqttpush {
namespace {

// A file is written anew when it has grown by this much, or to four times what
// it would need.
constexpr size_t kCompactBytes = 4 << 20;

// Deliveries that ended without this link, as by expiry, leave their doubt
// behind: it is kept of so many.
constexpr size_t kMaxUncertain = 10 * limits::kMaxInFlight;

// PUBLISH of QoS 1: type 3, and 1 in bits 2 and 1 (MQTT 5, section 3.3.1).
bool IsQos1(absl::string_view packet) {
  return !packet.empty() && (packet[0] & 0xF6) == 0x32;
}

// Of PUBREL: "sc-7", "sc5-7".
bool IsReleaseKey(absl::string_view key) {
  return key.size() > 1 && key[1] == 'c';
}

// Why the file of another process is not to be trusted; empty when it is.
std::string WhyNotTrusted(const std::vector<wire::SessionRecord>& records,
                          const std::string& identity,
                          const std::string& boot_id) {
  const wire::SessionOpened* opened = nullptr;
  for (const wire::SessionRecord& record : records) {
    if (record.has_opened()) opened = &record.opened();
  }
  if (opened == nullptr) return "";
  if (opened->identity() != identity) {
    return "the session belonged to another broker address, client id or "
           "protocol version: exactly once could not be kept, the message may "
           "arrive twice";
  }
  if (opened->boot_id() != boot_id && !records.back().has_closed()) {
    return "the machine was restarted, and the session's last state may not "
           "have reached the disk: exactly once could not be kept, the message "
           "may arrive twice";
  }
  return "";
}

}  // namespace

int PacketIdOfKey(absl::string_view key) {
  const size_t dash = key.find('-');
  int packet_id = 0;
  if (key.empty() || key[0] != 's' || dash == absl::string_view::npos ||
      !absl::SimpleAtoi(key.substr(dash + 1), &packet_id)) {
    return 0;
  }
  return packet_id;
}

absl::StatusOr<std::unique_ptr<Session>> Session::Open(Options options) {
  std::unique_ptr<Session> session(new Session(std::move(options)));
  MutexLock lock(&session->mutex_);
  MQTTPUSH_RETURN_IF_ERROR(session->Load());
  return session;
}

Session::~Session() {
  if (connecting()) options_.on_connecting(false);
}

absl::Status Session::Load() {
  MQTTPUSH_ASSIGN_OR_RETURN(file_, SessionFile::Lock(options_.path));
  MQTTPUSH_ASSIGN_OR_RETURN(std::vector<wire::SessionRecord> records,
                            SessionFile::Read(options_.path));
  for (const wire::SessionRecord& record : records) Apply(record);
  const std::string why =
      WhyNotTrusted(records, options_.identity, options_.boot_id);
  if (!why.empty()) {
    ApplyBroken(why);
    probed_ = false;  // perhaps by another broker
  }
  MQTTPUSH_RETURN_IF_ERROR(Compact());
  // Or a power failure could bring the old file back, which was closed.
  return file_.Sync();
}

bool Session::established() const {
  MutexLock lock(&mutex_);
  return established_;
}

void Session::SetEstablished() {
  MutexLock lock(&mutex_);
  if (established_) return;
  wire::SessionRecord record;
  record.mutable_established();
  Record(std::move(record));
}

bool Session::probed() const {
  MutexLock lock(&mutex_);
  return probed_;
}

void Session::SetProbed() {
  MutexLock lock(&mutex_);
  if (probed_) return;
  wire::SessionRecord record;
  record.mutable_probed();
  Record(std::move(record));
}

void Session::Bind(int packet_id, const wire::Publish& message) {
  Bound bound;
  bound.delivery = DeliveryKey::Of(message.delivery());
  bound.sent_as.set_topic(message.topic());
  bound.sent_as.set_qos(message.qos());
  bound.sent_as.set_subscription_revision(message.subscription_revision());
  MutexLock lock(&mutex_);
  bound_[packet_id] = std::move(bound);
}

void Session::Put(const std::string& key, std::string packet) {
  const int packet_id = PacketIdOfKey(key);
  if (packet_id == 0) return;
  MutexLock lock(&mutex_);
  if (IsQos1(packet)) {
    bound_.erase(packet_id);
    return;
  }
  auto known = in_flight_.find(packet_id);
  // A repetition differs in its DUP flag only.
  if (known != in_flight_.end() && known->second.packets.count(key) > 0) return;
  wire::SessionRecord record;
  wire::SessionPacket& stored = *record.mutable_packet();
  stored.set_key(key);
  stored.set_packet(std::move(packet));
  if (auto bound = bound_.find(packet_id); bound != bound_.end()) {
    *stored.mutable_delivery() = ToProto(bound->second.delivery);
    *stored.mutable_sent_as() = std::move(bound->second.sent_as);
    bound_.erase(bound);
  }
  Record(std::move(record));
}

std::optional<std::string> Session::Get(const std::string& key) const {
  MutexLock lock(&mutex_);
  auto message = in_flight_.find(PacketIdOfKey(key));
  if (message == in_flight_.end()) return std::nullopt;
  auto packet = message->second.packets.find(key);
  if (packet == message->second.packets.end()) return std::nullopt;
  return packet->second;
}

std::vector<std::string> Session::Keys() const {
  std::vector<std::string> keys;
  MutexLock lock(&mutex_);
  for (const auto& [packet_id, message] : in_flight_) {
    if (deferred_.count(packet_id) > 0) continue;
    for (const auto& [key, packet] : message.packets) keys.push_back(key);
  }
  return keys;
}

void Session::End(int packet_id, const WireEvidence& evidence) {
  MutexLock lock(&mutex_);
  auto found = in_flight_.find(packet_id);
  if (found == in_flight_.end()) return;
  may_defer_ = true;
  const InFlight& message = found->second;
  wire::SessionRecord record;
  wire::SessionEnd& end = *record.mutable_ended();
  *end.mutable_delivery() = ToProto(message.delivery);
  end.set_packet_id(packet_id);
  end.set_rejected(evidence.rejected);
  end.set_reason_code(evidence.reason_code);
  end.set_reason_string(
      CleanText(evidence.reason_string, limits::kMaxErrorMessageBytes));
  end.set_duplicate_flag(evidence.duplicate_flag);
  end.set_publish_time_us(ToMicros(evidence.publish_time));
  end.set_pubrec_time_us(ToMicros(evidence.pubrec_time));
  end.set_ack_time_us(ToMicros(evidence.ack_time));
  end.set_broker_address(evidence.broker_address);
  end.set_session_present(evidence.session_present);
  end.set_connection(evidence.connection);
  *end.mutable_sent_as() = message.sent_as;
  if (evidence.downgraded) {
    end.set_warning(kDowngraded);
  } else if (auto why = uncertain_.find(message.delivery);
             why != uncertain_.end()) {
    end.set_warning(why->second);
  }
  Record(std::move(record));
}

void Session::BeginConnection() {
  MutexLock lock(&mutex_);
  Defer();
  if (!AnyReleased()) return;
  wire::SessionRecord record;
  record.mutable_connecting();
  Record(std::move(record));
  options_.on_connecting(true);
}

void Session::EndConnection() {
  MutexLock lock(&mutex_);
  if (!connecting_) return;
  wire::SessionRecord record;
  record.mutable_connected();
  Record(std::move(record));
  options_.on_connecting(false);
}

void Session::LeaveConnection() {
  if (connecting()) options_.on_connecting(false);
}

void Session::Defer() {
  deferred_.clear();
  if (!may_defer_) return;
  int last = 0;
  for (const auto& [order, packet_id] : PacketIdsByOrder()) {
    // And all that follows.
    if (packet_id < last || !deferred_.empty()) deferred_.insert(packet_id);
    last = packet_id;
  }
}

std::map<int64_t, int> Session::PacketIdsByOrder() const {
  std::map<int64_t, int> by_order;
  for (const auto& [packet_id, message] : in_flight_) {
    by_order[message.order] = packet_id;
  }
  return by_order;
}

int Session::deferred() const {
  MutexLock lock(&mutex_);
  return static_cast<int>(deferred_.size());
}

void Session::DeferNone() {
  MutexLock lock(&mutex_);
  may_defer_ = false;
}

bool Session::connecting() const {
  MutexLock lock(&mutex_);
  return connecting_;
}

bool Session::HasReleased() const {
  MutexLock lock(&mutex_);
  return AnyReleased();
}

void Session::Break(const std::string& why) {
  MutexLock lock(&mutex_);
  if (in_flight_.empty()) return;
  wire::SessionRecord record;
  record.mutable_broken()->set_why(why);
  Record(std::move(record));
}

std::vector<StoredMessage> Session::ListInFlight() const {
  std::map<int64_t, StoredMessage> by_order;
  MutexLock lock(&mutex_);
  for (const auto& [packet_id, message] : in_flight_) {
    StoredMessage& stored = by_order[message.order];
    stored = {message.delivery, packet_id, 0, message.sent_as};
    for (const auto& [key, packet] : message.packets) {
      stored.bytes += packet.size();
    }
  }
  std::vector<StoredMessage> messages;
  for (auto& [order, stored] : by_order) messages.push_back(std::move(stored));
  return messages;
}

std::optional<wire::SessionEnd> Session::FindEnded(DeliveryKey delivery) const {
  MutexLock lock(&mutex_);
  auto found = ended_.find(delivery);
  if (found == ended_.end()) return std::nullopt;
  return found->second;
}

std::vector<DeliveryKey> Session::ListEnded() const {
  std::vector<DeliveryKey> ended;
  MutexLock lock(&mutex_);
  for (const auto& [delivery, end] : ended_) ended.push_back(delivery);
  return ended;
}

void Session::Forget(const std::vector<DeliveryKey>& deliveries) {
  wire::SessionRecord record;
  MutexLock lock(&mutex_);
  for (DeliveryKey delivery : deliveries) {
    if (ended_.count(delivery) == 0) continue;
    *record.mutable_forgotten()->add_deliveries() = ToProto(delivery);
  }
  if (record.has_forgotten()) Record(std::move(record));
}

std::string Session::WhyUncertain(DeliveryKey delivery) const {
  MutexLock lock(&mutex_);
  auto found = uncertain_.find(delivery);
  if (found != uncertain_.end()) return found->second;
  // Paho's thread may have seen the end of what is in flight for the loop.
  auto ended = ended_.find(delivery);
  return ended == ended_.end() ? "" : ended->second.warning();
}

absl::Status Session::Close() {
  MutexLock lock(&mutex_);
  MQTTPUSH_RETURN_IF_ERROR(file_.Sync());
  wire::SessionRecord record;
  record.mutable_closed();
  MQTTPUSH_RETURN_IF_ERROR(file_.Append(record));
  return file_.Sync();
}

void Session::Apply(const wire::SessionRecord& record) {
  switch (record.record_case()) {
    case wire::SessionRecord::kEstablished:
      established_ = true;
      return;
    case wire::SessionRecord::kPacket:
      return ApplyPacket(record.packet());
    case wire::SessionRecord::kEnded: {
      const DeliveryKey delivery = DeliveryKey::Of(record.ended().delivery());
      // The number may have been used anew since.
      auto sent = in_flight_.find(record.ended().packet_id());
      if (sent != in_flight_.end() && sent->second.delivery == delivery) {
        in_flight_.erase(sent);
      }
      uncertain_.erase(delivery);
      // What nobody can ask for is not remembered.
      if (delivery != DeliveryKey()) ended_[delivery] = record.ended();
      return;
    }
    case wire::SessionRecord::kForgotten:
      for (const wire::DeliveryId& id : record.forgotten().deliveries()) {
        ended_.erase(DeliveryKey::Of(id));
      }
      return;
    case wire::SessionRecord::kConnecting:
      return ApplyConnecting();
    case wire::SessionRecord::kConnected:
      connecting_ = false;
      return;
    case wire::SessionRecord::kProbed:
      probed_ = true;
      return;
    case wire::SessionRecord::kBroken:
      return ApplyBroken(record.broken().why());
    case wire::SessionRecord::kUncertain:
      Doubt(DeliveryKey::Of(record.uncertain().delivery()),
            record.uncertain().why());
      return;
    default:
      return;
  }
}

void Session::ApplyPacket(const wire::SessionPacket& packet) {
  InFlight& message = in_flight_[PacketIdOfKey(packet.key())];
  if (message.order == 0) message.order = next_order_++;
  if (packet.has_delivery()) {
    message.delivery = DeliveryKey::Of(packet.delivery());
    message.sent_as = packet.sent_as();
  }
  message.packets[packet.key()] = packet.packet();
}

void Session::ApplyConnecting() {
  if (std::exchange(connecting_, true)) {
    for (auto& [packet_id, message] : in_flight_) {
      const size_t released = std::erase_if(
          message.packets,
          [](const auto& packet) { return IsReleaseKey(packet.first); });
      if (released > 0) Doubt(message.delivery, kUnanswered);
    }
  }
}

bool Session::AnyReleased() const {
  for (const auto& [packet_id, message] : in_flight_) {
    for (const auto& [key, packet] : message.packets) {
      if (IsReleaseKey(key)) return true;
    }
  }
  return false;
}

void Session::ApplyBroken(const std::string& why) {
  for (const auto& [packet_id, message] : in_flight_) {
    Doubt(message.delivery, why);
  }
  in_flight_.clear();
  deferred_.clear();
  established_ = false;
}

void Session::Doubt(DeliveryKey delivery, const std::string& why) {
  uncertain_[delivery] = why;
  if (uncertain_.size() <= kMaxUncertain) return;
  uncertain_.erase(std::min_element(
      uncertain_.begin(), uncertain_.end(), [](const auto& a, const auto& b) {
        return a.first.event_seq < b.first.event_seq;
      }));
}

void Session::Record(wire::SessionRecord record) {
  Apply(record);
  absl::Status written = file_.Append(record);
  if (written.ok() && file_.bytes() > compacted_bytes_ + kCompactBytes &&
      file_.bytes() > 4 * compacted_bytes_) {
    written = Compact();
  }
  if (!written.ok()) options_.on_broken(written);
}

absl::Status Session::Compact() {
  std::vector<wire::SessionRecord> records(1);
  records[0].mutable_opened()->set_identity(options_.identity);
  records[0].mutable_opened()->set_boot_id(options_.boot_id);
  auto add = [&records]() -> wire::SessionRecord& {
    return records.emplace_back();
  };
  if (established_) add().mutable_established();
  if (probed_) add().mutable_probed();
  if (connecting_) add().mutable_connecting();
  std::map<int64_t, const InFlight*> by_order;
  for (const auto& [packet_id, message] : in_flight_) {
    by_order[message.order] = &message;
  }
  for (const auto& [order, message] : by_order) {
    for (const auto& [key, packet] : message->packets) {
      wire::SessionPacket& stored = *add().mutable_packet();
      stored.set_key(key);
      stored.set_packet(packet);
      *stored.mutable_delivery() = ToProto(message->delivery);
      *stored.mutable_sent_as() = message->sent_as;
    }
  }
  for (const auto& [delivery, end] : ended_) *add().mutable_ended() = end;
  for (const auto& [delivery, why] : uncertain_) {
    wire::SessionUncertain& uncertain = *add().mutable_uncertain();
    *uncertain.mutable_delivery() = ToProto(delivery);
    uncertain.set_why(why);
  }
  MQTTPUSH_ASSIGN_OR_RETURN(file_,
                            SessionFile::Replace(options_.path, records));
  compacted_bytes_ = file_.bytes();
  return absl::OkStatus();
}

}  // namespace mqttpush
