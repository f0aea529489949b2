#include "services/ingest/object_validator.h"

#include <rapidjson/error/en.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/utf8.h"
#include "services/ingest/payload_stream.h"

namespace mqttpush {
namespace {

// Recursive, as the handler bounds the depth. Numbers as text: the values
// are not needed, and RapidJSON 1.1.0 reads outside of its table for exponents
// like 1e-2147483639 when it computes them.
constexpr unsigned kParseFlags = rapidjson::kParseInsituFlag |
                                 rapidjson::kParseNumbersAsStringsFlag |
                                 rapidjson::kParseStopWhenDoneFlag;

// The rule that the bytes break before they are looked at as JSON, or "".
std::string CheckBytes(absl::string_view payload) {
  if (payload.empty()) return "required";
  if (payload.size() > limits::kMaxPayloadBytes) {
    return absl::StrCat("must not be larger than ", limits::kMaxPayloadBytes,
                        " bytes");
  }
  const size_t invalid = FindInvalidUtf8(payload);
  if (invalid != absl::string_view::npos) {
    return absl::StrCat("must be valid UTF-8: it is not at byte ", invalid);
  }
  if (absl::StartsWith(payload, "\xEF\xBB\xBF")) {
    return "must not begin with a byte order mark";
  }
  return "";
}

std::string CopyOf(absl::string_view text) { return std::string(text); }

}  // namespace

ValidationResult ObjectValidator::Validate(ObjectType type,
                                           absl::string_view payload) {
  ValidationResult result;
  if (std::string broken = CheckBytes(payload); !broken.empty()) {
    result.violations.push_back({"payload", std::move(broken)});
    return result;
  }
  PayloadStream stream(payload, &strings_);
  PayloadHandler handler(schemas_->Get(type), payload, stream, keys_);
  const bool well_formed = Parse(payload, stream, handler);
  result.violations = std::move(handler.violations());
  if (!well_formed) return result;
  result.ids.object_id = CopyOf(handler.IdOf(FieldRole::kObjectId));
  if (handler.HasIdOf(FieldRole::kAssetId)) {
    result.ids.asset_id = CopyOf(handler.IdOf(FieldRole::kAssetId));
  } else if (result.ok() || type == ObjectType::kAsset) {
    result.ids.asset_id = result.ids.object_id;
  }
  result.ids.owner_id = CopyOf(handler.IdOf(FieldRole::kOwnerId));
  return result;
}

bool ObjectValidator::Parse(absl::string_view payload, PayloadStream& stream,
                            PayloadHandler& handler) {
  const rapidjson::ParseResult parsed =
      reader_.Parse<kParseFlags>(stream, handler);
  switch (parsed.Code()) {
    case rapidjson::kParseErrorNone:
      break;
    case rapidjson::kParseErrorTermination:
      return false;  // by the handler, which knows why
    case rapidjson::kParseErrorNumberTooBig:
      handler.AddViolationOfNextValue("must be in the range of a double");
      return false;
    default:
      handler.AddViolation(
          absl::StrCat("must be well-formed JSON: ",
                       rapidjson::GetParseError_En(parsed.Code()), " At byte ",
                       parsed.Offset()));
      return false;
  }
  const size_t rest = payload.find_first_not_of(" \t\n\r", stream.Tell());
  if (rest != absl::string_view::npos) {
    handler.AddViolation(absl::StrCat(
        "must not have trailing characters: there are some at byte ", rest));
  }
  handler.CheckRequired();
  return true;
}

}  // namespace mqttpush
