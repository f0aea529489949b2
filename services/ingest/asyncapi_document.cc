#include "services/ingest/asyncapi_document.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {

// The text of asyncapi_frame.json: what does not depend on the schemas.
extern const absl::string_view kAsyncApiFrame;

namespace {

using rapidjson::Document;
using rapidjson::Value;

// {"$ref": "#/components/<kind>/<name>"}
Value Reference(absl::string_view kind, absl::string_view name,
                Document::AllocatorType& allocator) {
  const std::string target = absl::StrCat("#/components/", kind, "/", name);
  Value reference(rapidjson::kObjectType);
  reference.AddMember("$ref", Value(target.c_str(), allocator), allocator);
  return reference;
}

Value MessageOf(absl::string_view name, const Value& schema,
                Document::AllocatorType& allocator) {
  const Value text(name.data(), static_cast<unsigned>(name.size()), allocator);
  Value message(rapidjson::kObjectType);
  message.AddMember("name", Value(text, allocator), allocator);
  message.AddMember("title", Value(text, allocator), allocator);
  const auto description = schema.FindMember("description");
  if (description != schema.MemberEnd()) {
    message.AddMember("summary", Value(description->value, allocator),
                      allocator);
  }
  message.AddMember("contentType", "application/json", allocator);
  message.AddMember("payload", Reference("schemas", name, allocator),
                    allocator);
  return message;
}

void AddSchema(absl::string_view name, const Value& schema,
               Document& asyncapi) {
  auto& allocator = asyncapi.GetAllocator();
  const auto key = [&] {
    return Value(name.data(), static_cast<unsigned>(name.size()), allocator);
  };
  Value& components = asyncapi["components"];
  components["schemas"].AddMember(key(), Value(schema, allocator), allocator);
  components["messages"].AddMember(key(), MessageOf(name, schema, allocator),
                                   allocator);
  asyncapi["channels"]["events"]["messages"].AddMember(
      key(), Reference("messages", name, allocator), allocator);
}

std::string TextOf(const Document& document) {
  rapidjson::StringBuffer text;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(text);
  writer.SetIndent(' ', 2);
  document.Accept(writer);
  return absl::StrCat(absl::string_view(text.GetString(), text.GetSize()),
                      "\n");
}

}  // namespace

absl::StatusOr<std::string> MakeAsyncApiDocument(absl::string_view openapi) {
  Document source;
  source.Parse(openapi.data(), openapi.size());
  const Value* info = rapidjson::Pointer("/info").Get(source);
  const Value* schemas = rapidjson::Pointer("/components/schemas").Get(source);
  if (source.HasParseError() || info == nullptr || !info->IsObject() ||
      schemas == nullptr || !schemas->IsObject()) {
    return absl::InvalidArgumentError("OpenAPI: has no info or no schemas");
  }
  Document asyncapi;
  asyncapi.Parse(kAsyncApiFrame.data(), kAsyncApiFrame.size());
  for (const char* field : {"version", "description"}) {
    const auto found = info->FindMember(field);
    if (found == info->MemberEnd()) continue;
    asyncapi["info"].AddMember(Value(field, asyncapi.GetAllocator()),
                               Value(found->value, asyncapi.GetAllocator()),
                               asyncapi.GetAllocator());
  }
  for (const auto& schema : schemas->GetObject()) {
    AddSchema({schema.name.GetString(), schema.name.GetStringLength()},
              schema.value, asyncapi);
  }
  return TextOf(asyncapi);
}

}  // namespace mqttpush
