// tenants|brokers|subscriptions list|get|create|update|delete|pause|resume.
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/errors.h"
#include "cli/field_docs.h"
#include "cli/message_yaml.h"
#include "cli/proto_json.h"
#include "cli/resource_calls.h"
#include "cli/resource_input.h"
#include "cli/resource_tables.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::Message;

// Of all verbs; each has its own.
struct Options {
  std::string name;
  ResourceInput input;
  std::vector<std::string> unset;
  ResourceCalls::DeleteOptions deletion;
  std::string etag;
  bool dry_run = false;
};
using OptionsPtr = std::shared_ptr<Options>;

std::string Metavar(const ResourceKind& kind) {
  return absl::AsciiStrToUpper(kind.word);
}

std::string NameHelp(const ResourceKind& kind) {
  return kind.has_parent ? absl::StrCat("The ", kind.word,
                                        ", as acme/main or tenants/acme/",
                                        kind.collection, "/main.")
                         : "The tenant, as acme or tenants/acme.";
}

void PrintResource(const Message& resource, Session& session) {
  if (session.json) {
    session.console.Line(ToJson(resource));
    return;
  }
  session.console.Line(absl::StrCat("# ", GetText(resource, "name")));
  session.console.Write(ToYaml(resource, session.clock.Now()));
}

absl::StatusOr<ExitCode> RunList(const ResourceKind& kind,
                                 const Options& options, Session& session) {
  std::string parent;
  if (kind.has_parent) {
    MQTTPUSH_ASSIGN_OR_RETURN(parent, TenantName(options.name));
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const MessagePtr all,
                            ResourceCalls(session.client, kind).List(parent));
  if (session.json) {
    session.console.Line(ToJson(*all));
    return ExitCode::kOk;
  }
  const Table table = ResourceTable(*all, session.clock.Now());
  if (table.rows() == 0) {
    session.console.Note(absl::StrCat("no ", kind.collection));
  } else {
    table.Print(session.console);
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunGet(const ResourceKind& kind,
                                const Options& options, Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string name,
                            ResourceName(kind, options.name));
  MQTTPUSH_ASSIGN_OR_RETURN(const MessagePtr resource,
                            ResourceCalls(session.client, kind).Get(name));
  PrintResource(*resource, session);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunCreate(const ResourceKind& kind,
                                   const Options& options, Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string name,
                            ResourceName(kind, options.name));
  const MessagePtr resource = NewMessage(kind.type);
  std::vector<std::string> paths;
  MQTTPUSH_RETURN_IF_ERROR(
      ReadResource(options.input, session, resource.get(), &paths));
  SetText(resource.get(), "name", name);
  CompleteReferences(resource.get());
  MQTTPUSH_ASSIGN_OR_RETURN(
      const MessagePtr created,
      ResourceCalls(session.client, kind).Create(*resource, options.dry_run));
  PrintResource(*created, session);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunUpdate(const ResourceKind& kind,
                                   const Options& options, Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string name,
                            ResourceName(kind, options.name));
  const MessagePtr resource = NewMessage(kind.type);
  std::vector<std::string> paths = options.unset;
  MQTTPUSH_RETURN_IF_ERROR(
      ReadResource(options.input, session, resource.get(), &paths));
  if (paths.empty()) {
    return UsageError("update", "nothing to change: give --set, -f or --unset");
  }
  SetText(resource.get(), "name", name);
  SetText(resource.get(), "etag", options.etag);
  CompleteReferences(resource.get());
  MQTTPUSH_ASSIGN_OR_RETURN(const MessagePtr updated,
                            ResourceCalls(session.client, kind)
                                .Update(*resource, paths, options.dry_run));
  PrintResource(*updated, session);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunDelete(const ResourceKind& kind,
                                   const Options& options, Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string name,
                            ResourceName(kind, options.name));
  MQTTPUSH_RETURN_IF_ERROR(
      ResourceCalls(session.client, kind).Delete(name, options.deletion));
  session.console.Note(absl::StrCat(
      name, options.deletion.validate_only ? " would be deleted" : " deleted"));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunSwitch(const ResourceKind& kind,
                                   const std::string& verb,
                                   const Options& options, Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string name,
                            ResourceName(kind, options.name));
  MQTTPUSH_ASSIGN_OR_RETURN(
      const MessagePtr resource,
      ResourceCalls(session.client, kind).Switch(verb, name));
  PrintResource(*resource, session);
  return ExitCode::kOk;
}

void AddList(Command group, const ResourceKind& kind) {
  auto options = std::make_shared<Options>();
  Command list = group.Add("list", absl::StrCat("lists ", kind.collection));
  if (kind.has_parent) {
    list.Argument("TENANT", &options->name, NameHelp(TenantKind()));
  }
  list.Does([&kind, options](Session& session) {
    return RunList(kind, *options, session);
  });
}

// With the name as its argument.
Command AddNamed(Command group, const ResourceKind& kind,
                 const std::string& verb, const std::string& summary,
                 const std::string& details, const OptionsPtr& options) {
  return group.Add(verb, summary, details)
      .Argument(Metavar(kind), &options->name, NameHelp(kind));
}

void AddGet(Command group, const ResourceKind& kind) {
  auto options = std::make_shared<Options>();
  AddNamed(group, kind, "get", absl::StrCat("shows a ", kind.word),
           absl::StrCat("Prints what can be set as YAML, which create and "
                        "update take, and what the service says as comments."),
           options)
      .Does([&kind, options](Session& session) {
        return RunGet(kind, *options, session);
      });
}

std::string FieldsOf(const ResourceKind& kind) {
  return absl::StrCat("Fields:\n",
                      FieldHelp(*NewMessage(kind.type)->GetDescriptor()));
}

void AddCreate(Command group, const ResourceKind& kind,
               const std::string& example) {
  auto options = std::make_shared<Options>();
  Command create =
      AddNamed(group, kind, "create", absl::StrCat("creates a ", kind.word),
               FieldsOf(kind), options);
  AddResourceOptions(create, &options->input);
  create
      .Flag("--dry-run", &options->dry_run,
            "Checks everything and changes nothing.")
      .Example(absl::StrCat("mqttpush ", kind.collection, " create ", example),
               "Creates it and prints what was made.")
      .Does([&kind, options](Session& session) {
        return RunCreate(kind, *options, session);
      });
}

void AddUpdate(Command group, const ResourceKind& kind) {
  auto options = std::make_shared<Options>();
  Command update =
      AddNamed(group, kind, "update", absl::StrCat("changes a ", kind.word),
               absl::StrCat("Changes the fields that are given, and no others. "
                            "A list or map is replaced as a whole.\n\n",
                            FieldsOf(kind)),
               options);
  AddResourceOptions(update, &options->input);
  update
      .Options("--unset", "FIELD", &options->unset,
               "Gives a field its default again.")
      .Option("--etag", "ETAG", &options->etag,
              "Changes it only if this is its etag still.")
      .Flag("--dry-run", &options->dry_run,
            "Checks everything and changes nothing.")
      .Does([&kind, options](Session& session) {
        return RunUpdate(kind, *options, session);
      });
}

void AddDelete(Command group, const ResourceKind& kind) {
  auto options = std::make_shared<Options>();
  Command deletion =
      AddNamed(group, kind, "delete", absl::StrCat("deletes a ", kind.word), "",
               options);
  if (kind.can_force) {
    deletion.Flag("--force", &options->deletion.force,
                  "Also with what is in it or waits for it: undelivered events "
                  "are discarded.");
  }
  deletion
      .Option("--etag", "ETAG", &options->deletion.etag,
              "Deletes it only if this is its etag still.")
      .Flag("--dry-run", &options->deletion.validate_only,
            "Checks everything and deletes nothing.")
      .Does([&kind, options](Session& session) {
        return RunDelete(kind, *options, session);
      });
}

void AddSwitch(Command group, const ResourceKind& kind,
               const std::string& method, const std::string& summary) {
  auto options = std::make_shared<Options>();
  AddNamed(group, kind, absl::AsciiStrToLower(method), summary, "", options)
      .Does([&kind, method, options](Session& session) {
        return RunSwitch(kind, method, *options, session);
      });
}

void AddKind(Command root, const ResourceKind& kind, const std::string& summary,
             const std::string& example) {
  Command group = root.Add(kind.collection, summary);
  AddList(group, kind);
  AddGet(group, kind);
  AddCreate(group, kind, example);
  AddUpdate(group, kind);
  AddDelete(group, kind);
  if (!kind.can_pause) return AddBrokerSwitches(group);
  AddSwitch(group, kind, "Pause",
            absl::StrCat("holds the events of a ", kind.word));
  AddSwitch(group, kind, "Resume",
            absl::StrCat("goes on sending the events of a ", kind.word));
}

}  // namespace

void AddResourceVerbs(Command root) {
  AddKind(root, TenantKind(), "customers: list, get, create, update, ...",
          "acme --set 'owner_ids=[660e8400-e29b-41d4-a716-446655440001]'");
  AddKind(root, BrokerKind(), "their MQTT brokers: list, get, create, ...",
          "acme/main --set host=broker.example.com --set port=1883");
  AddKind(root, SubscriptionKind(),
          "what goes to which topics: list, get, create, ...",
          "acme/events --set broker=main --set 'topic=fleet/{objectType}'");
}

}  // namespace mqttpush::cli
