// stream: the attempts of a tenant as they happen, in the manner of
// `flowcore stream`.
#include <memory>

#include "cli/attempt_follower.h"
#include "cli/errors.h"
#include "cli/history_filter.h"
#include "cli/history_tables.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/status_macros.h"
#include "rapidjson/document.h"
#include "rapidjson/prettywriter.h"

namespace mqttpush::cli {
namespace {

struct Options {
  std::string parent;
  FilterOptions filter;
  std::string outcome;
  int64_t max = 0;  // 0: no limit
  bool payload = false;
  bool live = true;
};

// Over several lines, for people.
std::string Pretty(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  document.Accept(writer);
  return buffer.GetString();
}

// Results are written by the service, as at its HTTP door.
v1::StreamAttemptsRequest::View ViewOf(const Options& options, bool json) {
  if (options.payload) return v1::StreamAttemptsRequest::RESULT_PAYLOADS;
  return json ? v1::StreamAttemptsRequest::RESULT_EVENTS
              : v1::StreamAttemptsRequest::ATTEMPTS;
}

absl::StatusOr<v1::StreamAttemptsRequest> ReadRequest(
    const Options& options, v1::StreamAttemptsRequest::View view,
    absl::Time now) {
  v1::StreamAttemptsRequest request;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string parent,
                            TenantOrDelivery(options.parent));
  request.set_parent(parent);
  MQTTPUSH_ASSIGN_OR_RETURN(*request.mutable_filter(),
                            ReadFilter(options.filter, TenantOf(parent), now));
  // With an end there is nothing to wait for.
  const bool live = options.live && options.filter.end.empty();
  request.set_live(live);
  const bool from_now =
      options.filter.start == "now" || (live && options.filter.start.empty());
  if (from_now) {
    // By the clock of the service.
    request.mutable_filter()->clear_start_time();
    request.mutable_since();
  }
  if (!options.outcome.empty()) {
    const auto outcome =
        ParseEnum(*v1::Attempt::Outcome_descriptor(), options.outcome);
    if (!outcome.ok()) return At("--outcome", outcome.status());
    request.set_outcome(static_cast<v1::Attempt::Outcome>(*outcome));
  }
  request.set_view(view);
  return request;
}

// Writes what comes in the form that was asked for.
class Printer {
 public:
  Printer(const Options& options, v1::StreamAttemptsRequest::View view,
          Session& session)
      : options_(options), view_(view), session_(session) {}

  absl::StatusOr<AttemptFollower::Next> Print(
      const v1::StreamAttemptsResponse& response);

 private:
  bool IsEnough() const { return options_.max > 0 && printed_ >= options_.max; }

  const Options& options_;
  const v1::StreamAttemptsRequest::View view_;
  Session& session_;
  int64_t printed_ = 0;
};

absl::StatusOr<AttemptFollower::Next> Printer::Print(
    const v1::StreamAttemptsResponse& response) {
  if (view_ != v1::StreamAttemptsRequest::ATTEMPTS &&
      !response.attempts().empty()) {
    return absl::UnimplementedError("the service cannot write results");
  }
  if (response.gap()) {
    session_.console.Note(
        "mqttpush: some attempts before the next one are not kept any more");
  }
  for (const v1::Attempt& attempt : response.attempts()) {
    if (IsEnough()) break;
    session_.console.Line(AttemptLine(attempt, session_.console));
    ++printed_;
  }
  for (const std::string& result : response.results()) {
    if (IsEnough()) break;
    session_.console.Line(session_.json ? result : Pretty(result));
    ++printed_;
  }
  return IsEnough() ? AttemptFollower::Next::kEnough
                    : AttemptFollower::Next::kGoOn;
}

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  const auto view = ViewOf(options, session.json);
  MQTTPUSH_ASSIGN_OR_RETURN(v1::StreamAttemptsRequest request,
                            ReadRequest(options, view, session.clock.Now()));
  Printer printer(options, view, session);
  AttemptFollower follower(std::move(request), session);
  const absl::Status status = follower.Follow(
      [&](const auto& response) { return printer.Print(response); });
  if (session.interruption.interrupted()) return ExitCode::kInterrupted;
  MQTTPUSH_RETURN_IF_ERROR(status);
  return ExitCode::kOk;
}

}  // namespace

void AddStream(Command root) {
  auto options = std::make_shared<Options>();
  Command stream = root.Add(
      "stream", "follows the delivery attempts of a tenant",
      "Prints each attempt once, in the order in which they were recorded, and "
      "goes on with each new one until Ctrl-C. A stream that is cut goes on by "
      "itself where it was. The flags are those of `flowcore stream`; 1m is a "
      "month.\n\n"
      "Without flags: one line for people. --json: one JSON object per line, "
      "Flowcore's envelope, and nothing else on standard output. --payload "
      "--json: only the payload of that, one self-describing result per line:\n"
      "    {\"attemptId\":..., \"timestamp\":..., \"eventId\":..., "
      "\"flowType\":...,\n"
      "     \"eventType\":..., \"objectType\":..., \"objectId\":..., "
      "\"assetId\":...,\n"
      "     \"ownerId\":..., \"destination\":..., \"endpointUrl\":..., "
      "\"topic\":...,\n"
      "     \"qos\":..., \"retain\":..., \"packetId\":..., \"attempt\":..., "
      "\"maxAttempts\":...,\n"
      "     \"status\":..., \"success\":..., \"final\":..., "
      "\"reasonCode\":...,\n"
      "     \"errorMessage\":..., \"durationMs\":..., \"payloadBytes\":..., "
      "\"nextRetryAt\":...}\n"
      "--payload: the same over several lines.");
  stream.Argument(
      "TENANT", &options->parent,
      "The tenant, as acme; or one of its deliveries, as acme/1-1.");
  AddFilterOptions(stream, "was begun", &options->filter);
  stream
      .Option("--outcome", EnumChoices(*v1::Attempt::Outcome_descriptor()),
              &options->outcome, "Only attempts of this outcome.")
      .Flag("-p,--payload", &options->payload,
            "The result without the envelope.")
      .Number("-m,--max", &options->max, 1, 1'000'000'000'000,
              "Ends after so many.")
      .Flag("--live,!--no-live", &options->live,
            "Whether to go on with new attempts. Default: yes, and without -s "
            "from now on; --no-live ends at the last one, and without -s "
            "begins with the oldest that is kept. -e implies --no-live.")
      .Example("mqttpush stream acme", "What happens from now on.")
      .Example("mqttpush stream acme --no-live -s 1d --payload --json",
               "The results of the last day, one JSON object per line.")
      .Example("mqttpush stream acme --outcome failed -s 1h",
               "What failed in the last hour, and what fails from now on.")
      .Does([options](Session& session) { return Run(*options, session); });
}

}  // namespace mqttpush::cli
