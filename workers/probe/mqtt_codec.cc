#include "workers/probe/mqtt_codec.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "workers/probe/mqtt_properties.h"

namespace mqttpush::mqtt {
namespace {

// Flags of CONNECT; MQTT 5, section 3.1.2.
constexpr int kCleanStart = 0x02;
constexpr int kHasPassword = 0x40;
constexpr int kHasUsername = 0x80;
// Far above any answer to a probe.
constexpr size_t kMostBody = 64 << 10;

std::string Number(uint32_t number, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(number >> shift & 0xFF));
  }
  return out;
}

std::string VariableNumber(size_t number) {
  std::string out;
  do {
    const int more = number >= 0x80 ? 0x80 : 0;
    out.push_back(static_cast<char>((number & 0x7F) | more));
    number >>= 7;
  } while (number > 0);
  return out;
}

std::string Text(absl::string_view text) {
  return absl::StrCat(Number(static_cast<uint32_t>(text.size()), 2), text);
}

std::string Frame(Type type, int flags, absl::string_view body) {
  const int first = static_cast<int>(type) << 4 | flags;
  return absl::StrCat(Number(static_cast<uint32_t>(first), 1),
                      VariableNumber(body.size()), body);
}

absl::Status Malformed(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("the broker sent a malformed packet: ", what));
}

Type TypeOf(char header) {
  return static_cast<Type>(static_cast<uint8_t>(header) >> 4);
}

worker::v1::BrokerLimits LimitsOf(const Properties& properties) {
  worker::v1::BrokerLimits limits;
  limits.set_told(true);
  limits.set_maximum_qos(
      static_cast<int>(properties.NumberOr(Properties::kMaximumQos, 2)));
  limits.set_retain_available(
      properties.NumberOr(Properties::kRetainAvailable, 1) != 0);
  limits.set_maximum_packet_size(
      properties.NumberOr(Properties::kMaximumPacketSize, 0));
  limits.set_receive_maximum(static_cast<int>(
      properties.NumberOr(Properties::kReceiveMaximum, 65535)));
  limits.set_server_keep_alive(
      static_cast<int>(properties.NumberOr(Properties::kServerKeepAlive, -1)));
  limits.set_assigned_client_id(properties.Text(Properties::kAssignedClientId));
  limits.set_topic_alias_maximum(
      static_cast<int>(properties.NumberOr(Properties::kTopicAliasMaximum, 0)));
  limits.set_session_expiry(
      properties.NumberOr(Properties::kSessionExpiry, -1));
  return limits;
}

worker::v1::BrokerLimits UntoldLimits() {
  worker::v1::BrokerLimits limits;
  limits.set_maximum_qos(2);
  limits.set_retain_available(true);
  limits.set_receive_maximum(65535);
  limits.set_server_keep_alive(-1);
  limits.set_session_expiry(-1);
  return limits;
}

}  // namespace

std::string Encode(const Connect& connect) {
  const bool login = !connect.username.empty();
  const int flags = kCleanStart | (login ? kHasUsername | kHasPassword : 0);
  std::string body =
      absl::StrCat(Text("MQTT"), Number(connect.level, 1), Number(flags, 1),
                   Number(connect.keep_alive, 2));
  if (connect.level == kLevel5) {
    std::string properties;
    if (connect.session_expiry > 0) {
      properties = absl::StrCat(Number(Properties::kSessionExpiry, 1),
                                Number(connect.session_expiry, 4));
    }
    absl::StrAppend(&body, VariableNumber(properties.size()), properties);
  }
  absl::StrAppend(&body, Text(connect.client_id));
  if (login) {
    absl::StrAppend(&body, Text(connect.username), Text(connect.password));
  }
  return Frame(Type::kConnect, 0, body);
}

std::string EncodePublish(int level, absl::string_view topic, int qos,
                          int packet_id, absl::string_view payload) {
  const std::string no_properties(1, '\0');
  return Frame(Type::kPublish, qos << 1,
               absl::StrCat(Text(topic), qos > 0 ? Number(packet_id, 2) : "",
                            level == kLevel5 ? no_properties : "", payload));
}

std::string EncodePubrel(int packet_id) {
  return Frame(Type::kPubrel, 0x02, Number(packet_id, 2));
}

std::string EncodePingreq() { return Frame(Type::kPingreq, 0, ""); }

std::string EncodeDisconnect(int level) {
  if (level != kLevel5) return Frame(Type::kDisconnect, 0, "");
  const std::string end_session =
      absl::StrCat(Number(Properties::kSessionExpiry, 1), Number(0, 4));
  return Frame(Type::kDisconnect, 0,
               absl::StrCat(Number(0, 1), VariableNumber(end_session.size()),
                            end_session));
}

absl::StatusOr<Connack> ParseConnack(absl::string_view body, int level) {
  Cursor cursor(body);
  const auto flags = cursor.Number(1);
  const auto code = cursor.Number(1);
  if (!flags.has_value() || !code.has_value()) return Malformed("CONNACK");
  Connack connack;
  connack.code = static_cast<int>(*code);
  connack.limits = UntoldLimits();
  // A broker that does not know MQTT 5 refuses it in the words of MQTT 3.1.1.
  if (level != kLevel5 || cursor.empty()) return connack;
  const auto properties = Properties::Parse(cursor);
  if (!properties.has_value()) return Malformed("CONNACK");
  connack.reason_string = properties->Text(Properties::kReasonString);
  connack.limits = LimitsOf(*properties);
  return connack;
}

absl::StatusOr<Answer> ParseAnswer(Type type, absl::string_view body,
                                   int level) {
  Cursor cursor(body);
  Answer answer;
  if (type != Type::kDisconnect) {
    const auto packet_id = cursor.Number(2);
    if (!packet_id.has_value()) return Malformed("without a packet id");
    answer.packet_id = static_cast<int>(*packet_id);
  }
  if (level != kLevel5) return answer;
  answer.code = static_cast<int>(cursor.Number(1).value_or(0));
  if (cursor.empty()) return answer;
  const auto properties = Properties::Parse(cursor);
  if (!properties.has_value()) return Malformed("its properties");
  answer.reason_string = properties->Text(Properties::kReasonString);
  return answer;
}

bool PacketReader::MayBe(Type type) const {
  return buffer_.empty() || TypeOf(buffer_[0]) == type;
}

absl::StatusOr<std::optional<Packet>> PacketReader::Next() {
  if (buffer_.empty()) return std::nullopt;
  Packet packet;
  packet.type = TypeOf(buffer_[0]);
  Cursor cursor(absl::string_view(buffer_).substr(1));
  const auto size = cursor.VariableNumber();
  if (!size.has_value()) {
    if (buffer_.size() > 4) return Malformed("its length");
    return std::nullopt;
  }
  if (*size > kMostBody) {
    return Malformed(absl::StrCat("of ", *size, " bytes"));
  }
  const auto body = cursor.Bytes(*size);
  if (!body.has_value()) return std::nullopt;
  packet.body = std::string(*body);
  buffer_.erase(0, static_cast<size_t>(body->data() - buffer_.data()) + *size);
  return packet;
}

}  // namespace mqttpush::mqtt
