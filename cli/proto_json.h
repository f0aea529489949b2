// ToJson: messages as proto JSON, for programs.
#ifndef MQTTPUSH_CLI_PROTO_JSON_H_
#define MQTTPUSH_CLI_PROTO_JSON_H_

#include <string>

#include "google/protobuf/message.h"

namespace mqttpush::cli {

enum class JsonForm { kOneLine, kIndented };

// Canonical proto JSON, with fields that have their default too, so that
// programs find what they look for.
std::string ToJson(const google::protobuf::Message& message,
                   JsonForm form = JsonForm::kIndented);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_PROTO_JSON_H_
