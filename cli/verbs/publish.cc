// publish: events from lines of JSON.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/errors.h"
#include "cli/event_line.h"
#include "cli/proto_json.h"
#include "cli/text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/limits.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace mqttpush::cli {
namespace {

// Below what a call takes, so that the answer of one comes soon.
constexpr int kBatchEvents = 500;
constexpr size_t kBatchBytes = limits::kMaxRequestBytes / 2;
constexpr int kMaxShown = 20;
// How often the progress is drawn.
constexpr int64_t kProgressBytes = 64 << 10;

struct Options {
  std::string file;
  std::string type;
};

class Publisher {
 public:
  Publisher(v1::ObjectType type, Session& session)
      : type_(type), session_(session) {}

  absl::Status TakeLine(const std::string& line);
  absl::Status Flush();
  // Prints the counts.
  ExitCode Finish();

 private:
  void Count(int64_t line, const v1::EventResult& result);

  const v1::ObjectType type_;
  Session& session_;
  int64_t line_ = 0;
  v1::PublishEventsRequest batch_;
  size_t batch_bytes_ = 0;
  std::vector<int64_t> batch_lines_;
  std::map<v1::EventResult::Outcome, int64_t> counts_;
  int64_t shown_ = 0;
};

// "" of what is no failure of its own.
std::string WhyNotTaken(const v1::EventResult& result) {
  if (result.outcome() == v1::EventResult::OVER_QUOTA) {
    return absl::StrCat("not taken: ", OneLine(result.error().message()));
  }
  if (result.outcome() != v1::EventResult::REJECTED) return "";
  return absl::StrCat(
      "rejected: ",
      absl::StrJoin(result.violations(), "; ",
                    [](std::string* out, const v1::Violation& violation) {
                      absl::StrAppend(out, OneLine(violation.field()), " ",
                                      OneLine(violation.description()));
                    }));
}

absl::Status Publisher::TakeLine(const std::string& line) {
  ++line_;
  if (absl::StripAsciiWhitespace(line).empty()) return absl::OkStatus();
  absl::StatusOr<v1::Event> event = ParseEventLine(line, type_);
  if (!event.ok()) {
    v1::EventResult unreadable;
    unreadable.set_outcome(v1::EventResult::REJECTED);
    auto* violation = unreadable.add_violations();
    violation->set_field("line");
    violation->set_description(std::string(event.status().message()));
    MQTTPUSH_RETURN_IF_ERROR(Flush());  // keeps the order of the results
    Count(line_, unreadable);
    return absl::OkStatus();
  }
  // So that it can be published again after a failure without a second copy.
  if (event->event_id().empty()) {
    event->set_event_id(NewUuidV7(session_.clock.Now()));
  }
  batch_bytes_ += event->ByteSizeLong();
  *batch_.add_events() = *std::move(event);
  batch_lines_.push_back(line_);
  const bool full =
      batch_.events_size() >= kBatchEvents || batch_bytes_ >= kBatchBytes;
  return full ? Flush() : absl::OkStatus();
}

absl::Status Publisher::Flush() {
  if (batch_.events().empty()) return absl::OkStatus();
  const auto response = session_.client.Call<v1::PublishEventsResponse>(
      "IngestService/PublishEvents", batch_);
  if (!response.ok()) {
    session_.console.Note(absl::StrCat(
        "not known whether the events of lines ", batch_lines_.front(), " to ",
        batch_lines_.back(), " were taken; those before were answered"));
    return response.status();
  }
  for (int i = 0; i < response->results_size(); ++i) {
    Count(batch_lines_[i], response->results(i));
  }
  batch_.Clear();
  batch_bytes_ = 0;
  batch_lines_.clear();
  return absl::OkStatus();
}

void Publisher::Count(int64_t line, const v1::EventResult& result) {
  ++counts_[result.outcome()];
  if (session_.json) {
    session_.console.Line(ToJson(result, JsonForm::kOneLine));
    return;
  }
  const std::string why = WhyNotTaken(result);
  if (why.empty() || ++shown_ > kMaxShown) return;
  session_.console.Note(absl::StrCat("line ", line, " ", why));
}

ExitCode Publisher::Finish() {
  if (shown_ > kMaxShown) {
    session_.console.Note(
        absl::StrCat("and ", shown_ - kMaxShown, " more; --json shows all"));
  }
  bool all_taken = true;
  for (const auto& [outcome, count] : counts_) {
    all_taken &= outcome == v1::EventResult::ACCEPTED ||
                 outcome == v1::EventResult::DUPLICATE;
    if (session_.json) continue;
    session_.console.Line(
        absl::StrCat(PadRight(v1::EventResult::Outcome_Name(outcome), 16),
                     PadLeft(absl::StrCat(count), 9)));
  }
  if (counts_.empty()) session_.console.Note("no events");
  return all_taken ? ExitCode::kOk : ExitCode::kNegative;
}

// 0: not known.
int64_t SizeOf(std::istream& input) {
  input.seekg(0, std::ios::end);
  const int64_t size = input.tellg();
  input.seekg(0);
  input.clear();
  return size > 0 ? size : 0;
}

// `name` is what errors call the input.
absl::StatusOr<ExitCode> PublishAll(std::istream& input,
                                    const std::string& name, int64_t size,
                                    v1::ObjectType type, Session& session) {
  Publisher publisher(type, session);
  int64_t read = 0;
  int64_t shown = 0;
  for (std::string line; std::getline(input, line);) {
    read += line.size() + 1;
    MQTTPUSH_RETURN_IF_ERROR(publisher.TakeLine(line));
    if (read - shown >= kProgressBytes) {
      session.console.Progress("publishing, bytes", read, size);
      shown = read;
    }
  }
  MQTTPUSH_RETURN_IF_ERROR(publisher.Flush());
  const ExitCode code = publisher.Finish();
  // A folder can be opened, but not read; a disk may fail half way.
  if (input.bad()) return UsageError(name, "cannot be read to its end");
  return code;
}

absl::StatusOr<ExitCode> PublishFile(const std::string& path,
                                     v1::ObjectType type, Session& session) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return UsageError(path, "is a directory; FILE must be a file, or -");
  }
  std::ifstream file(path);
  if (!file) {
    return UsageError(path,
                      absl::StrCat("cannot be read: ", std::strerror(errno)));
  }
  return PublishAll(file, path, SizeOf(file), type, session);
}

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  v1::ObjectType type = v1::OBJECT_TYPE_UNSPECIFIED;
  if (!options.type.empty()) {
    const auto parsed = ParseEnum(*v1::ObjectType_descriptor(), options.type);
    if (!parsed.ok()) return At("--type", parsed.status());
    type = static_cast<v1::ObjectType>(*parsed);
  }
  if (options.file == "-") {
    return PublishAll(session.console.in(), "standard input", 0, type, session);
  }
  return PublishFile(options.file, type, session);
}

}  // namespace

void AddPublish(Command root) {
  auto options = std::make_shared<Options>();
  root.Add(
          "publish", "hands in events, as a producer does",
          "Reads one event per line, and prints what became of them: ACCEPTED "
          "(on disk, and on its way), DUPLICATE (its event id was used "
          "before), NO_SUBSCRIPTION (no tenant has the owner, or no "
          "subscription takes the type), REJECTED (not valid), OVER_QUOTA (its "
          "tenant's: publish these lines again later).\n\n"
          "A line is\n"
          "    {\"objectType\": \"location\", \"payload\": {...}}\n"
          "also with \"eventId\", without which it gets one; or an envelope "
          "of Flowcore, current or legacy:\n"
          "    {\"flowType\": \"location.0\", \"eventId\": \"...\", "
          "\"payload\": {...}, ...}\n"
          "or, with --type, the object itself:\n"
          "    {\"id\": 12345, \"assetId\": \"...\", \"ownerId\": \"...\", "
          "...}\n"
          "The payload is pushed byte for byte. With --json each line is "
          "answered by one EventResult.")
      .Argument("FILE", &options->file, "The file; - is standard input.")
      .Option("--type", EnumChoices(*v1::ObjectType_descriptor()),
              &options->type,
              "The object type of lines that do not say theirs.")
      .Example("mqttpush publish fleet.jsonl", "Publishes a file.")
      .Example(
          "jq -c .locations[] export.json | mqttpush publish --type "
          "location -",
          "Publishes bare objects from another program.")
      .Does([options](Session& session) { return Run(*options, session); });
}

}  // namespace mqttpush::cli
