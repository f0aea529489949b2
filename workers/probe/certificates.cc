#include "workers/probe/certificates.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "workers/link/probe_bounds.h"
#include "workers/process/clean_text.h"

namespace mqttpush {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioDeleter>;

BioPtr BioOf(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string NameText(const X509_NAME* name) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return CleanText({text, static_cast<size_t>(size)}, kMaxProbeNameBytes);
}

std::string Text(const ASN1_STRING* text) {
  return CleanText({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                    static_cast<size_t>(ASN1_STRING_length(text))},
                   kMaxProbeNameBytes);
}

std::string AddressText(const ASN1_STRING* bytes) {
  const int size = ASN1_STRING_length(bytes);
  char text[INET6_ADDRSTRLEN] = "";
  if (size == 4 || size == 16) {
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes),
              text, sizeof text);
  }
  return text;
}

std::vector<std::string> AlternativeNames(X509* certificate) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::vector<std::string> texts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < kMaxProbeNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) texts.push_back(Text(name->d.dNSName));
    if (name->type == GEN_IPADD) {
      texts.push_back(AddressText(name->d.iPAddress));
    }
  }
  GENERAL_NAMES_free(names);
  return texts;
}

void SetTime(const ASN1_TIME* time, google::protobuf::Timestamp* proto) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) == 1) proto->set_seconds(timegm(&parts));
}

}  // namespace

std::vector<X509Ptr> ReadCertificates(const std::string& pem) {
  const BioPtr bio = BioOf(pem);
  std::vector<X509Ptr> certificates;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  return certificates;
}

KeyPtr ReadKey(const std::string& pem) {
  const BioPtr bio = BioOf(pem);
  return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

worker::v1::ProbeCertificate DescribeCertificate(X509* certificate) {
  worker::v1::ProbeCertificate proto;
  proto.set_subject(NameText(X509_get_subject_name(certificate)));
  proto.set_issuer(NameText(X509_get_issuer_name(certificate)));
  for (std::string& name : AlternativeNames(certificate)) {
    proto.add_names(std::move(name));
  }
  SetTime(X509_get0_notBefore(certificate), proto.mutable_not_before_time());
  SetTime(X509_get0_notAfter(certificate), proto.mutable_not_after_time());
  return proto;
}

std::vector<std::string> NamesOf(X509* certificate) {
  std::vector<std::string> names = AlternativeNames(certificate);
  if (!names.empty()) return names;
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return {Text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))};
}

bool IsValidFor(X509* certificate, const std::string& name) {
  return X509_check_host(certificate, name.data(), name.size(), 0, nullptr) ==
             1 ||
         X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
}

}  // namespace mqttpush
