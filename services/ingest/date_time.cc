#include "services/ingest/date_time.h"

namespace mqttpush {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the text apart from the front; everything after a mismatch fails.
class Cursor {
 public:
  explicit Cursor(absl::string_view text) : text_(text) {}

  // `count` digits with a value of at most `max`; -1 on a mismatch.
  int Number(size_t count, int max) {
    if (text_.size() < count) return Fail();
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!IsDigit(text_[i])) return Fail();
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return value <= max ? value : Fail();
  }

  // One character of `either`; NUL if there is none.
  char Take(absl::string_view either) {
    if (text_.empty() || either.find(text_[0]) == absl::string_view::npos) {
      return '\0';
    }
    const char taken = text_[0];
    text_.remove_prefix(1);
    return taken;
  }

  void Expect(absl::string_view either) {
    if (Take(either) == '\0') Fail();
  }

  void Digits() {
    if (text_.empty() || !IsDigit(text_[0])) Fail();
    while (!text_.empty() && IsDigit(text_[0])) text_.remove_prefix(1);
  }

  int Fail() {
    failed_ = true;
    return -1;
  }
  bool AtEnd() const { return !failed_ && text_.empty(); }

 private:
  absl::string_view text_;
  bool failed_ = false;
};

int DaysInMonth(int year, int month) {
  if (month == 2) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return leap ? 29 : 28;
  }
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

void TakeDate(Cursor& cursor) {
  const int year = cursor.Number(4, 9999);
  cursor.Expect("-");
  const int month = cursor.Number(2, 12);
  cursor.Expect("-");
  const int day = cursor.Number(2, 31);
  if (month < 1 || day < 1 || day > DaysInMonth(year, month)) cursor.Fail();
}

// Minutes east of UTC.
int TakeOffset(Cursor& cursor) {
  const char sign = cursor.Take("Zz+-");
  if (sign == 'Z' || sign == 'z') return 0;
  if (sign == '\0') return cursor.Fail();
  const int hours = cursor.Number(2, 23);
  cursor.Expect(":");
  const int minutes = hours * 60 + cursor.Number(2, 59);
  return sign == '+' ? minutes : -minutes;
}

}  // namespace

bool IsDateTime(absl::string_view text) {
  constexpr int kMinutesPerDay = 24 * 60;
  Cursor cursor(text);
  TakeDate(cursor);
  cursor.Expect("Tt");
  int minute_of_day = cursor.Number(2, 23) * 60;
  cursor.Expect(":");
  minute_of_day += cursor.Number(2, 59);
  cursor.Expect(":");
  const int second = cursor.Number(2, 60);
  if (cursor.Take(".") != '\0') cursor.Digits();
  minute_of_day -= TakeOffset(cursor);
  if (!cursor.AtEnd()) return false;
  return second < 60 || (minute_of_day + kMinutesPerDay) % kMinutesPerDay ==
                            kMinutesPerDay - 1;
}

}  // namespace mqttpush
