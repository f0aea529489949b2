// The ids that a result has at Flowcore. The service makes them in the same way
// (services/flowcore), so that both doors name the same thing.
#ifndef MQTTPUSH_CLI_RESULT_IDS_H_
#define MQTTPUSH_CLI_RESULT_IDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/timestamp.pb.h"

namespace mqttpush::cli {

// Of what was recorded then: a UUID of version 1, whose time that is, to 100
// ns.
std::string TimeUuid(const google::protobuf::Timestamp& record_time);
// Of the data core "mqtt-push" of a tenant, as "acme": a UUID of version 5.
std::string DataCoreId(absl::string_view tenant);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESULT_IDS_H_
