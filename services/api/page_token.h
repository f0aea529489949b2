// Page sizes and page tokens of the list methods (AIP-158), and the resume
// tokens of streams, which are made in the same way.
//
// A token holds the key of the last row of its page and the fingerprint of the
// request that it belongs to. Opaque to callers, not a secret: it can only
// choose a position within what the caller may list anyway.
#ifndef MQTTPUSH_SERVICES_API_PAGE_TOKEN_H_
#define MQTTPUSH_SERVICES_API_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "services/api/violations.h"

namespace mqttpush {

// A stable hash of all arguments of a request but those that say where and how
// far to go on: page_size and page_token, resume_token and live.
uint64_t FingerprintRequest(const google::protobuf::Message& request);

std::string EncodePageToken(uint64_t fingerprint, absl::string_view key);

// Returns the key; empty for an empty token, the first page. INVALID_ARGUMENT
// with a violation on `field` when it is not one of ours or when
// `fingerprint` is not the one it was made with.
absl::StatusOr<std::string> DecodePageToken(
    absl::string_view token, uint64_t fingerprint,
    absl::string_view field = "page_token");

// As above, but adds the violation and returns an empty key.
std::string DecodePageToken(absl::string_view token, uint64_t fingerprint,
                            Violations* violations,
                            absl::string_view field = "page_token");

// The rows to return: 0 means limits::kDefaultPageSize, more than
// limits::kMaxPageSize means that. A negative size adds a violation.
int EffectivePageSize(int32_t page_size, Violations* violations);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_PAGE_TOKEN_H_
