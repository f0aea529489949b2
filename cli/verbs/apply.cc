// apply: makes a tenant as a file says.
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/apply_plan.h"
#include "cli/errors.h"
#include "cli/resource_input.h"
#include "cli/text.h"
#include "cli/verbs/verbs.h"
#include "common/status_macros.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace mqttpush::cli {
namespace {

struct Options {
  std::string file;
  bool dry_run = false;
  bool prune = false;
  bool force = false;
};

struct ActionWords {
  const char* sign;
  const char* word;
  Tone tone;
};

bool MakesChange(const Change& change) {
  return change.action == Change::Action::kCreate ||
         change.action == Change::Action::kUpdate ||
         change.action == Change::Action::kDelete;
}

ActionWords WordsOf(Change::Action action) {
  switch (action) {
    case Change::Action::kCreate:
      return {"+", "create", Tone::kGood};
    case Change::Action::kUpdate:
      return {"~", "change", Tone::kWarning};
    case Change::Action::kDelete:
      return {"-", "delete", Tone::kBad};
    case Change::Action::kKeep:
      return {"?", "not in the file; --prune deletes it", Tone::kDim};
    case Change::Action::kUnchanged:
      return {"=", "unchanged", Tone::kDim};
  }
  return {"", "", Tone::kPlain};
}

void PrintChange(const Change& change, Console& console) {
  const ActionWords words = WordsOf(change.action);
  console.Line(console.Styled(
      words.tone,
      absl::StrCat(words.sign, " ", change.name, "  ", words.word)));
  for (const FieldChange& field : change.fields) {
    const bool shows_before =
        change.action != Change::Action::kCreate && !field.before.empty();
    console.Line(absl::StrCat(
        "    ", field.field, ": ",
        shows_before ? absl::StrCat(field.before, " -> ") : "", field.after));
  }
}

// How far the changes have come: those before `next` are made.
struct Progress {
  size_t next = 0;
  absl::Status status;  // of that one, if it is no success
};

// What became of a change, for people and for programs.
const char* ResultOf(const Change& change, size_t index,
                     const Progress& progress) {
  if (!MakesChange(change)) return "none";
  if (index < progress.next) return "done";
  if (index > progress.next || progress.status.ok()) return "not done";
  // Without an answer it may have been made all the same.
  return ExitCodeOf(progress.status) == ExitCode::kUnavailable ? "not known"
                                                               : "refused";
}

std::string ChangesJson(const std::vector<Change>& changes, bool dry_run,
                        const Progress& progress) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto text = [&](const char* name, const std::string& value) {
    json.Key(name);
    json.String(value.data(), value.size());
  };
  json.StartObject();
  json.Key("dryRun");
  json.Bool(dry_run);
  json.Key("changes");
  json.StartArray();
  for (size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    json.StartObject();
    text("name", change.name);
    text("action", change.action == Change::Action::kKeep
                       ? "keep"
                       : WordsOf(change.action).word);
    text("result", ResultOf(change, i, progress));
    json.Key("fields");
    json.StartArray();
    for (const FieldChange& field : change.fields) {
      json.StartObject();
      text("field", field.field);
      text("before", field.before);
      text("after", field.after);
      json.EndObject();
    }
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return buffer.GetString();
}

Progress MakeAll(const std::vector<Change>& changes, bool force,
                 Session& session) {
  Progress progress;
  for (const Change& change : changes) {
    session.console.Progress("applying", static_cast<int64_t>(progress.next),
                             static_cast<int64_t>(changes.size()));
    progress.status = MakeChange(change, force, session.client);
    if (!progress.status.ok()) return progress;
    ++progress.next;
  }
  return progress;
}

// Everything was checked before: only what came in between ends up here.
void PrintWhereItStopped(const std::vector<Change>& changes,
                         const Progress& progress, Console& console) {
  console.Note("mqttpush: it stopped half way:");
  for (size_t i = 0; i < changes.size(); ++i) {
    if (!MakesChange(changes[i])) continue;
    console.Note(
        absl::StrCat("  ", PadRight(ResultOf(changes[i], i, progress), 11),
                     WordsOf(changes[i].action).word, " ", changes[i].name));
  }
  console.Note("Applying the file again goes on from there.");
}

std::string Summary(const std::vector<Change>& changes, bool dry_run) {
  std::map<Change::Action, int> counts;
  for (const Change& change : changes) ++counts[change.action];
  const auto words = [&](const char* to_do, const char* done) {
    return dry_run ? to_do : done;
  };
  return absl::StrCat(
      dry_run ? "dry run, nothing is changed: " : "",
      counts[Change::Action::kCreate], words(" to create, ", " created, "),
      counts[Change::Action::kUpdate], words(" to change, ", " changed, "),
      counts[Change::Action::kDelete], words(" to delete, ", " deleted, "),
      counts[Change::Action::kUnchanged], " unchanged");
}

absl::StatusOr<std::vector<Change>> Plan(const Options& options,
                                         Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string text,
                            ReadInput(options.file, session.console));
  MQTTPUSH_ASSIGN_OR_RETURN(
      TenantFile file,
      ParseTenantFile(text, SourceOf(options.file, session.environment)));
  return PlanApply(std::move(file),
                   {.prune = options.prune, .force = options.force},
                   session.client);
}

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  if (options.file.empty()) {
    return UsageError("-f", "required; see mqttpush apply --help");
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<Change> changes,
                            Plan(options, session));
  if (!session.json) {
    for (const Change& change : changes) PrintChange(change, session.console);
  }
  Progress progress;
  if (!options.dry_run) progress = MakeAll(changes, options.force, session);
  if (session.json) {
    session.console.Line(ChangesJson(changes, options.dry_run, progress));
  } else if (!progress.status.ok()) {
    PrintWhereItStopped(changes, progress, session.console);
  } else {
    session.console.Note(Summary(changes, options.dry_run));
  }
  MQTTPUSH_RETURN_IF_ERROR(progress.status);
  return ExitCode::kOk;
}

constexpr char kDetails[] =
    R"(Compares a tenant with its file, prints what differs, and changes the
tenant. The fields are those of mqttpush tenants|brokers|subscriptions create
--help; what the file does not name gets its default. Brokers and
subscriptions that are not in the file stay, unless --prune says to delete
them.
    tenant: acme
    display_name: Acme Shipping
    owner_ids: [660e8400-e29b-41d4-a716-446655440001]
    brokers:
      main:
        host: broker.acme.example
        tls: {enabled: true, ca_certificates_pem: {file: acme-ca.pem}}
        username_password:
          username: fleet
          password: {env: ACME_PASSWORD}
    subscriptions:
      events:
        broker: main
        topic: "globe-tracker/events/{objectType}"
        qos: at_least_once

A password or key is never in the file: {file: PATH}, relative to the file, or
{env: NAME} says where it is. It is never printed; whether it is set, changed
or unchanged is. One that the file does not name stays, as long as what it
belongs to is the same.

Everything is checked before anything is changed: a file that is not valid
changes nothing. If it stops half way all the same, because the service ended or
somebody changed the tenant in between, it says what was done, and applying the
file again goes on from there. Repeating it is safe.)";

}  // namespace

void AddApply(Command root) {
  auto options = std::make_shared<Options>();
  root.Add("apply",
           "makes a tenant, its brokers and subscriptions as a file says",
           kDetails)
      .Option("-f,--file", "FILE", &options->file,
              "Required. The file, YAML or JSON; - is standard input.")
      .Flag("--dry-run", &options->dry_run,
            "Checks everything, prints what differs, changes nothing.")
      .Flag("--prune", &options->prune,
            "Deletes brokers and subscriptions that are not in the file.")
      .Flag("--force", &options->force,
            "With --prune: also subscriptions with undelivered events, which "
            "are discarded.")
      .Example("mqttpush apply -f acme.yaml --dry-run", "What would change?")
      .Example("mqttpush apply -f acme.yaml", "Changes it.")
      .Does([options](Session& session) { return Run(*options, session); });
}

}  // namespace mqttpush::cli
