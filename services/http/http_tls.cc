#include "services/http/http_tls.h"

#include <boost/asio/buffer.hpp>
#include <utility>

#include "common/logging.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

namespace ssl = boost::asio::ssl;
using ErrorCode = boost::system::error_code;

absl::StatusOr<HttpStream::TlsContext> MakeContext(
    const ServerCertificatePems& pems) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  ErrorCode error;
  context->use_certificate_chain(boost::asio::buffer(pems.certificate), error);
  if (!error) {
    context->use_private_key(boost::asio::buffer(pems.key), ssl::context::pem,
                             error);
  }
  if (error) return absl::InvalidArgumentError(error.message());
  return context;
}

}  // namespace

absl::StatusOr<HttpTls> HttpTls::Make(ServerCertificate* certificate) {
  HttpTls tls(certificate);
  if (certificate == nullptr) return tls;
  tls.made_of_ = certificate->Current();
  MQTTPUSH_ASSIGN_OR_RETURN(tls.context_, MakeContext(*tls.made_of_));
  return tls;
}

// ServerCertificate has checked what it gives; a limit of OpenSSL's (the size
// of a key, say) may still be in the way, and then what was before goes on.
HttpStream::TlsContext HttpTls::Context() {
  if (certificate_ == nullptr) return nullptr;
  auto pems = certificate_->Current();
  if (pems == made_of_) return context_;
  made_of_ = std::move(pems);
  absl::StatusOr<HttpStream::TlsContext> context = MakeContext(*made_of_);
  if (context.ok()) {
    context_ = *std::move(context);
  } else {
    Log::Warning("http_tls_certificate_refused",
                 {{"error", context.status().message()}});
  }
  return context_;
}

}  // namespace mqttpush
