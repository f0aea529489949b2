// Console: all that mqttpush writes and reads, so that tests can look at it.
#ifndef MQTTPUSH_CLI_CONSOLE_H_
#define MQTTPUSH_CLI_CONSOLE_H_

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush::cli {

enum class Tone { kPlain, kBold, kGood, kWarning, kBad, kDim };

// Results go to `out`; everything about them (notes, progress, errors) to
// `err`, so that a pipe gets results only. Not thread-safe.
class Console {
 public:
  struct Streams {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool in_is_terminal = false;
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    bool colours = false;  // on those that are terminals
  };
  explicit Console(Streams streams) : streams_(streams) {}

  void Line(absl::string_view text = "");
  // As it is, without an end of line.
  void Write(absl::string_view text);
  void Note(absl::string_view text);

  // A bar on a terminal, drawn over itself; nothing elsewhere. `total` 0: not
  // known. Whatever is written next takes its place.
  void Progress(absl::string_view what, int64_t done, int64_t total);

  // Asks for a yes; false without asking when nobody is there to answer.
  bool Confirm(absl::string_view question);
  bool CanAsk() const {
    return streams_.in_is_terminal && streams_.err_is_terminal;
  }

  // `text` as it looks on the results' terminal, or as it is.
  std::string Styled(Tone tone, absl::string_view text) const;
  bool out_is_terminal() const { return streams_.out_is_terminal; }
  std::istream& in() { return streams_.in; }

 private:
  void ClearProgress();

  const Streams streams_;
  std::string progress_;  // what is drawn; empty: nothing
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_CONSOLE_H_
