#include "common/tls/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"

namespace mqttpush {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

BioPtr Reader(absl::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

enum class Block { kCertificate, kEnd, kOther };

// Reads the next block of any kind.
Block ReadBlock(BIO* bio, X509Ptr* certificate) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;  // NOLINT: OpenSSL's type
  if (PEM_read_bio(bio, &name, &header, &data, &length) != 1) {
    const bool end =
        ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    return end ? Block::kEnd : Block::kOther;
  }
  absl::Cleanup release = [&] {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, length);
  };
  if (absl::string_view(name) != PEM_STRING_X509) return Block::kOther;
  const unsigned char* at = data;
  certificate->reset(d2i_X509(nullptr, &at, length));
  return *certificate && at == data + length ? Block::kCertificate
                                             : Block::kOther;
}

// Asked for the passphrase of an encrypted key: there is none.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

absl::Status CheckCertificates(absl::string_view pem) {
  absl::Cleanup clear = [] { ERR_clear_error(); };
  if (absl::StrContains(pem, "PRIVATE KEY")) {
    return absl::InvalidArgumentError(
        "must hold certificates only, but there is a private key");
  }
  const BioPtr bio = Reader(pem);
  int count = 0;
  X509Ptr certificate;
  while (true) {
    switch (ReadBlock(bio.get(), &certificate)) {
      case Block::kCertificate:
        ++count;
        continue;
      case Block::kOther:
        return absl::InvalidArgumentError(
            "must hold PEM certificates only, each of them whole");
      case Block::kEnd:
        if (count > 0) return absl::OkStatus();
        return absl::InvalidArgumentError("must be PEM certificates");
    }
  }
}

absl::Status CheckPrivateKey(absl::string_view key_pem,
                             absl::string_view chain_pem) {
  absl::Cleanup clear = [] { ERR_clear_error(); };
  const KeyPtr key(PEM_read_bio_PrivateKey(Reader(key_pem).get(), nullptr,
                                           NoPassphrase, nullptr));
  if (!key) {
    return absl::InvalidArgumentError("must be an unencrypted PEM private key");
  }
  const X509Ptr leaf(
      PEM_read_bio_X509(Reader(chain_pem).get(), nullptr, nullptr, nullptr));
  if (!leaf || X509_check_private_key(leaf.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(
        "does not belong to the first certificate of the chain");
  }
  return absl::OkStatus();
}

}  // namespace mqttpush
