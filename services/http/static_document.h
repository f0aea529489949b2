// StaticDocument: a handler for a document that is the same as long as the
// service runs.
#ifndef MQTTPUSH_SERVICES_HTTP_STATIC_DOCUMENT_H_
#define MQTTPUSH_SERVICES_HTTP_STATIC_DOCUMENT_H_

#include <string>

#include "services/http/http_message.h"

namespace mqttpush {

// With an ETag made of the bytes; 304 to who has them (If-None-Match).
HttpHandler StaticDocument(std::string content_type, std::string text);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_STATIC_DOCUMENT_H_
