#include "services/api/page_token.h"

#include <algorithm>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace mqttpush {
namespace {

using google::protobuf::Message;

// Layout: version (1 byte), fingerprint (8 bytes, big endian), key.
constexpr char kVersion = 1;
constexpr size_t kHeaderBytes = 9;

void ClearField(absl::string_view field, Message* message) {
  const auto* descriptor =
      message->GetDescriptor()->FindFieldByName(std::string(field));
  if (descriptor != nullptr) {
    message->GetReflection()->ClearField(message, descriptor);
  }
}

std::string SerializeDeterministically(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// FNV-1a: the same in every process and release, unlike absl::Hash.
uint64_t StableHash(absl::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : bytes) {
    hash ^= byte;
    hash *= 0x100000001b3;
  }
  return hash;
}

std::string Header(uint64_t fingerprint) {
  std::string header(1, kVersion);
  for (int shift = 56; shift >= 0; shift -= 8) {
    header.push_back(static_cast<char>(fingerprint >> shift));
  }
  return header;
}

}  // namespace

uint64_t FingerprintRequest(const Message& request) {
  std::unique_ptr<Message> copy(request.New());
  copy->CopyFrom(request);
  for (const char* field :
       {"page_size", "page_token", "resume_token", "live"}) {
    ClearField(field, copy.get());
  }
  // The type, so that a token of one method is none of another.
  return StableHash(absl::StrCat(request.GetDescriptor()->full_name(), "\n",
                                 SerializeDeterministically(*copy)));
}

std::string EncodePageToken(uint64_t fingerprint, absl::string_view key) {
  return absl::WebSafeBase64Escape(absl::StrCat(Header(fingerprint), key));
}

absl::StatusOr<std::string> DecodePageToken(absl::string_view token,
                                            uint64_t fingerprint,
                                            absl::string_view field) {
  Violations violations;
  std::string key = DecodePageToken(token, fingerprint, &violations, field);
  if (!violations.empty()) return violations.ToStatus();
  return key;
}

std::string DecodePageToken(absl::string_view token, uint64_t fingerprint,
                            Violations* violations, absl::string_view field) {
  if (token.empty()) return "";
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() <= kHeaderBytes || bytes[0] != kVersion) {
    violations->Add(std::string(field), "is not a token of this method");
    return "";
  }
  if (bytes.substr(0, kHeaderBytes) != Header(fingerprint)) {
    violations->Add(std::string(field),
                    "belongs to a request with other arguments");
    return "";
  }
  return bytes.substr(kHeaderBytes);
}

int EffectivePageSize(int32_t page_size, Violations* violations) {
  if (page_size < 0) violations->Add("page_size", "must not be negative");
  if (page_size <= 0) return limits::kDefaultPageSize;
  return std::min(page_size, limits::kMaxPageSize);
}

}  // namespace mqttpush
