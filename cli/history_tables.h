// Deliveries and attempts for people.
#ifndef MQTTPUSH_CLI_HISTORY_TABLES_H_
#define MQTTPUSH_CLI_HISTORY_TABLES_H_

#include <string>

#include "absl/time/time.h"
#include "cli/console.h"
#include "cli/table.h"
#include "google/protobuf/repeated_field.h"
#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::cli {

using Deliveries = google::protobuf::RepeatedPtrField<v1::Delivery>;
using Attempts = google::protobuf::RepeatedPtrField<v1::Attempt>;

Table DeliveryTable(const Deliveries& deliveries, const Console& console);
Table AttemptTable(const Attempts& attempts, const Console& console);

// What the broker said, or why there is no answer; in one line.
std::string AnswerOf(const v1::Attempt& attempt);
// All of one delivery: its facts, its payload, its attempts with hints.
void PrintDelivery(const v1::Delivery& delivery, absl::Time now,
                   Console& console);
// One attempt in one line, as `stream` writes it.
std::string AttemptLine(const v1::Attempt& attempt, const Console& console);

Tone ToneOf(v1::Delivery::State state);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_HISTORY_TABLES_H_
