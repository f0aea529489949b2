// replay: sends many deliveries again; list|get|watch|cancel.
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/errors.h"
#include "cli/history_filter.h"
#include "cli/proto_json.h"
#include "cli/proto_text.h"
#include "cli/replay_watch.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

struct Options {
  std::string tenant;
  FilterOptions filter;
  std::vector<std::string> states;
  int64_t rate = 0;
  bool dry_run = false;
  bool yes = false;
  bool detach = false;
};

// In the words of options; the service has those of fields.
absl::Status CheckNarrowed(const FilterOptions& filter) {
  const bool narrowed = !filter.start.empty() || !filter.subscription.empty() ||
                        !filter.asset.empty() || !filter.event.empty() ||
                        !filter.topic.empty();
  if (narrowed) return absl::OkStatus();
  return UsageError("replay",
                    "one of -s, --subscription, --asset, --event and --topic "
                    "must be given");
}

absl::StatusOr<v1::ReplayDeliveriesRequest> ReadRequest(const Options& options,
                                                        absl::Time now) {
  v1::ReplayDeliveriesRequest request;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string parent,
                            TenantName(options.tenant));
  request.set_parent(parent);
  MQTTPUSH_RETURN_IF_ERROR(CheckNarrowed(options.filter));
  MQTTPUSH_ASSIGN_OR_RETURN(*request.mutable_filter(),
                            ReadFilter(options.filter, parent, now));
  const auto states = ParseEnums<v1::Delivery::State>(
      *v1::Delivery::State_descriptor(), options.states);
  if (!states.ok()) return At("--state", states.status());
  for (const auto state : *states) request.add_states(state);
  request.set_max_per_second(options.rate);
  return request;
}

absl::StatusOr<v1::Replay> CallReplay(
    const v1::ReplayDeliveriesRequest& request, Session& session) {
  return session.client.Call<v1::Replay>("HistoryService/ReplayDeliveries",
                                         request);
}

std::string WordsOf(const v1::Replay& preview) {
  return absl::StrCat(preview.matched_count(), " deliveries, ",
                      FormatBytes(preview.matched_bytes()), ", at most ",
                      preview.max_per_second(), " per second");
}

// Whether to go on: by --yes, or because a person says so.
bool Agreed(const v1::Replay& preview, const Options& options,
            Session& session) {
  const std::string what = WordsOf(preview);
  if (options.yes) {
    session.console.Note(absl::StrCat("sending again: ", what));
    return true;
  }
  if (session.console.Confirm(absl::StrCat("Send again ", what, "?"))) {
    return true;
  }
  session.console.Note("nothing is sent");
  return false;
}

void PrintPreview(const v1::Replay& preview, Session& session) {
  session.console.Note(absl::StrCat("would be sent again: ", WordsOf(preview)));
  if (session.json) session.console.Line(ToJson(preview));
}

absl::StatusOr<ExitCode> RunReplay(const Options& options, Session& session) {
  if (options.tenant.empty()) {
    return UsageError("TENANT", "required; see mqttpush replay --help");
  }
  MQTTPUSH_ASSIGN_OR_RETURN(v1::ReplayDeliveriesRequest request,
                            ReadRequest(options, session.clock.Now()));
  if (!options.yes && !options.dry_run && !session.console.CanAsk()) {
    return UsageError("--yes",
                      "required where nobody can be asked; --dry-run only "
                      "counts what would be sent again");
  }
  request.set_validate_only(true);
  MQTTPUSH_ASSIGN_OR_RETURN(const v1::Replay preview,
                            CallReplay(request, session));
  if (options.dry_run) {
    PrintPreview(preview, session);
    return ExitCode::kOk;
  }
  if (preview.matched_count() == 0) {
    session.console.Note("nothing matches: there is nothing to send again");
    if (session.json) session.console.Line(ToJson(preview));
    return ExitCode::kOk;
  }
  if (!Agreed(preview, options, session)) return ExitCode::kNegative;
  request.set_validate_only(false);
  MQTTPUSH_ASSIGN_OR_RETURN(const v1::Replay replay,
                            CallReplay(request, session));
  if (options.detach) {
    PrintReplay(replay, session);
    return ExitCode::kOk;
  }
  session.console.Note(absl::StrCat("replay ", ShortName(replay.name()),
                                    "; Ctrl-C leaves it running"));
  return WatchReplay(replay.name(), session);
}

Table ReplayTable(const v1::ListReplaysResponse& response, absl::Time now) {
  Table table({{"REPLAY"},
               {"STATE"},
               {"BEGUN"},
               {"MATCHED", true},
               {"REQUESTED", true},
               {"SKIPPED", true},
               {"WHY"}});
  for (const v1::Replay& replay : response.replays()) {
    table.Add({ShortName(replay.name()), v1::Replay::State_Name(replay.state()),
               Ago(replay.create_time(), now),
               absl::StrCat(replay.matched_count()),
               absl::StrCat(replay.requested_count()),
               absl::StrCat(replay.skipped_count()), OneLine(replay.error())});
  }
  return table;
}

absl::StatusOr<ExitCode> RunList(const std::string& tenant, Session& session) {
  v1::ListReplaysRequest request;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string parent, TenantName(tenant));
  request.set_parent(parent);
  // No tenant has more than these.
  request.set_page_size(1000);
  MQTTPUSH_ASSIGN_OR_RETURN(const auto response,
                            session.client.Call<v1::ListReplaysResponse>(
                                "HistoryService/ListReplays", request));
  if (session.json) {
    session.console.Line(ToJson(response));
  } else if (response.replays().empty()) {
    session.console.Note("no replays");
  } else {
    ReplayTable(response, session.clock.Now()).Print(session.console);
  }
  return ExitCode::kOk;
}

// GetReplay and CancelReplay.
template <typename Request>
absl::StatusOr<ExitCode> RunOne(const char* method, const std::string& text,
                                Session& session) {
  Request request;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string name, ChildName(text, "replays"));
  request.set_name(name);
  MQTTPUSH_ASSIGN_OR_RETURN(const auto replay,
                            session.client.Call<v1::Replay>(method, request));
  PrintReplay(replay, session);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunWatch(const std::string& text, Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string name, ChildName(text, "replays"));
  return WatchReplay(name, session);
}

using RunNamed = absl::StatusOr<ExitCode> (*)(const std::string&, Session&);

void AddNamed(Command group, const std::string& verb,
              const std::string& argument, const std::string& summary,
              RunNamed run) {
  auto name = std::make_shared<std::string>();
  group.Add(verb, summary)
      .Argument(argument, name.get(),
                argument == "TENANT" ? "The tenant, as acme."
                                     : "The replay, as acme/1.")
      .Does([name, run](Session& session) { return run(*name, session); });
}

void AddManagement(Command replay) {
  AddNamed(replay, "list", "TENANT", "lists replays, newest first", RunList);
  AddNamed(replay, "get", "REPLAY", "shows a replay",
           [](const std::string& name, Session& session) {
             return RunOne<v1::GetReplayRequest>("HistoryService/GetReplay",
                                                 name, session);
           });
  AddNamed(replay, "watch", "REPLAY", "shows how far it is, to its end",
           RunWatch);
  AddNamed(replay, "cancel", "REPLAY",
           "ends a replay; what was requested goes on",
           [](const std::string& name, Session& session) {
             return RunOne<v1::CancelReplayRequest>(
                 "HistoryService/CancelReplay", name, session);
           });
}

}  // namespace

void AddReplay(Command root) {
  auto options = std::make_shared<Options>();
  Command replay = root.Add(
      "replay", "sends many deliveries again",
      "Counts what matches, asks, then has the service send it again at a "
      "bounded rate, oldest first, and shows how far it is. Where it cannot "
      "ask (not on a terminal) it wants --yes, or --dry-run. "
      "Ctrl-C leaves it running: it goes on by itself, also over restarts of "
      "the service. At least one of -s, --subscription, --asset, --event and "
      "--topic must be given.");
  replay.OptionalArgument("TENANT", &options->tenant,
                          "The tenant, as acme. One that is called like a "
                          "command is given as tenants/list.");
  AddFilterOptions(replay, "was accepted", &options->filter);
  replay
      .Options("--state", "parked|delivered", &options->states,
               "In which state. May be given twice. Default: parked.")
      .Number("--rate", &options->rate, 1, 1000,
              "At most so many per second. Default: 100.")
      .Flag("--dry-run", &options->dry_run, "Only counts what matches.")
      .Flag("-y,--yes", &options->yes, "Does not ask.")
      .Flag("--detach", &options->detach, "Does not wait for the end.")
      .Example("mqttpush replay acme -s 1d",
               "What was parked of what came since yesterday, after asking.")
      .Example(
          "mqttpush replay acme -s 2026-11-22T08:00:00Z -e "
          "2026-11-22T10:00:00Z --state delivered --yes",
          "Two hours once more, as the customer lost them.")
      .Does(
          [options](Session& session) { return RunReplay(*options, session); });
  AddManagement(replay);
  replay.AlsoAlone();
}

}  // namespace mqttpush::cli
