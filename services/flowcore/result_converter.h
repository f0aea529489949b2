// ToResult: a row of the history as the result that Flowcore's clients read
// (services/flowcore/delivery_result.h).
#ifndef MQTTPUSH_SERVICES_FLOWCORE_RESULT_CONVERTER_H_
#define MQTTPUSH_SERVICES_FLOWCORE_RESULT_CONVERTER_H_

#include "services/flowcore/delivery_result.h"
#include "services/flowcore/flow_types.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"

namespace mqttpush {

// What an attempt does not say of itself.
struct ResultContext {
  const ResultStream& stream;
  const FlowTypes& flow_types;
  // For what no attempt records: the broker, and `retain`, as they are now.
  const ConfigSnapshot& config;
};

DeliveryResult ToResult(const AttemptRow& row, const ResultContext& context);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_RESULT_CONVERTER_H_
