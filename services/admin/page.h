// The page of a list request.
#ifndef MQTTPUSH_SERVICES_ADMIN_PAGE_H_
#define MQTTPUSH_SERVICES_ADMIN_PAGE_H_

#include <string>

#include "services/api/page_token.h"
#include "services/api/violations.h"

namespace mqttpush {

struct Page {
  int size = 0;
  std::string after;  // the id of the last one before; empty: from the first
  uint64_t fingerprint = 0;

  std::string TokenFor(const std::string& last_id) const {
    return EncodePageToken(fingerprint, last_id);
  }
};

template <typename ListRequest>
Page ParsePage(const ListRequest& request, Violations* violations) {
  Page page;
  page.size = EffectivePageSize(request.page_size(), violations);
  page.fingerprint = FingerprintRequest(request);
  page.after =
      DecodePageToken(request.page_token(), page.fingerprint, violations);
  return page;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_PAGE_H_
