#include "workers/probe/tls_verdict.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mqttpush {
namespace {

ProbeCause CauseOfVerifyError(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return ProbeCause::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return ProbeCause::kNotYetValid;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return ProbeCause::kUntrusted;
    default:
      return ProbeCause::kOther;
  }
}

// Alerts by which a broker says that it does not like our certificate, or that
// there is none; RFC 8446, section 6.
bool IsAboutOurCertificate(int alert) {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

bool SaysNotTls(int reason) {
  return reason == SSL_R_WRONG_VERSION_NUMBER ||
         reason == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
         reason == SSL_R_PACKET_LENGTH_TOO_LONG;
}

}  // namespace

Verdict JudgeCertificate(const CertificateFacts& facts) {
  Verdict verdict;
  std::vector<std::string> words;
  for (const int error : facts.errors) {
    // What follows from an issuer that is not known says no more.
    if (!words.empty() && error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE) {
      continue;
    }
    words.push_back(X509_verify_cert_error_string(error));
    if (verdict.cause == ProbeCause::kNone) {
      verdict.cause = CauseOfVerifyError(error);
    }
  }
  if (!facts.name_matches) {
    words.push_back(absl::StrCat(
        "it is not valid for \"", facts.name, "\", but for ",
        facts.names.empty() ? "no name" : absl::StrJoin(facts.names, ", ")));
    if (verdict.cause == ProbeCause::kNone) {
      verdict.cause = ProbeCause::kNameMismatch;
    }
  }
  if (words.empty()) return verdict;
  verdict.text =
      absl::StrCat("certificate verify failed: ", absl::StrJoin(words, "; "));
  return verdict;
}

Verdict JudgeTlsFailure(unsigned long error, const std::string& text) {
  const int reason = ERR_GET_REASON(error);
  if (reason >= SSL_AD_REASON_OFFSET &&
      IsAboutOurCertificate(reason - SSL_AD_REASON_OFFSET)) {
    return {ProbeCause::kClientCertificate, text};
  }
  return {SaysNotTls(reason) ? ProbeCause::kNotTls : ProbeCause::kOther, text};
}

}  // namespace mqttpush
