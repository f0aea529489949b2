// apply: makes a tenant as a file says.
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/apply_plan.h"
#include "cli/errors.h"
#include "cli/resource_input.h"
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

std::string ChangesJson(const std::vector<Change>& changes, bool dry_run) {
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
  for (const Change& change : changes) {
    json.StartObject();
    text("name", change.name);
    text("action", change.action == Change::Action::kKeep
                       ? "keep"
                       : WordsOf(change.action).word);
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

absl::Status MakeAll(const std::vector<Change>& changes, bool force,
                     Session& session) {
  int64_t made = 0;
  for (const Change& change : changes) {
    session.console.Progress("applying", made, changes.size());
    const absl::Status status = MakeChange(change, force, session.client);
    if (!status.ok()) {
      session.console.Note(absl::StrCat("mqttpush: stopped at ", change.name,
                                        "; what stands above it is done"));
      return status;
    }
    ++made;
  }
  return absl::OkStatus();
}

std::string Summary(const std::vector<Change>& changes) {
  std::map<Change::Action, int> counts;
  for (const Change& change : changes) ++counts[change.action];
  return absl::StrCat(counts[Change::Action::kCreate], " created, ",
                      counts[Change::Action::kUpdate], " changed, ",
                      counts[Change::Action::kDelete], " deleted, ",
                      counts[Change::Action::kUnchanged], " unchanged");
}

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  if (options.file.empty()) {
    return UsageError("-f", "required; see mqttpush apply --help");
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string text,
                            ReadInput(options.file, session.console));
  MQTTPUSH_ASSIGN_OR_RETURN(
      TenantFile file,
      ParseTenantFile(text, SourceOf(options.file, session.environment)));
  MQTTPUSH_ASSIGN_OR_RETURN(
      const std::vector<Change> changes,
      PlanApply(std::move(file), options.prune, session.client));
  if (session.json) {
    session.console.Line(ChangesJson(changes, options.dry_run));
  } else {
    for (const Change& change : changes) PrintChange(change, session.console);
  }
  if (options.dry_run) {
    session.console.Note(
        absl::StrCat("dry run, nothing is changed: ", Summary(changes)));
    return ExitCode::kOk;
  }
  MQTTPUSH_RETURN_IF_ERROR(MakeAll(changes, options.force, session));
  session.console.Note(Summary(changes));
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

Repeating it is safe. When somebody changes the tenant in between, it stops.)";

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
