#include "server/reloading_credentials.h"

#include <grpc/grpc_security.h>

#include <string>
#include <utility>

namespace mqttpush {
namespace {

grpc_ssl_client_certificate_request_type ClientCertificates(
    const ServerCertificatePems& pems) {
  if (pems.client_ca.empty()) return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
}

// The one thing that gRPC's C++ interface has no way to: its callback for
// certificates (grpc_security.h), which may say that nothing has changed.
class Reloading : public grpc::ServerCredentials {
 public:
  explicit Reloading(ServerCertificate* certificate)
      : certificate_(certificate),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                ClientCertificates(*certificate->Current()), &Fetch, this))) {}
  ~Reloading() override { grpc_server_credentials_release(credentials_); }

  // Who calls is told by the calls' own checks.
  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // gRPC calls it under a lock of the listener.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<Reloading*>(self)->FetchInto(config);
  }
  grpc_ssl_certificate_config_reload_status FetchInto(
      grpc_ssl_server_certificate_config** config) {
    std::shared_ptr<const ServerCertificatePems> pems = certificate_->Current();
    if (pems == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {pems->key.c_str(),
                                             pems->certificate.c_str()};
    // gRPC 1.51 asserts that there are some, also where no client is asked for
    // a certificate; then they mean nothing.
    const std::string& client_roots =
        pems->client_ca.empty() ? pems->certificate : pems->client_ca;
    *config = grpc_ssl_server_certificate_config_create(client_roots.c_str(),
                                                        &pair, 1);
    given_ = std::move(pems);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  ServerCertificate* const certificate_;
  std::shared_ptr<const ServerCertificatePems> given_;
  grpc_server_credentials* const credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> ReloadingCredentials(
    ServerCertificate* certificate) {
  return std::make_shared<Reloading>(certificate);
}

}  // namespace mqttpush
