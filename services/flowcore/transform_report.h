// TransformReport: what POST /transform answers.
//
//   200 {"status":"ok","statusCode":200,
//        "results":[{"eventId":"…","outcome":"ACCEPTED"}]}
//
// An outcome is one of PublishEvents: ACCEPTED, DUPLICATE, NO_SUBSCRIPTION,
// REJECTED, or OVER_QUOTA. With one or more of the last two the body has the
// error (http_error.h) before the results; the others are stored all the same.
// REJECTED alone is 400. OVER_QUOTA is 429 with Retry-After, whatever else
// there is: the same request can be sent again as a whole, for what is stored
// by then is a DUPLICATE, and what is rejected will be told.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_REPORT_H_
#define MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_REPORT_H_

#include "mqttpush/v1/ingest_service.pb.h"
#include "services/http/http_message.h"

namespace mqttpush {

HttpResponse MakeTransformReport(const v1::PublishEventsResponse& results);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_REPORT_H_
