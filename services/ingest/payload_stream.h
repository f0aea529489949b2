// PayloadStream: a payload as RapidJSON reads it in its in-situ mode, except
// that the payload stays as it is and unescaped strings go to a buffer.
//
// A stream of our own because of RapidJSON 1.1.0: its in-situ stream would
// change the payload and points number texts behind the number, and its
// other streams copy strings to a stack where a key does not outlive its
// callback.
#ifndef MQTTPUSH_SERVICES_INGEST_PAYLOAD_STREAM_H_
#define MQTTPUSH_SERVICES_INGEST_PAYLOAD_STREAM_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// Implements RapidJSON's stream concept. `payload` and `buffer` must outlive
// it; `buffer` is resized so that every string of the payload fits, and strings
// stay valid in it until its next use. The end reads as NUL.
class PayloadStream {
 public:
  using Ch = char;

  PayloadStream(absl::string_view payload, std::string* buffer)
      : payload_(payload) {
    // A string takes its unescaped bytes and a NUL: never more than in the
    // payload, with its quotes.
    if (buffer->size() < payload.size()) buffer->resize(payload.size());
    out_ = buffer->data();
  }

  char Peek() const { return at_ < payload_.size() ? payload_[at_] : '\0'; }
  char Take() { return at_ < payload_.size() ? payload_[at_++] : '\0'; }
  size_t Tell() const { return at_; }

  char* PutBegin() { return out_; }
  void Put(char c) { *out_++ = c; }
  size_t PutEnd(char* begin) { return static_cast<size_t>(out_ - begin); }

 private:
  const absl::string_view payload_;
  size_t at_ = 0;
  char* out_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_PAYLOAD_STREAM_H_
