#include "services/ingest/payload_handler.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/utf8.h"

namespace mqttpush {
namespace {

// Keys are the producer's: paths show the beginning of long ones.
constexpr size_t kMaxShownKeyBytes = 64;

absl::string_view ShownKey(absl::string_view key) {
  if (FindInvalidUtf8(key) != absl::string_view::npos) return "?";
  if (key.size() <= kMaxShownKeyBytes) return key;
  const absl::string_view begin = key.substr(0, kMaxShownKeyBytes);
  return begin.substr(0, FindInvalidUtf8(begin));
}

}  // namespace

PayloadHandler::PayloadHandler(const ObjectSchema& schema,
                               absl::string_view payload,
                               const PayloadStream& stream, KeySet& keys)
    : schema_(schema),
      payload_(payload),
      stream_(stream),
      keys_(keys),
      has_escapes_(absl::StrContains(payload, '\\')) {
  keys_.Clear();
}

// The text comes from the payload itself: RapidJSON 1.1.0 points behind it when
// it parses in situ.
bool PayloadHandler::RawNumber(const char*, unsigned length, bool) {
  return Value(JsonKind::kNumber,
               payload_.substr(stream_.Tell() - length, length));
}

bool PayloadHandler::String(const char* text, unsigned length, bool) {
  const absl::string_view value(text, length);
  if (!Value(JsonKind::kString, value)) return false;
  CheckSurrogates(value);
  return true;
}

bool PayloadHandler::Key(const char* text, unsigned length, bool) {
  const absl::string_view key(text, length);
  levels_[depth_ - 1].key = key;
  if (!keys_.Insert(key)) Add(Path(), "duplicate key");
  CheckSurrogates(key);
  if (depth_ > 1) return true;
  rule_ = schema_.Find(key, next_rule_);
  if (rule_ >= 0) {
    seen_ |= uint64_t{1} << rule_;
    next_rule_ = rule_ + 1;
  }
  return true;
}

bool PayloadHandler::StartObject() {
  if (!Open(JsonKind::kObject)) return false;
  keys_.BeginObject();
  return true;
}

bool PayloadHandler::EndObject(unsigned) {
  keys_.EndObject();
  --depth_;
  return true;
}

bool PayloadHandler::StartArray() { return Open(JsonKind::kArray); }

bool PayloadHandler::EndArray(unsigned) {
  --depth_;
  return true;
}

bool PayloadHandler::Open(JsonKind kind) {
  const bool is_root = depth_ == 0 && kind == JsonKind::kObject;
  if (!is_root && !Value(kind, "")) return false;
  if (depth_ == limits::kMaxJsonDepth) {
    AddViolation(absl::StrCat("must not be nested deeper than ",
                              limits::kMaxJsonDepth, " levels"));
    return false;
  }
  const bool of_strings = kind == JsonKind::kArray && IsStringArray();
  levels_[depth_++] = {.is_array = kind == JsonKind::kArray,
                       .of_strings = of_strings,
                       .index = -1,
                       .key = {}};
  return true;
}

bool PayloadHandler::IsStringArray() const {
  return depth_ == 1 && rule_ >= 0 &&
         schema_.rules()[rule_].type == FieldType::kStringArray;
}

bool PayloadHandler::Value(JsonKind kind, absl::string_view text) {
  if (depth_ == 0) {
    AddViolation("must be a JSON object");
    return false;
  }
  Level& level = levels_[depth_ - 1];
  if (level.is_array) {
    ++level.index;
    if (level.of_strings && kind != JsonKind::kString) {
      Add(Path(), "must be a string");
    }
  } else if (depth_ == 1 && rule_ >= 0) {
    CheckField(kind, text);
  }
  return true;
}

void PayloadHandler::CheckField(JsonKind kind, absl::string_view text) {
  const FieldRule& rule = schema_.rules()[rule_];
  std::string broken = CheckValue(rule, kind, text);
  if (!broken.empty()) {
    Add(Path(), std::move(broken));
  } else if (rule.role != FieldRole::kNone) {
    ids_[static_cast<size_t>(rule.role)] = text;
  }
}

// JSON's grammar allows "\udc00" alone, but no UTF-8 text can hold it.
// (RapidJSON itself refuses a high surrogate alone.)
void PayloadHandler::CheckSurrogates(absl::string_view text) {
  if (!has_escapes_ || FindInvalidUtf8(text) == absl::string_view::npos) return;
  Add(Path(), "must not have an unpaired surrogate");
}

void PayloadHandler::CheckRequired() {
  const uint64_t missing = schema_.required() & ~seen_;
  for (size_t i = 0; missing >> i != 0; ++i) {
    if ((missing >> i & 1) == 0) continue;
    Add(absl::StrCat("payload.", schema_.rules()[i].name), "required");
  }
}

void PayloadHandler::AddViolation(std::string description) {
  Add("payload", std::move(description));
}

void PayloadHandler::AddViolationOfNextValue(std::string description) {
  if (depth_ > 0) ++levels_[depth_ - 1].index;
  Add(Path(), std::move(description));
}

void PayloadHandler::Add(std::string field, std::string description) {
  if (violations_.size() >= kMaxViolations) return;
  violations_.push_back({std::move(field), std::move(description)});
}

std::string PayloadHandler::Path() const {
  std::string path = "payload";
  for (int i = 0; i < depth_; ++i) {
    if (levels_[i].is_array) {
      absl::StrAppend(&path, "[", levels_[i].index, "]");
    } else {
      absl::StrAppend(&path, ".", ShownKey(levels_[i].key));
    }
  }
  return path;
}

}  // namespace mqttpush
