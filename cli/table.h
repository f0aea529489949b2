// Table: aligned columns for people.
#ifndef MQTTPUSH_CLI_TABLE_H_
#define MQTTPUSH_CLI_TABLE_H_

#include <string>
#include <vector>

#include "cli/console.h"

namespace mqttpush::cli {

// Not thread-safe.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;  // aligned to the right: numbers
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell per column. Text of others comes through OneLine().
  void Add(std::vector<std::string> cells);
  size_t rows() const { return rows_.size(); }

  // Columns in which no row has anything are left out.
  void Print(Console& console) const;

 private:
  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_TABLE_H_
