#include "services/flowcore/stream_lookups.h"

#include <utility>
#include <vector>

#include "services/flowcore/delivery_result.h"

namespace mqttpush {
namespace {

constexpr char kDescription[] = "What became of each message sent over MQTT";

// Whether the query asks for these values, where it asks for any.
bool AsksFor(const HttpQuery& query,
             const std::vector<std::pair<const char*, std::string>>& values) {
  for (const auto& [name, value] : values) {
    if (query.Get(name).value_or(value) != value) return false;
  }
  return true;
}

class JsonObject {
 public:
  JsonObject() { writer_.StartObject(); }
  JsonObject& Add(const char* key, const std::string& value) {
    writer_.Key(key);
    writer_.String(value.c_str());
    return *this;
  }
  JsonObject& Add(const char* key, bool value) {
    writer_.Key(key);
    writer_.Bool(value);
    return *this;
  }
  JsonObject& AddNull(const char* key) {
    writer_.Key(key);
    writer_.Null();
    return *this;
  }
  std::string End() {
    writer_.EndObject();
    return std::string(text_.GetString(), text_.GetSize());
  }

 private:
  rapidjson::StringBuffer text_;
  JsonWriter writer_{text_};
};

}  // namespace

std::string TenantIdJson(const ResultStream& stream) {
  return JsonObject()
      .Add("id", stream.tenant_id)
      .Add("name", stream.tenant)
      .End();
}

std::string TenantInstanceJson() {
  return JsonObject().Add("isDedicated", false).AddNull("instance").End();
}

std::string DataCoresJson(const ResultStream& stream, const HttpQuery& query) {
  if (!AsksFor(query, {{"tenant", stream.tenant},
                       {"tenantId", stream.tenant_id},
                       {"name", kResultDataCore}})) {
    return "[]";
  }
  return "[" +
         JsonObject()
             .Add("id", stream.data_core_id)
             .Add("tenantId", stream.tenant_id)
             .Add("tenant", stream.tenant)
             .Add("name", std::string(kResultDataCore))
             .Add("description", std::string(kDescription))
             .Add("accessControl", std::string("private"))
             .Add("deleteProtection", true)
             .Add("isDeleting", false)
             .Add("isFlowcoreManaged", false)
             .End() +
         "]";
}

std::string FlowTypesJson(const ResultStream& stream, const HttpQuery& query) {
  if (!AsksFor(query, {{"dataCoreId", stream.data_core_id},
                       {"name", kResultFlowType}})) {
    return "[]";
  }
  return "[" +
         JsonObject()
             .Add("id", stream.flow_type_id)
             .Add("tenantId", stream.tenant_id)
             .Add("dataCoreId", stream.data_core_id)
             .Add("name", std::string(kResultFlowType))
             .Add("description", std::string(kDescription))
             .Add("isDeleting", false)
             .End() +
         "]";
}

std::string EventTypesJson(const ResultStream& stream, absl::Time create_time,
                           const HttpQuery& query) {
  if (!AsksFor(query, {{"flowTypeId", stream.flow_type_id},
                       {"name", kResultEventType}})) {
    return "[]";
  }
  return "[" +
         JsonObject()
             .Add("id", stream.event_type_id)
             .Add("tenantId", stream.tenant_id)
             .Add("dataCoreId", stream.data_core_id)
             .Add("flowTypeId", stream.flow_type_id)
             .Add("name", std::string(kResultEventType))
             .Add("description", std::string(kDescription))
             .Add("isTruncating", false)
             .Add("isDeleting", false)
             .Add("createdAt",
                  absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", create_time,
                                   absl::UTCTimeZone()))
             .AddNull("updatedAt")
             .End() +
         "]";
}

}  // namespace mqttpush
