#include "demo/fleet.h"

#include <fstream>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "rapidjson/reader.h"

namespace mqttpush::demo {
namespace {

// Picks the strings that the demo needs out of an envelope, and remembers where
// the payload's text begins and ends: parsing and writing it again would not
// keep its bytes.
class EnvelopeHandler
    : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, EnvelopeHandler> {
 public:
  explicit EnvelopeHandler(const rapidjson::StringStream& stream)
      : stream_(stream) {}

  bool StartObject() {
    if (++depth_ == 2 && key_ == "payload") begin_ = stream_.Tell() - 1;
    in_payload_ |= depth_ == 2 && key_ == "payload";
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    if (--depth_ == 1 && in_payload_) {
      end_ = stream_.Tell();
      in_payload_ = false;
    }
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ == 1 || (depth_ == 2 && in_payload_)) key_.assign(text, size);
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ == 1) strings_[key_].assign(text, size);
    if (depth_ == 2 && in_payload_) payload_strings_[key_].assign(text, size);
    return true;
  }

  std::string Envelope(const std::string& key) const {
    return At(strings_, key);
  }
  std::string Payload(const std::string& key) const {
    return At(payload_strings_, key);
  }
  size_t begin() const { return begin_; }
  size_t end() const { return end_; }

 private:
  using Strings = std::map<std::string, std::string>;
  static std::string At(const Strings& strings, const std::string& key) {
    const auto found = strings.find(key);
    return found == strings.end() ? "" : found->second;
  }

  const rapidjson::StringStream& stream_;
  int depth_ = 0;
  bool in_payload_ = false;
  std::string key_;  // the last one outside of nested objects
  Strings strings_;
  Strings payload_strings_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

// "sensordata.0" is SENSOR_DATA.
v1::ObjectType TypeOfFlow(const std::string& flow_type) {
  for (int number = v1::ASSET; number <= v1::GTOEM_DATA; ++number) {
    const auto type = static_cast<v1::ObjectType>(number);
    if (absl::StartsWith(flow_type, TopicName(type) + ".")) return type;
  }
  return v1::OBJECT_TYPE_UNSPECIFIED;
}

absl::StatusOr<FleetEvent> ParseEnvelope(const std::string& line) {
  rapidjson::StringStream stream(line.c_str());
  EnvelopeHandler handler(stream);
  rapidjson::Reader reader;
  if (reader.Parse(stream, handler).IsError() || handler.end() == 0) {
    return absl::InvalidArgumentError("no envelope with a payload");
  }
  FleetEvent event;
  event.event_id = handler.Envelope("eventId");
  event.object_type = TypeOfFlow(handler.Envelope("flowType"));
  event.owner_id = handler.Payload("ownerId");
  event.asset_id =
      handler.Payload(event.object_type == v1::ASSET ? "id" : "assetId");
  event.payload = line.substr(handler.begin(), handler.end() - handler.begin());
  if (event.object_type == v1::OBJECT_TYPE_UNSPECIFIED) {
    return absl::InvalidArgumentError("unknown flowType");
  }
  return event;
}

}  // namespace

absl::StatusOr<std::vector<FleetEvent>> LoadFleet(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::vector<FleetEvent> events;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty()) continue;
    absl::StatusOr<FleetEvent> event = ParseEnvelope(line);
    if (!event.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ":", events.size() + 1, ": ", event.status().message()));
    }
    events.push_back(*std::move(event));
  }
  return events;
}

std::string TopicName(v1::ObjectType type) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(v1::ObjectType_Name(type)),
                             {{"_", ""}});
}

}  // namespace mqttpush::demo
