#include "tests/e2e/awkward_events.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace mqttpush {
namespace {

constexpr const char* kPayloads[] = {
    R"({"id":"asset-1","name":"GTRU 123456-7","ownerId":"OWNER",
 "whenCreated":"2024-03-20T14:30:00Z",
 "whenUpdated":"2024-03-20T14:30:00.123456+02:00","boxId":null,
 "disabled":false,"note":"K\u00f8lecontainer \"A\" \\ \/ \t \ud83d\ude9a",
 "tags":["grün","冷凍","🚚",""]})",

    R"({"id":9223372036854775807,"assetId":"asset-2","ownerId":"OWNER",)"
    R"("whenCreated":"2024-03-20T14:30:00Z","latitude":-0.0,)"
    R"("longitude":1e-7,"altitude":2.50,"speed":0,"heading":3.6E+2,)"
    R"("zoneId":null,"extra":{"kept":[1.0,1,1e0]}})",

    R"( { "value" : "2.50" , "id" : 9007199254740993 , "assetId":"asset-3",
  "sensorId":"sensor-001","sensorType":"temperature","type":"DECIMAL",
  "whenCreated":"2024-03-20T14:30:00.000Z", "ownerId":"OWNER",
  "when_received": null }
)",

    R"({"id":-9223372036854775808,"assetId":"asset-4","ownerId":"OWNER",)"
    R"("whenCreated":"2024-03-20T14:30:00Z","reeferClass":"THERMO KING",)"
    R"("data":{"setPoint":-18.00,"deep":[[[{"x":1e-7}]]],"":"empty key",)"
    R"("a\"b":"\u0000\u001f","number":123456789012345678901234567890}})",

    R"({"id":0,"assetId":"asset-5","ownerId":"OWNER","boxId":"b",)"
    R"("whenCreated":"2024-02-29T23:59:59.999Z","gensetType":"SG+",)"
    R"("data":{}})",

    R"({"id":1,"assetId":"asset-6","ownerId":"OWNER",)"
    R"("whenCreated":"2024-03-20T14:30:00-11:30","payloadType":2147483647,)"
    R"("data":{"eventId":"not the top level","hex":"\u00e6\u00C6"},)"
    R"("when_received":1710945000123})",
};

}  // namespace

std::vector<v1::Event> AwkwardEvents(const std::string& owner_id) {
  std::vector<v1::Event> events;
  for (int number = v1::ASSET; number <= v1::GTOEM_DATA; ++number) {
    v1::Event event;
    event.set_event_id(absl::StrCat("evt-", number));
    event.set_object_type(static_cast<v1::ObjectType>(number));
    event.set_payload(absl::StrReplaceAll(kPayloads[number - v1::ASSET],
                                          {{"OWNER", owner_id}}));
    events.push_back(event);
  }
  return events;
}

}  // namespace mqttpush
