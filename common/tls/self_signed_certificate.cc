#include "common/tls/self_signed_certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace mqttpush {
namespace {

constexpr int kValidSeconds = 24 * 60 * 60;

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  std::string contents(data, size);
  BIO_free(bio);
  return contents;
}

std::string KeyPem(EVP_PKEY* key, const char* passphrase) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(
      bio, key, passphrase == nullptr ? nullptr : EVP_aes_256_cbc(), nullptr, 0,
      nullptr, const_cast<char*>(passphrase));
  return Contents(bio);
}

}  // namespace

SelfSignedCertificate MakeCertificate(const std::string& common_name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kValidSeconds);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());

  SelfSignedCertificate result;
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  result.certificate_pem = Contents(bio);
  result.key_pem = KeyPem(key, nullptr);
  result.encrypted_key_pem = KeyPem(key, "passphrase");
  X509_free(certificate);
  EVP_PKEY_free(key);
  return result;
}

}  // namespace mqttpush
