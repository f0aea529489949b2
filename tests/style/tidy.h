// The rules of the house that a machine can check, as pure functions of one
// file's path and text.
#ifndef MQTTPUSH_TESTS_STYLE_TIDY_H_
#define MQTTPUSH_TESTS_STYLE_TIDY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mqttpush {

// A C++ source of ours.
struct SourceFile {
  std::string path;  // from the root, as "storage/records.h"
  std::string text;
};

// One broken rule, as "storage/a.cc:12: what is wrong and what to do".
using Complaints = std::vector<std::string>;

// Folders depend one way: server, then services and workers, then storage, then
// common; services and workers never include each other. Some headers belong
// to one folder (sqlite3.h, MQTTAsync.h, the generated code).
Complaints CheckIncludes(const SourceFile& file);

// MQTTAsync.h is included by one file, so that one file knows Paho.
Complaints CheckPahoInOneFile(const std::vector<SourceFile>& files);

// Words that have a better replacement, which the complaint names.
Complaints CheckBannedWords(const SourceFile& file);

// A header is guarded by MQTTPUSH_<PATH>_H_, and begins with a comment.
Complaints CheckHeader(const SourceFile& file);

// At most 600 lines of at most 80 characters; lines with a URL may be longer.
Complaints CheckSize(const SourceFile& file);

// The code of a line: without comment and without the text of its strings.
std::string CodeOf(absl::string_view line);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_STYLE_TIDY_H_
