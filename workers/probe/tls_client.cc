#include "workers/probe/tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "workers/link/probe_bounds.h"
#include "workers/probe/certificates.h"

namespace mqttpush {
namespace {

absl::Status OpenSslError(absl::string_view what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": ", reason == nullptr ? "unknown error" : reason));
}

bool IsAddress(const std::string& name) {
  in6_addr parsed;
  return inet_pton(AF_INET, name.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &parsed) == 1;
}

absl::Status Trust(SSL_CTX* context, const std::string& ca_pem) {
  if (ca_pem.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return absl::OkStatus();
  }
  for (const X509Ptr& ca : ReadCertificates(ca_pem)) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) != 1) {
      return OpenSslError("the CA certificates cannot be used");
    }
  }
  ERR_clear_error();
  return absl::OkStatus();
}

absl::Status ShowCertificate(SSL_CTX* context, const worker::v1::Tls& tls) {
  if (tls.certificate_chain_pem().empty()) return absl::OkStatus();
  const std::vector<X509Ptr> chain =
      ReadCertificates(tls.certificate_chain_pem());
  ERR_clear_error();
  const KeyPtr key = ReadKey(tls.private_key_pem());
  if (chain.empty() || key == nullptr ||
      SSL_CTX_use_certificate(context, chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return OpenSslError("the client certificate cannot be used");
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, chain[i].get());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsClient>> TlsClient::Create(
    const worker::v1::Tls& settings, const std::string& host) {
  std::unique_ptr<TlsClient> client(new TlsClient(
      settings.server_name().empty() ? host : settings.server_name()));
  MQTTPUSH_RETURN_IF_ERROR(client->SetUp(settings));
  return client;
}

absl::Status TlsClient::SetUp(const worker::v1::Tls& settings) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (context_ == nullptr) return OpenSslError("TLS cannot be used");
  MQTTPUSH_RETURN_IF_ERROR(
      Trust(context_.get(), settings.ca_certificates_pem()));
  MQTTPUSH_RETURN_IF_ERROR(ShowCertificate(context_.get(), settings));
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, &OnVerify);
  // The certificate that was judged is the one that counts.
  SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION);
  return absl::OkStatus();
}

// Notes the error and goes on.
int TlsClient::OnVerify(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  auto* ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  std::vector<int>& errors =
      static_cast<TlsClient*>(SSL_get_app_data(ssl))->errors_;
  const int error = X509_STORE_CTX_get_error(store);
  if (std::find(errors.begin(), errors.end(), error) == errors.end()) {
    errors.push_back(error);
  }
  return 1;
}

absl::StatusOr<SslPtr> TlsClient::MakeSsl() {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return OpenSslError("TLS cannot be used");
  SSL_set_app_data(ssl.get(), this);
  // RFC 6066, section 3: addresses are not sent.
  if (!IsAddress(name_)) SSL_set_tlsext_host_name(ssl.get(), name_.c_str());
  return ssl;
}

worker::v1::ProbeTls TlsClient::Describe(const SSL* ssl) const {
  worker::v1::ProbeTls tls;
  tls.set_protocol(SSL_get_version(ssl));
  tls.set_cipher(SSL_get_cipher_name(ssl));
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(chain) && i < kMaxProbeCertificates; ++i) {
    *tls.add_chain() = DescribeCertificate(sk_X509_value(chain, i));
  }
  return tls;
}

Verdict TlsClient::Judge(const SSL* ssl) const {
  CertificateFacts facts;
  facts.errors = errors_;
  facts.name = name_;
  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (leaf == nullptr) {
    return {ProbeCause::kUntrusted, "the broker showed no certificate"};
  }
  facts.name_matches = IsValidFor(leaf, name_);
  facts.names = NamesOf(leaf);
  return JudgeCertificate(facts);
}

}  // namespace mqttpush
