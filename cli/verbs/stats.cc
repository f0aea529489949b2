// stats: how much was delivered, and how fast.
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/errors.h"
#include "cli/proto_json.h"
#include "cli/proto_text.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/times.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/status_macros.h"
#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::cli {
namespace {

using v1::DeliveryStats;
using v1::GetDeliveryStatsRequest;

// A call takes 1,000 buckets.
constexpr absl::Duration kMostByHours = absl::Hours(990);

struct Options {
  std::string parent;
  std::string start;
  std::string end;
  std::string by;
};

std::string Percentile(bool has, const google::protobuf::Duration& value) {
  return has ? absl::StrCat("<", FormatLength(ToDuration(value))) : "";
}

std::vector<std::string> CountCells(std::string label,
                                    const DeliveryStats::Counts& counts) {
  const auto& latency = counts.latency();
  return {std::move(label),
          absl::StrCat(counts.accepted_count()),
          absl::StrCat(counts.delivered_count()),
          Count(counts.parked_count()),
          Count(counts.expired_count()),
          Count(counts.discarded_count()),
          absl::StrCat(counts.attempt_count()),
          Count(counts.failed_attempt_count()),
          absl::StrFormat("%.2f", counts.attempts_per_delivery()),
          FormatBytes(counts.delivered_bytes()),
          Percentile(latency.has_p50(), latency.p50()),
          Percentile(latency.has_p90(), latency.p90()),
          Percentile(latency.has_p99(), latency.p99())};
}

Table CountTable(const std::string& label) {
  return Table({{label},
                {"ACCEPTED", true},
                {"DELIVERED", true},
                {"PARKED", true},
                {"EXPIRED", true},
                {"DISCARDED", true},
                {"ATTEMPTS", true},
                {"FAILED", true},
                {"PER DELIVERY", true},
                {"BYTES", true},
                {"P50", true},
                {"P90", true},
                {"P99", true}});
}

void PrintBacklog(const v1::Backlog& backlog, absl::Time now,
                  Console& console) {
  std::string line = absl::StrCat(
      "now: ", backlog.waiting_count(), " waiting, ", backlog.in_flight_count(),
      " in flight, ", backlog.retrying_count(), " retrying, ",
      backlog.parked_count(), " parked");
  if (backlog.has_oldest_waiting_time()) {
    absl::StrAppend(&line, "; the oldest waits since ",
                    FormatSeconds(ToTime(backlog.oldest_waiting_time())), " (",
                    Ago(backlog.oldest_waiting_time(), now), ")");
  }
  console.Line(line);
}

// Of a topic: only what is counted by topic.
std::vector<std::string> TopicCells(absl::string_view topic,
                                    const DeliveryStats::Counts& counts) {
  return {OneLine(topic),
          absl::StrCat(counts.delivered_count()),
          Count(counts.parked_count()),
          absl::StrCat(counts.attempt_count()),
          Count(counts.failed_attempt_count()),
          absl::StrFormat("%.2f", counts.attempts_per_delivery()),
          FormatBytes(counts.delivered_bytes())};
}

void PrintTopics(const DeliveryStats& stats, Console& console) {
  if (stats.topics().empty() && !stats.has_other_topics()) return;
  Table topics({{"TOPIC"},
                {"DELIVERED", true},
                {"PARKED", true},
                {"ATTEMPTS", true},
                {"FAILED", true},
                {"PER DELIVERY", true},
                {"BYTES", true}});
  for (const auto& row : stats.topics()) {
    topics.Add(TopicCells(row.topic(), row.counts()));
  }
  if (stats.has_other_topics()) {
    topics.Add(TopicCells("(others)", stats.other_topics()));
  }
  console.Line();
  topics.Print(console);
}

void PrintStats(const DeliveryStats& stats, bool with_buckets, absl::Time now,
                Console& console) {
  console.Line(absl::StrCat("from ", FormatSeconds(ToTime(stats.start_time())),
                            " to ", FormatSeconds(ToTime(stats.end_time()))));
  PrintBacklog(stats.backlog(), now, console);
  console.Line();
  Table types = CountTable("TYPE");
  for (const auto& row : stats.object_types()) {
    types.Add(CountCells(ObjectTypeWord(row.object_type()), row.counts()));
  }
  types.Add(CountCells("all", stats.total()));
  types.Print(console);
  PrintTopics(stats, console);
  if (!with_buckets) return;
  console.Line();
  Table buckets = CountTable("FROM");
  for (const auto& bucket : stats.buckets()) {
    buckets.Add(CountCells(FormatSeconds(ToTime(bucket.start_time())),
                           bucket.counts()));
  }
  buckets.Print(console);
}

// The finest that a range may have, but for minutes: it is rounded to that.
std::string DefaultGranularity(const GetDeliveryStatsRequest& request,
                               absl::Time now) {
  const absl::Time end =
      request.has_end_time() ? ToTime(request.end_time()) : now;
  const bool is_long = request.has_start_time() &&
                       end - ToTime(request.start_time()) > kMostByHours;
  return is_long ? "day" : "hour";
}

absl::StatusOr<GetDeliveryStatsRequest> ReadRequest(const Options& options,
                                                    absl::Time now) {
  GetDeliveryStatsRequest request;
  absl::StatusOr<std::string> parent = TenantName(options.parent);
  if (!parent.ok()) parent = ChildName(options.parent, "subscriptions");
  MQTTPUSH_RETURN_IF_ERROR(parent.status());
  request.set_parent(*parent);
  if (!options.start.empty()) {
    const auto start = ParseMoment(options.start, now);
    if (!start.ok()) return At("--start", start.status());
    *request.mutable_start_time() = ToProto(*start);
  }
  if (!options.end.empty()) {
    const auto end = ParseMoment(options.end, now);
    if (!end.ok()) return At("--end", end.status());
    *request.mutable_end_time() = ToProto(*end);
  }
  const auto granularity = ParseEnum(
      *GetDeliveryStatsRequest::Granularity_descriptor(),
      options.by.empty() ? DefaultGranularity(request, now) : options.by);
  if (!granularity.ok()) return At("--by", granularity.status());
  request.set_granularity(
      static_cast<GetDeliveryStatsRequest::Granularity>(*granularity));
  return request;
}

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  const absl::Time now = session.clock.Now();
  MQTTPUSH_ASSIGN_OR_RETURN(const GetDeliveryStatsRequest request,
                            ReadRequest(options, now));
  MQTTPUSH_ASSIGN_OR_RETURN(const auto stats,
                            session.client.Call<DeliveryStats>(
                                "HistoryService/GetDeliveryStats", request));
  if (session.json) {
    session.console.Line(ToJson(stats));
  } else {
    PrintStats(stats, !options.by.empty(), now, session.console);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddStats(Command root) {
  auto options = std::make_shared<Options>();
  root.Add(
          "stats", "how much was delivered, and how fast",
          "Counts of a tenant or a subscription over a range of time, by "
          "object type, by topic (the 100 with the most attempts; not with "
          "--by minute) and with --by also over time; attempts per delivery; "
          "how long deliveries took (50, 90 and 99 of 100 took at most so "
          "long); and what is not delivered yet, as of now. What was delivered "
          "once is not counted again when mqttpush retry or replay brings it "
          "again; mqttpush history TENANT --attempts shows those attempts as "
          "MANUAL.")
      .Argument("TENANT", &options->parent,
                "The tenant, as acme; or a subscription, as acme/events.")
      .Option("-s,--start", "TIME", &options->start,
              "The begin, as 2026-11-22T08:00:00Z, or so long ago as 1h, 1d, "
              "1w, 1m (a month). Default: a day before the end.")
      .Option("-e,--end", "TIME", &options->end, "The end. Default: now.")
      .Option(
          "--by",
          EnumChoices(*GetDeliveryStatsRequest::Granularity_descriptor()),
          &options->by,
          "Shows the counts of each minute, hour or day as well. The range "
          "is rounded to whole ones; without --by to whole hours, and beyond "
          "41 days to whole days.")
      .Example("mqttpush stats acme -s 1w --by day", "The last week by days.")
      .Does([options](Session& session) { return Run(*options, session); });
}

}  // namespace mqttpush::cli
