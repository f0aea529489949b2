// kOpenApiDocument: the text of openapi.json, which is built into the program.
#ifndef MQTTPUSH_SERVICES_INGEST_OPENAPI_DOCUMENT_H_
#define MQTTPUSH_SERVICES_INGEST_OPENAPI_DOCUMENT_H_

#include "absl/strings/string_view.h"

namespace mqttpush {

// The schemas of the six objects, OpenAPI 3.1: what validation is compiled from
// and what customers download.
extern const absl::string_view kOpenApiDocument;

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_OPENAPI_DOCUMENT_H_
