#include "bench/figures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace mqttpush::bench {
namespace {

// 1234567 is "1,234,567".
std::string WithCommas(int64_t value) {
  const std::string digits = absl::StrCat(std::abs(value));
  std::string text = value < 0 ? "-" : "";
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

// Without the continuation bytes of UTF-8.
size_t Columns(const std::string& text) {
  return std::count_if(text.begin(), text.end(),
                       [](char byte) { return (byte & 0xC0) != 0x80; });
}

}  // namespace

void Figures::Set(const std::string& key, double value) {
  values_[key] = std::isfinite(value) ? absl::StrFormat("%.6g", value) : "null";
}

void Figures::SetText(const std::string& key, const std::string& value) {
  values_[key] = absl::StrCat(
      "\"",
      absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", " "}}),
      "\"");
}

std::string Figures::Json() const {
  std::string json = "{";
  for (const auto& [key, value] : values_) {
    absl::StrAppend(&json, json.size() == 1 ? "\n" : ",\n", "  \"", key,
                    "\": ", value);
  }
  return json + "\n}\n";
}

absl::Status Figures::WriteJson(const std::string& path) const {
  std::ofstream file(path);
  file << Json();
  file.close();
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path));
}

std::string Table::Text() const {
  std::vector<size_t> widths(rows_[0].size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Columns(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - Columns(row[i]), ' ');
      absl::StrAppend(&text, i == 0 ? "  " : "   ", i == 0 ? row[i] : space,
                      i == 0 ? space : row[i]);
    }
    text += "\n";
  }
  return text;
}

void Table::Print(const std::string& title) const {
  std::printf("\n%s\n%s", title.c_str(), Text().c_str());
  std::fflush(stdout);
}

std::string Readable(double value) {
  if (!std::isfinite(value)) return "-";
  if (std::abs(value) >= 1000) return WithCommas(std::llround(value));
  if (std::abs(value) >= 100) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%.*f", std::abs(value) >= 10 ? 1 : 2, value);
}

double Percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  const double rank = std::ceil(p * static_cast<double>(values.size()));
  const size_t index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[index];
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

}  // namespace mqttpush::bench
