// MakeAsyncApiDocument: the MQTT messages that a customer receives, for tools
// that read AsyncAPI.
#ifndef MQTTPUSH_SERVICES_INGEST_ASYNCAPI_DOCUMENT_H_
#define MQTTPUSH_SERVICES_INGEST_ASYNCAPI_DOCUMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// AsyncAPI 3.0, made of the OpenAPI document that ingest validates by, so that
// the schemas stay the only ones: each becomes the payload of one message. All
// messages are of one channel, because the customer chooses the topics.
// INVALID_ARGUMENT when `openapi` is not such a document.
absl::StatusOr<std::string> MakeAsyncApiDocument(absl::string_view openapi);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_ASYNCAPI_DOCUMENT_H_
