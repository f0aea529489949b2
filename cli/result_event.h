// The result of an attempt as the service's Flowcore routes have it
// (common/flowcore), so that programs can read either.
#ifndef MQTTPUSH_CLI_RESULT_EVENT_H_
#define MQTTPUSH_CLI_RESULT_EVENT_H_

#include <string>

#include "mqttpush/v1/history_service.pb.h"
#include "mqttpush/v1/resources.pb.h"

namespace mqttpush::cli {

// Where an attempt went, as it was set up when it was asked for. Each is empty
// when it was deleted by then; then the fields that it gives are null.
struct ResultContext {
  v1::Subscription subscription;
  v1::Broker broker;
};

// In one line; common/flowcore/delivery_result.h has the fields.
std::string ResultJson(const v1::Attempt& attempt,
                       const ResultContext& context);

// Flowcore's envelope with that as its payload.
std::string ResultEnvelope(const v1::Attempt& attempt,
                           const ResultContext& context);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESULT_EVENT_H_
