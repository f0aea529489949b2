#include "cli/event_line.h"

#include <map>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/words.h"
#include "rapidjson/error/en.h"
#include "rapidjson/reader.h"

namespace mqttpush::cli {
namespace {

// Keeps the texts of the outermost object, and where its `payload` begins and
// ends: parsing and writing it again would not keep its bytes.
class LineHandler
    : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, LineHandler> {
 public:
  explicit LineHandler(const rapidjson::StringStream& stream)
      : stream_(stream) {}

  // The iterative parser calls these two before it takes the brace.
  bool StartObject() {
    if (++depth_ == 1) is_object_ = true;
    if (depth_ == 2 && key_ == "payload") begin_ = stream_.Tell();
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    if (--depth_ == 1 && key_ == "payload") end_ = stream_.Tell() + 1;
    return true;
  }
  bool StartArray() { return ++depth_ > 0; }
  bool EndArray(rapidjson::SizeType) { return --depth_ >= 0; }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ == 1) key_.assign(text, size);
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ == 1) texts_[key_].assign(text, size);
    return true;
  }
  // Numbers are not read as such, so that none is too large.
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return true; }
  bool Default() { return true; }

  bool is_object() const { return is_object_; }
  // The first of these that is there.
  std::string Text(std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      const auto found = texts_.find(name);
      if (found != texts_.end()) return found->second;
    }
    return "";
  }
  size_t begin() const { return begin_; }
  size_t end() const { return end_; }

 private:
  const rapidjson::StringStream& stream_;
  int depth_ = 0;
  bool is_object_ = false;
  std::string key_;  // of the outermost object
  std::map<std::string, std::string> texts_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

absl::StatusOr<v1::ObjectType> TypeOf(const LineHandler& handler,
                                      v1::ObjectType given) {
  std::string word = handler.Text({"objectType", "object_type"});
  if (word.empty()) {
    // "location.0" without its version; the legacy name wins, as in Flowcore.
    const std::string flow = handler.Text({"aggregator", "flowType"});
    word = std::vector<std::string>(absl::StrSplit(flow, '.'))[0];
  }
  if (word.empty()) {
    if (given != v1::OBJECT_TYPE_UNSPECIFIED) return given;
    return absl::InvalidArgumentError(
        "has neither objectType nor flowType; --type gives one");
  }
  const auto type = ParseEnum(*v1::ObjectType_descriptor(), word);
  if (!type.ok()) return type.status();
  return static_cast<v1::ObjectType>(*type);
}

}  // namespace

absl::StatusOr<v1::Event> ParseEventLine(const std::string& line,
                                         v1::ObjectType type) {
  constexpr unsigned kFlags =
      rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag;
  rapidjson::StringStream stream(line.c_str());
  LineHandler handler(stream);
  rapidjson::Reader reader;
  const auto result = reader.Parse<kFlags>(stream, handler);
  if (result.IsError()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "is no JSON: ", rapidjson::GetParseError_En(result.Code())));
  }
  if (!handler.is_object()) {
    return absl::InvalidArgumentError("is no JSON object");
  }
  const auto object_type = TypeOf(handler, type);
  if (!object_type.ok()) return object_type.status();
  v1::Event event;
  event.set_object_type(*object_type);
  event.set_event_id(handler.Text({"eventId", "event_id"}));
  const std::string encoded = handler.Text({"payload"});
  if (handler.end() != 0) {
    event.set_payload(
        line.substr(handler.begin(), handler.end() - handler.begin()));
  } else if (!encoded.empty()) {
    if (!absl::Base64Unescape(encoded, event.mutable_payload())) {
      return absl::InvalidArgumentError(
          "payload: must be an object, or base64 of one");
    }
  } else if (type != v1::OBJECT_TYPE_UNSPECIFIED) {
    // The object itself: what it calls eventId is its own.
    event.clear_event_id();
    event.set_object_type(type);
    event.set_payload(line);
  } else {
    return absl::InvalidArgumentError("payload: required, an object");
  }
  return event;
}

}  // namespace mqttpush::cli
