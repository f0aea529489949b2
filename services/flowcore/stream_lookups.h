// What the names around a result stream are, as Flowcore's clients look them up
// before they read it.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_STREAM_LOOKUPS_H_
#define MQTTPUSH_SERVICES_FLOWCORE_STREAM_LOOKUPS_H_

#include <string>

#include "absl/time/time.h"
#include "services/flowcore/result_stream.h"
#include "services/http/http_query.h"

namespace mqttpush {

// {"id","name"}
std::string TenantIdJson(const ResultStream& stream);
// Of a tenant that has no installation of Flowcore for itself.
std::string TenantInstanceJson();

// Arrays of one, or empty when the query names another tenant, parent or name.
std::string DataCoresJson(const ResultStream& stream, const HttpQuery& query);
std::string FlowTypesJson(const ResultStream& stream, const HttpQuery& query);
std::string EventTypesJson(const ResultStream& stream, absl::Time create_time,
                           const HttpQuery& query);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_STREAM_LOOKUPS_H_
