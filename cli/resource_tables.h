// Lists of resources as tables.
#ifndef MQTTPUSH_CLI_RESOURCE_TABLES_H_
#define MQTTPUSH_CLI_RESOURCE_TABLES_H_

#include "absl/time/time.h"
#include "cli/table.h"
#include "google/protobuf/message.h"

namespace mqttpush::cli {

// Of a ListTenantsResponse, ListBrokersResponse or ListSubscriptionsResponse.
Table ResourceTable(const google::protobuf::Message& response, absl::Time now);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESOURCE_TABLES_H_
