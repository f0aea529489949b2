// The routes by which Flowcore's clients read a tenant's delivery results:
// those of its event source, and of the names that they look up before.
//
//   GET /api/v1/time-buckets          the hours that have any
//   GET /api/v1/events                those of an hour (result_pages.h)
//   GET /api/v1/tenants/translate-name-to-id/{tenant}
//   GET /api/v1/tenants/by-name/{tenant}/instance
//   GET /api/v1/data-cores, /api/v1/flow-types, /api/v1/event-types
//
// 401 without a token that is somebody's (access_tokens.h). Whatever is not of
// the token's tenant is answered as what does not exist.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_RESULT_ROUTES_H_
#define MQTTPUSH_SERVICES_FLOWCORE_RESULT_ROUTES_H_

#include <memory>

#include "common/clock.h"
#include "common/thread_pool.h"
#include "services/flowcore/access_tokens.h"
#include "services/flowcore/flow_types.h"
#include "services/http/http_router.h"
#include "storage/attempt_journal.h"
#include "storage/config_store.h"

namespace mqttpush {

// All must outlive the calls, which run on the pool.
struct ResultSources {
  const ConfigStore* config = nullptr;
  AttemptJournal* journal = nullptr;
  ThreadPool* pool = nullptr;
  const Clock* clock = nullptr;
};

void AddResultRoutes(const ResultSources& sources, FlowTypes flow_types,
                     std::shared_ptr<AccessTokens> tokens, HttpRouter& router);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_RESULT_ROUTES_H_
