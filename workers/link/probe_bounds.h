// How much a probe says at most: its process keeps to it, and the control plane
// takes no more, as that process handles the bytes of strangers.
#ifndef MQTTPUSH_WORKERS_LINK_PROBE_BOUNDS_H_
#define MQTTPUSH_WORKERS_LINK_PROBE_BOUNDS_H_

#include <cstddef>

namespace mqttpush {

// Nobody tries more in the time of a probe.
inline constexpr size_t kMaxProbeAddresses = 16;
inline constexpr int kMaxProbeCertificates = 10;  // of a chain
inline constexpr int kMaxProbeNames = 100;        // of a certificate
inline constexpr size_t kMaxProbeNameBytes = 256;

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_LINK_PROBE_BOUNDS_H_
