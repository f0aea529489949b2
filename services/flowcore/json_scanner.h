// JsonScanner: finds where the values of a JSON text begin and end, so that
// each can be kept as it is and judged by itself.
//
// It bounds values without checking them: what it returns may still be
// malformed, and is to be parsed by whoever uses it. It needs no memory,
// however deep the text is nested.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_JSON_SCANNER_H_
#define MQTTPUSH_SERVICES_FLOWCORE_JSON_SCANNER_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace mqttpush {

// Thread-compatible. `text` must outlive it.
class JsonScanner {
 public:
  explicit JsonScanner(absl::string_view text) : text_(text) {}

  // Skips white space, and `c` if it is next.
  bool Take(char c);
  // Skips white space and takes a value: its bytes; empty when there is none,
  // or it does not end.
  absl::string_view TakeValue();
  // Whether only white space is left.
  bool AtEnd();
  size_t position() const { return at_; }

 private:
  void SkipSpace();
  // Where the value that begins at at_ ends; npos if it does not.
  size_t EndOfString() const;
  size_t EndOfNested() const;
  size_t EndOfWord() const;

  const absl::string_view text_;
  size_t at_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_JSON_SCANNER_H_
