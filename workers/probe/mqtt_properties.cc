#include "workers/probe/mqtt_properties.h"

#include <utility>

namespace mqttpush::mqtt {
namespace {

constexpr int kUserProperty = 0x26;

enum class Form { kUnknown, kByte, kTwoBytes, kFourBytes, kVariable, kText };

// MQTT 5, table 2-4, but for the user property, which is a pair.
Form FormOf(uint32_t identifier) {
  switch (identifier) {
    case 0x01:
    case 0x17:
    case 0x19:
    case 0x24:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2A:
      return Form::kByte;
    case 0x13:
    case 0x21:
    case 0x22:
    case 0x23:
      return Form::kTwoBytes;
    case 0x02:
    case 0x11:
    case 0x18:
    case 0x27:
      return Form::kFourBytes;
    case 0x0B:
      return Form::kVariable;
    case 0x03:
    case 0x08:
    case 0x09:
    case 0x12:
    case 0x15:
    case 0x16:
    case 0x1A:
    case 0x1C:
    case 0x1F:
      return Form::kText;
    default:
      return Form::kUnknown;
  }
}

std::optional<uint32_t> TakeNumber(Cursor& list, Form form) {
  switch (form) {
    case Form::kByte:
      return list.Number(1);
    case Form::kTwoBytes:
      return list.Number(2);
    case Form::kFourBytes:
      return list.Number(4);
    case Form::kVariable:
      return list.VariableNumber();
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<uint32_t> Cursor::Number(int bytes) {
  const auto taken = Bytes(static_cast<size_t>(bytes));
  if (!taken.has_value()) return std::nullopt;
  uint32_t number = 0;
  for (const char byte : *taken) {
    number = number << 8 | static_cast<uint8_t>(byte);
  }
  return number;
}

std::optional<uint32_t> Cursor::VariableNumber() {
  uint32_t number = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    const auto byte = Number(1);
    if (!byte.has_value()) return std::nullopt;
    number |= (*byte & 0x7F) << shift;
    if (*byte < 0x80) return number;
  }
  return std::nullopt;
}

std::optional<std::string> Cursor::Text() {
  const auto size = Number(2);
  if (!size.has_value()) return std::nullopt;
  const auto bytes = Bytes(*size);
  if (!bytes.has_value()) return std::nullopt;
  return std::string(*bytes);
}

std::optional<absl::string_view> Cursor::Bytes(size_t count) {
  if (count > rest_.size()) return std::nullopt;
  const absl::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::optional<Properties> Properties::Parse(Cursor& packet) {
  const auto size = packet.VariableNumber();
  if (!size.has_value()) return std::nullopt;
  const auto bytes = packet.Bytes(*size);
  if (!bytes.has_value()) return std::nullopt;
  Properties properties;
  for (Cursor list(*bytes); !list.empty();) {
    if (!properties.ParseOne(list)) return std::nullopt;
  }
  return properties;
}

bool Properties::ParseOne(Cursor& list) {
  const auto identifier = list.VariableNumber();
  if (!identifier.has_value()) return false;
  if (*identifier == kUserProperty) {
    return list.Text().has_value() && list.Text().has_value();
  }
  const Form form = FormOf(*identifier);
  if (form == Form::kText) {
    std::optional<std::string> text = list.Text();
    if (text.has_value()) texts_[*identifier] = *std::move(text);
    return texts_.contains(*identifier);
  }
  const auto number = TakeNumber(list, form);
  if (number.has_value()) numbers_[*identifier] = *number;
  return number.has_value();
}

int64_t Properties::NumberOr(int identifier, int64_t otherwise) const {
  const auto found = numbers_.find(identifier);
  return found == numbers_.end() ? otherwise : found->second;
}

std::string Properties::Text(int identifier) const {
  const auto found = texts_.find(identifier);
  return found == texts_.end() ? "" : found->second;
}

}  // namespace mqttpush::mqtt
