// Terminal: what the demo prints, with colours and moving progress bars on a
// terminal only.
#ifndef MQTTPUSH_DEMO_TERMINAL_H_
#define MQTTPUSH_DEMO_TERMINAL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mqttpush::demo {

// Not thread-safe.
class Terminal {
 public:
  Terminal();

  void Heading(absl::string_view text);
  void Line(absl::string_view text = "");
  // A bar that is drawn over itself; one line at the end when not a terminal.
  void Progress(absl::string_view what, size_t done, size_t total);
  // The first row is the heading; columns but the first are set to the right.
  void Table(const std::vector<std::vector<std::string>>& rows);

  // The text in colour, or as it is.
  std::string Good(absl::string_view text) const;
  std::string Bad(absl::string_view text) const;

 private:
  std::string Styled(absl::string_view code, absl::string_view text) const;

  const bool is_terminal_;
};

}  // namespace mqttpush::demo

#endif  // MQTTPUSH_DEMO_TERMINAL_H_
