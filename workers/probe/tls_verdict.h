// What a TLS handshake says about a connection, in words.
#ifndef MQTTPUSH_WORKERS_PROBE_TLS_VERDICT_H_
#define MQTTPUSH_WORKERS_PROBE_TLS_VERDICT_H_

#include <string>
#include <vector>

#include "common/broker_probe.h"

namespace mqttpush {

struct Verdict {
  ProbeCause cause = ProbeCause::kNone;
  std::string text;  // empty: all is well
};

struct CertificateFacts {
  // X509_V_ERR_…, in the order in which they were found.
  std::vector<int> errors;
  std::string name;  // the one that it should be valid for
  bool name_matches = true;
  std::vector<std::string> names;  // those that it is valid for
};

// Pure.
Verdict JudgeCertificate(const CertificateFacts& facts);

// Of OpenSSL's code of a failure, and its words. Pure.
Verdict JudgeTlsFailure(unsigned long error, const std::string& text);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_TLS_VERDICT_H_
