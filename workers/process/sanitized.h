// Whether this is a build with sanitizers.
#ifndef MQTTPUSH_WORKERS_PROCESS_SANITIZED_H_
#define MQTTPUSH_WORKERS_PROCESS_SANITIZED_H_

namespace mqttpush {

// Sanitizers map terabytes, trace their own threads and read and write where
// they like: with them a worker has no limit of memory and no system call
// filter.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROCESS_SANITIZED_H_
