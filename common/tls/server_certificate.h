// ServerCertificate: the certificate and key of a listener, from files that may
// be replaced while it listens, as Kubernetes does with a secret.
#ifndef MQTTPUSH_COMMON_TLS_SERVER_CERTIFICATE_H_
#define MQTTPUSH_COMMON_TLS_SERVER_CERTIFICATE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mutex.h"

namespace mqttpush {

struct ServerCertificateFiles {
  std::string certificate;  // PEM, the leaf first, then what leads to its root
  std::string key;          // PEM, unencrypted
  std::string client_ca;    // PEM, of clients; empty: clients show none
};

// The contents, which passed all checks together.
struct ServerCertificatePems {
  std::string certificate;
  std::string key;
  std::string client_ca;
  bool operator==(const ServerCertificatePems&) const = default;
};

// Thread-safe.
class ServerCertificate {
 public:
  // How long files may have been replaced before Current looks again.
  static constexpr absl::Duration kLookInterval = absl::Seconds(1);

  // INVALID_ARGUMENT, or what the file system says, names the file.
  static absl::StatusOr<std::unique_ptr<ServerCertificate>> Load(
      ServerCertificateFiles files,
      absl::Duration look_interval = kLookInterval);

  // The newest that can be used. Files that cannot (a key that does not belong
  // to the certificate, because only one of them is written yet) leave what was
  // read before, and are logged as a warning once.
  std::shared_ptr<const ServerCertificatePems> Current()
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  ServerCertificate(ServerCertificateFiles files, absl::Duration look_interval);
  void Look() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ServerCertificateFiles files_;
  const absl::Duration look_interval_;
  Mutex mutex_;
  std::shared_ptr<const ServerCertificatePems> current_ ABSL_GUARDED_BY(mutex_);
  absl::Duration looked_ ABSL_GUARDED_BY(mutex_);  // of SteadyNow
  std::string last_problem_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_TLS_SERVER_CERTIFICATE_H_
