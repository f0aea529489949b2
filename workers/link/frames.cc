#include "workers/link/frames.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"

namespace mqttpush {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr size_t kSizeBytes = 4;
// What an empty reader keeps for the next bytes; an idle link costs no more.
constexpr size_t kMostKept = 64 << 10;

uint8_t* Bytes(std::string& text, size_t index) {
  return reinterpret_cast<uint8_t*>(&text[index]);
}

}  // namespace

absl::Status AppendFrame(const google::protobuf::MessageLite& message,
                         std::string& out) {
  const size_t size = message.ByteSizeLong();
  if (size > kMaxFrameBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a message of ", size, " bytes is too long for a link"));
  }
  const size_t begin = out.size();
  out.resize(begin + kSizeBytes + size);
  CodedOutputStream::WriteLittleEndian32ToArray(static_cast<uint32_t>(size),
                                                Bytes(out, begin));
  message.SerializeWithCachedSizesToArray(Bytes(out, begin + kSizeBytes));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<absl::string_view>> FrameReader::Next() {
  const absl::string_view rest = absl::string_view(buffer_).substr(taken_);
  uint32_t size = 0;
  if (rest.size() >= kSizeBytes) {
    CodedInputStream::ReadLittleEndian32FromArray(Bytes(buffer_, taken_),
                                                  &size);
  }
  if (size > kMaxFrameBytes) {
    return absl::DataLossError(
        absl::StrCat("a frame of ", size, " bytes on a link"));
  }
  if (rest.size() >= kSizeBytes + size) {
    taken_ += kSizeBytes + size;
    return rest.substr(kSizeBytes, size);
  }
  buffer_.erase(0, taken_);
  taken_ = 0;
  if (buffer_.empty() && buffer_.capacity() > kMostKept) buffer_ = {};
  return std::nullopt;
}

}  // namespace mqttpush
