#include "cli/console.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mqttpush::cli {
namespace {

constexpr int kBarWidth = 30;

absl::string_view CodeOf(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kBold:
      return "1";
    case Tone::kGood:
      return "32";
    case Tone::kWarning:
      return "33";
    case Tone::kBad:
      return "31";
    case Tone::kDim:
      return "2";
  }
  return "";
}

}  // namespace

void Console::Line(absl::string_view text) {
  ClearProgress();
  streams_.out << text << '\n';
  streams_.out.flush();
}

void Console::Write(absl::string_view text) {
  ClearProgress();
  streams_.out << text;
  streams_.out.flush();
}

void Console::Note(absl::string_view text) {
  ClearProgress();
  streams_.err << text << '\n';
  streams_.err.flush();
}

void Console::Progress(absl::string_view what, int64_t done, int64_t total) {
  if (!streams_.err_is_terminal) return;
  std::string drawn = absl::StrCat(what, " ", done);
  if (total > 0) {
    const int64_t filled =
        kBarWidth * std::clamp<int64_t>(done, 0, total) / total;
    drawn = absl::StrFormat("%s [%s%s] %d/%d", what, std::string(filled, '#'),
                            std::string(kBarWidth - filled, '.'), done, total);
  }
  if (drawn == progress_) return;
  ClearProgress();
  progress_ = drawn;
  streams_.err << progress_;
  streams_.err.flush();
}

bool Console::Confirm(absl::string_view question) {
  if (!CanAsk()) return false;
  ClearProgress();
  streams_.err << question << " [y/N] ";
  streams_.err.flush();
  std::string answer;
  std::getline(streams_.in, answer);
  answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
  return answer == "y" || answer == "yes";
}

std::string Console::Styled(Tone tone, absl::string_view text) const {
  if (!streams_.colours || !streams_.out_is_terminal || tone == Tone::kPlain) {
    return std::string(text);
  }
  return absl::StrCat("\x1b[", CodeOf(tone), "m", text, "\x1b[0m");
}

void Console::ClearProgress() {
  if (progress_.empty()) return;
  progress_.clear();
  streams_.err << "\r\x1b[K";
}

}  // namespace mqttpush::cli
