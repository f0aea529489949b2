#include "common/tls/server_certificate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/read_file.h"
#include "common/status_macros.h"
#include "common/steady_time.h"
#include "common/tls/pem.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

absl::Status Of(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<std::string> Read(const std::string& path) {
  absl::StatusOr<std::string> text = ReadTextFile(path, kMaxFileBytes);
  if (!text.ok()) return Of(path, text.status());
  return text;
}

absl::StatusOr<ServerCertificatePems> ReadAll(
    const ServerCertificateFiles& files) {
  ServerCertificatePems pems;
  MQTTPUSH_ASSIGN_OR_RETURN(pems.certificate, Read(files.certificate));
  MQTTPUSH_RETURN_IF_ERROR(
      Of(files.certificate, CheckCertificates(pems.certificate)));
  MQTTPUSH_ASSIGN_OR_RETURN(pems.key, Read(files.key));
  MQTTPUSH_RETURN_IF_ERROR(
      Of(files.key, CheckPrivateKey(pems.key, pems.certificate)));
  if (files.client_ca.empty()) return pems;
  MQTTPUSH_ASSIGN_OR_RETURN(pems.client_ca, Read(files.client_ca));
  MQTTPUSH_RETURN_IF_ERROR(
      Of(files.client_ca, CheckCertificates(pems.client_ca)));
  return pems;
}

}  // namespace

ServerCertificate::ServerCertificate(ServerCertificateFiles files,
                                     absl::Duration look_interval)
    : files_(std::move(files)), look_interval_(look_interval) {}

absl::StatusOr<std::unique_ptr<ServerCertificate>> ServerCertificate::Load(
    ServerCertificateFiles files, absl::Duration look_interval) {
  MQTTPUSH_ASSIGN_OR_RETURN(ServerCertificatePems pems, ReadAll(files));
  std::unique_ptr<ServerCertificate> loaded(
      new ServerCertificate(std::move(files), look_interval));
  MutexLock lock(&loaded->mutex_);
  loaded->current_ =
      std::make_shared<const ServerCertificatePems>(std::move(pems));
  loaded->looked_ = SteadyNow();
  return loaded;
}

std::shared_ptr<const ServerCertificatePems> ServerCertificate::Current() {
  MutexLock lock(&mutex_);
  const absl::Duration now = SteadyNow();
  if (now - looked_ >= look_interval_) {
    looked_ = now;
    Look();
  }
  return current_;
}

// The contents are compared: a secret of Kubernetes is replaced by a link to
// another folder, which no time of a file tells reliably.
void ServerCertificate::Look() {
  absl::StatusOr<ServerCertificatePems> pems = ReadAll(files_);
  const std::string problem(pems.status().message());
  if (!pems.ok() && problem != last_problem_) {
    Log::Warning("tls_certificate_not_reloaded", {{"error", problem}});
  }
  last_problem_ = problem;
  if (!pems.ok() || *pems == *current_) return;
  current_ = std::make_shared<const ServerCertificatePems>(*std::move(pems));
  Log::Info("tls_certificate_reloaded", {{"file", files_.certificate}});
}

}  // namespace mqttpush
