// HttpOptions: the bounds of the HTTP listener, and what they are for.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_OPTIONS_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_OPTIONS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace mqttpush {

// docs/decisions/0013-http-listener.md has the reasons. Tests set smaller ones.
struct HttpOptions {
  // Request line and fields.
  size_t max_header_bytes = 16 << 10;
  // The bodies of all requests, together, until their responses are written;
  // beyond it 429.
  size_t max_buffered_bytes = 64 << 20;
  // All responses, together, until their clients have taken them; beyond it
  // 429. Without those that are smaller than a head may be.
  size_t max_response_bytes = 64 << 20;
  // Beyond it the one is closed that has kept us waiting longest. When none
  // does, because handlers owe all of them a response, 503.
  size_t max_connections = 256;
  // Beside these, for routes that are always answered.
  size_t spare_connections = 16;

  // For the next request of a connection to begin.
  absl::Duration idle_timeout = absl::Seconds(60);
  // For a head, from its first byte on; beyond it 408.
  absl::Duration header_timeout = absl::Seconds(10);
  // For a body, from its head on; beyond it 408.
  absl::Duration body_timeout = absl::Seconds(30);
  // For a response to be taken.
  absl::Duration write_timeout = absl::Seconds(30);
  // After the last response, for the client to close.
  absl::Duration linger_timeout = absl::Seconds(2);
  // For requests under way when the listener stops.
  absl::Duration drain_timeout = absl::Seconds(5);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_OPTIONS_H_
