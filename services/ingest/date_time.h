// IsDateTime: the format "date-time" of JSON schemas.
#ifndef MQTTPUSH_SERVICES_INGEST_DATE_TIME_H_
#define MQTTPUSH_SERVICES_INGEST_DATE_TIME_H_

#include "absl/strings/string_view.h"

namespace mqttpush {

// Whether `text` is a date-time of RFC 3339, 5.6, which is what ISO 8601 and
// JSON schemas agree on: an existing day, 'T' (or 't'), a time with seconds and
// perhaps a fraction, and 'Z' (or 'z') or an offset. Second 60 is allowed where
// leap seconds happen, at 23:59:60 UTC.
bool IsDateTime(absl::string_view text);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_DATE_TIME_H_
