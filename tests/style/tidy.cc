#include "tests/style/tidy.h"

#include <functional>
#include <map>
#include <regex>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxLines = 600;
constexpr size_t kMaxColumns = 80;

std::vector<std::string> Lines(const SourceFile& file) {
  std::vector<std::string> lines = absl::StrSplit(file.text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string Complaint(const SourceFile& file, size_t index,
                      absl::string_view what) {
  return absl::StrCat(file.path, ":", index + 1, ": ", what);
}

// Tests, what they share, and the doubles that stand beside the code.
bool IsTest(absl::string_view path) {
  static const std::regex double_name("(test|fake|fixture|stub)[^/]*$");
  return absl::StartsWith(path, "tests/") || absl::StartsWith(path, "bench/") ||
         std::regex_search(std::string(path), double_name);
}

std::string FirstFolder(absl::string_view path) {
  return std::string(path.substr(0, path.find('/')));
}

// What the files of a folder may include from our own tree. Folders that are
// not named (tests, demo, bench) stand outside the product and see all of it.
const std::map<std::string, std::set<std::string>>& MayInclude() {
  static const auto* const table =
      new std::map<std::string, std::set<std::string>>{
          {"server", {"server", "services", "workers", "storage", "common"}},
          {"services", {"services", "storage", "common"}},
          {"workers", {"workers", "storage", "common"}},
          {"storage", {"storage", "common"}},
          {"cli", {"cli", "common"}},
          {"common", {"common"}},
      };
  return *table;
}

// A header that only some places may include.
struct Reserved {
  absl::string_view prefix;  // of the included path
  std::vector<absl::string_view> places;
  absl::string_view rule;
};

const std::vector<Reserved>& ReservedHeaders() {
  static const auto* const headers = new std::vector<Reserved>{
      {"mqttpush/v1/",
       {"services/", "server/", "cli/", "tests/", "demo/", "bench/"},
       "the public API's types stop at services/; use storage/records.h"},
      {"mqttpush/worker/v1/",
       {"workers/", "tests/"},
       "the worker link is private to workers/"},
      {"sqlite3.h",
       {"storage/sqlite/"},
       "sqlite3.h stays in storage/sqlite/; use the interfaces of storage/"},
      {"MQTTAsync.h",
       {"workers/", "bench/ceiling_main.cc"},
       "Paho stays in one file of workers/"},
      {"boost/",
       {"services/http/"},
       "Boost stays in services/http/; use http_message.h"},
      {"CLI/",
       {"cli/command.cc", "cli/help.cc", "cli/completion.cc"},
       "commands are added by cli/command.h"},
      {"MQTTClient.h", {}, "Paho's synchronous client is not used"},
  };
  return *headers;
}

// The included path of an #include line, or "".
std::string IncludedPath(const std::string& line) {
  static const std::regex include(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
  std::smatch match;
  return std::regex_search(line, match, include) ? match[1].str() : "";
}

std::string CheckReserved(const SourceFile& file, absl::string_view included) {
  for (const Reserved& header : ReservedHeaders()) {
    if (!absl::StartsWith(included, header.prefix)) continue;
    bool allowed = false;
    for (absl::string_view place : header.places) {
      allowed |= absl::StartsWith(file.path, place);
    }
    if (!allowed) return std::string(header.rule);
  }
  return "";
}

std::string CheckDirection(const SourceFile& file, absl::string_view included) {
  const auto row = MayInclude().find(FirstFolder(file.path));
  if (row == MayInclude().end()) return "";
  if (IsTest(file.path) && absl::StartsWith(included, "tests/support/")) {
    return "";
  }
  const std::string folder = FirstFolder(included);
  const bool ours = MayInclude().contains(folder) || folder == "tests" ||
                    folder == "demo" || folder == "bench";
  if (!ours || row->second.contains(folder)) return "";
  return absl::StrCat(row->first, "/ must not include ", folder, "/");
}

struct BannedWord {
  std::regex pattern;
  std::function<bool(absl::string_view path)> applies;
  std::string replacement;
};

bool Everywhere(absl::string_view) { return true; }
// Tests tell real time only to bound their waits.
bool IsProduct(absl::string_view path) {
  return path != "common/clock.h" && !IsTest(path);
}
// tests/support/ holds the loops that wait for a condition.
bool IsTestCase(absl::string_view path) {
  return IsTest(path) && !absl::StartsWith(path, "tests/support/");
}

// Looked for in code, without comments and strings.
const std::vector<BannedWord>& BannedInCode() {
  static const auto* const words = new std::vector<BannedWord>{
      {std::regex(R"(\b(sleep_for|sleep_until|SleepFor|usleep|nanosleep)\b)"),
       IsTestCase,
       "a test does not sleep: wait for the condition (tests/support/)"},
      {std::regex(R"(\babsl::Now\b|system_clock::now|\btime\(nullptr\))"),
       IsProduct, "time comes from Clock (common/clock.h)"},
      {std::regex(R"(\bthrow\b)"), Everywhere,
       "no exceptions: return absl::Status"},
      {std::regex(R"(\babsl::Mutex(Lock)?\b|\bstd::mutex\b)"),
       [](absl::string_view path) { return path != "common/mutex.h"; },
       "use Mutex of common/mutex.h (docs/decisions/0004-std-mutex.md)"},
  };
  return *words;
}

// Looked for in whole lines.
const std::vector<BannedWord>& BannedInText() {
  static const auto* const words = new std::vector<BannedWord>{
      {std::regex(R"(\bSELECT \*)"), Everywhere, "name the columns"},
      {std::regex(R"(\bTODO\b(?!\([a-z]))"), Everywhere,
       "TODO(name): says who knows more"},
  };
  return *words;
}

void FindWords(const SourceFile& file, const std::vector<BannedWord>& words,
               const std::string& text, size_t index, Complaints& complaints) {
  for (const BannedWord& word : words) {
    if (word.applies(file.path) && std::regex_search(text, word.pattern)) {
      complaints.push_back(Complaint(file, index, word.replacement));
    }
  }
}

std::string GuardOf(absl::string_view path) {
  return absl::StrCat("MQTTPUSH_",
                      absl::AsciiStrToUpper(absl::StrReplaceAll(
                          path, {{"/", "_"}, {".", "_"}, {"-", "_"}})),
                      "_");
}

// Characters, not bytes: continuation bytes of UTF-8 do not count.
size_t Columns(absl::string_view line) {
  size_t columns = 0;
  for (const char byte : line) columns += (byte & 0xC0) != 0x80;
  return columns;
}

}  // namespace

std::string CodeOf(absl::string_view line) {
  std::string code;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
    } else if (absl::StartsWith(line.substr(i), "//")) {
      break;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else {
      code += c;
    }
  }
  return code;
}

Complaints CheckIncludes(const SourceFile& file) {
  Complaints complaints;
  const std::vector<std::string> lines = Lines(file);
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string included = IncludedPath(lines[i]);
    if (included.empty()) continue;
    for (const std::string& what :
         {CheckReserved(file, included), CheckDirection(file, included)}) {
      if (!what.empty()) complaints.push_back(Complaint(file, i, what));
    }
  }
  return complaints;
}

Complaints CheckPahoInOneFile(const std::vector<SourceFile>& files) {
  Complaints users;
  for (const SourceFile& file : files) {
    // A bench compares the product with Paho alone.
    if (absl::StartsWith(file.path, "bench/")) continue;
    for (const std::string& line : Lines(file)) {
      if (IncludedPath(line) == "MQTTAsync.h") users.push_back(file.path);
    }
  }
  if (users.size() <= 1) return {};
  for (std::string& user : users) user += ": includes MQTTAsync.h, as others";
  return users;
}

Complaints CheckBannedWords(const SourceFile& file) {
  Complaints complaints;
  if (absl::StartsWith(file.path, "tests/style/")) return complaints;
  const std::vector<std::string> lines = Lines(file);
  for (size_t i = 0; i < lines.size(); ++i) {
    FindWords(file, BannedInCode(), CodeOf(lines[i]), i, complaints);
    FindWords(file, BannedInText(), lines[i], i, complaints);
  }
  return complaints;
}

Complaints CheckHeader(const SourceFile& file) {
  if (!absl::EndsWith(file.path, ".h")) return {};
  Complaints complaints;
  const std::string guard = GuardOf(file.path);
  const std::string opening =
      absl::StrCat("#ifndef ", guard, "\n#define ", guard, "\n");
  const std::string closing = absl::StrCat("#endif  // ", guard, "\n");
  if (!absl::StrContains(file.text, opening) ||
      !absl::EndsWith(file.text, closing)) {
    complaints.push_back(Complaint(file, 0, "the guard must be " + guard));
  }
  if (!absl::StartsWith(file.text, "//")) {
    complaints.push_back(
        Complaint(file, 0, "begin with a comment: what is this for?"));
  }
  return complaints;
}

Complaints CheckSize(const SourceFile& file) {
  Complaints complaints;
  const std::vector<std::string> lines = Lines(file);
  if (lines.size() > kMaxLines) {
    complaints.push_back(Complaint(
        file, kMaxLines, absl::StrCat("over ", kMaxLines, " lines: split")));
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (Columns(lines[i]) > kMaxColumns &&
        !absl::StrContains(lines[i], "://")) {
      complaints.push_back(Complaint(
          file, i, absl::StrCat("over ", kMaxColumns, " characters")));
    }
  }
  return complaints;
}

}  // namespace mqttpush
