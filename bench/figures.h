// What a bench prints and writes down: tables for people, named figures for
// JSON.
#ifndef MQTTPUSH_BENCH_FIGURES_H_
#define MQTTPUSH_BENCH_FIGURES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace mqttpush::bench {

// Named numbers and texts. Keys are lower case with underscores and end with
// their unit: `query_p99_ms`. Not thread-safe.
class Figures {
 public:
  void Set(const std::string& key, double value);
  void SetText(const std::string& key, const std::string& value);

  // One JSON object, keys in alphabetical order; what is no finite number is
  // null.
  std::string Json() const;
  // UNAVAILABLE when the file cannot be written.
  absl::Status WriteJson(const std::string& path) const;

 private:
  std::map<std::string, std::string> values_;  // as JSON
};

// Rows of text with aligned columns. The first column is aligned to the left,
// the others to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }
  std::string Text() const;
  // To standard output, under a title.
  void Print(const std::string& title) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// A number as people read it: "23,456", "12.3", "0.82".
std::string Readable(double value);

// The value that the fraction `p` (0 to 1) of all is not above; 0 of none.
double Percentile(std::vector<double> values, double p);
// The middle one, or the mean of the two in the middle; 0 of none.
double Median(std::vector<double> values);

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_FIGURES_H_
