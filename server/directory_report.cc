#include "server/directory_report.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/sqlite/log/log_retention.h"

namespace mqttpush {
namespace {

constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%SZ";

std::string FormatMicros(int64_t time_us) {
  return absl::FormatTime(kTimeFormat, absl::FromUnixMicros(time_us),
                          absl::UTCTimeZone());
}

std::string TenantName(const ConfigSnapshot& config, int64_t uid) {
  const TenantRecord* tenant = config.FindTenant(uid);
  return tenant != nullptr ? tenant->id : absl::StrCat("deleted, uid ", uid);
}

std::string DescribeUse(const DirectoryUse& use) {
  if (!use.in_use) return "no service is running on it";
  return absl::StrCat("in use by ", use.holder,
                      "; what follows is of one moment");
}

std::string DescribeConfig(const DirectoryCheck& check) {
  if (!check.has_config) return "Configuration: none\n";
  std::string text =
      absl::StrFormat("Configuration: config.db, schema version %d, %s\n",
                      check.config_version, FormatBytes(check.config_bytes));
  const ConfigSnapshot& config = check.config;
  std::map<int64_t, int> brokers;
  for (const auto& [key, broker] : config.brokers()) ++brokers[key.first];
  if (!config.tenants().empty()) {
    absl::StrAppendFormat(&text, "  %-24s %8s %14s\n", "tenant", "brokers",
                          "subscriptions");
  }
  for (const auto& [id, tenant] : config.tenants()) {
    absl::StrAppendFormat(&text, "  %-24s %8d %14d\n", id, brokers[tenant->uid],
                          config.SubscriptionsOf(tenant->uid).size());
  }
  absl::StrAppendFormat(&text,
                        "  in all: %d tenants, %d brokers, %d subscriptions\n",
                        config.tenants().size(), config.brokers().size(),
                        config.subscriptions().size());
  return text;
}

absl::string_view StateOf(const SegmentCheck& segment) {
  if (!segment.began) return segment.findings.empty() ? "not begun" : "?";
  if (segment.dropped) return "dropped";
  return segment.sealed ? "sealed" : "open";
}

std::string DescribeSegments(const LogCheck& log) {
  std::string text;
  absl::StrAppendFormat(&text,
                        "  %10s %-9s %10s %10s %10s %-20s %-20s %11s  %s\n",
                        "segment", "state", "events", "attempts", "exceptions",
                        "from", "to", "size", "verdict");
  int64_t events = 0;
  int64_t attempts = 0;
  int64_t exceptions = 0;
  int64_t bytes = 0;
  for (const SegmentCheck& segment : log.segments) {
    const Range& times = segment.summary.accept_times_us;
    const bool timed = segment.counted && !times.empty();
    absl::StrAppendFormat(
        &text, "  %010d %-9s %10d %10d %10d %-20s %-20s %11s  %s\n",
        segment.number, StateOf(segment), segment.events(), segment.attempts(),
        segment.exceptions, timed ? FormatMicros(times.first) : "-",
        timed ? FormatMicros(times.last) : "-", FormatBytes(segment.bytes),
        segment.findings.empty() ? "sound" : "DAMAGED");
    events += segment.events();
    attempts += segment.attempts();
    exceptions += segment.exceptions;
    bytes += segment.bytes;
  }
  absl::StrAppendFormat(&text, "  %-20s %10d %10d %10d %53s\n", "in all",
                        events, attempts, exceptions, FormatBytes(bytes));
  return text;
}

// By tenant: accepted, delivered, waiting, retrying, parked, expired,
// discarded.
std::string DescribeDeliveries(const DirectoryCheck& check) {
  std::map<int64_t, SubscriptionState> tenants;
  for (const SubscriptionState& state : check.log.states) {
    SubscriptionState& sum = tenants[state.tenant_uid];
    sum.accepted_count += state.accepted_count;
    sum.delivered_count += state.delivered_count;
    sum.retrying_count += state.retrying_count;
    sum.parked_count += state.parked_count;
    sum.expired_count += state.expired_count;
    sum.discarded_count += state.discarded_count;
  }
  if (tenants.empty()) return "";
  std::string text = absl::StrFormat(
      "Deliveries, of all time (waiting: those in flight too)\n"
      "  %-24s %10s %10s %10s %10s %10s %10s %10s\n",
      "tenant", "accepted", "delivered", "waiting", "retrying", "parked",
      "expired", "discarded");
  for (const auto& [uid, sum] : tenants) {
    absl::StrAppendFormat(
        &text, "  %-24s %10d %10d %10d %10d %10d %10d %10d\n",
        TenantName(check.config, uid), sum.accepted_count, sum.delivered_count,
        sum.accepted_count - sum.delivered_count - sum.retrying_count -
            sum.parked_count - sum.expired_count - sum.discarded_count,
        sum.retrying_count, sum.parked_count, sum.expired_count,
        sum.discarded_count);
  }
  return text;
}

std::string DescribeAudit(const LogCheck& log) {
  if (!log.audited) {
    return "Audit: not made; it needs every segment\n";
  }
  return absl::StrFormat(
      "Audit: %d subscriptions, %d events and %d attempts compared, %d "
      "differences\n",
      log.audit.subscriptions, log.audit.events, log.audit.attempts,
      log.audit.differences.size());
}

std::string DescribeDedupe(const LogCheck& log, const LogOptions& options,
                           absl::Time now) {
  const int64_t since_us = absl::ToUnixMicros(now - options.dedupe_window);
  int64_t segments = 0;
  int64_t events = 0;
  for (const SegmentCheck& segment : log.segments) {
    const Range& times = segment.summary.accept_times_us;
    if (segment.dropped || times.empty() || times.last < since_us) continue;
    ++segments;
    events += segment.events();
  }
  return absl::StrFormat(
      "Duplicates: event ids of the last %s count, those of at most %d events "
      "in %d segments\n",
      absl::FormatDuration(options.dedupe_window), events, segments);
}

std::string DescribeRetention(const LogCheck& log, const LogOptions& options,
                              absl::Time now) {
  int64_t deliveries = 0;
  for (const auto& [uid, tally] : log.dropped.tallies) {
    deliveries += tally.events;
  }
  std::vector<RetentionCandidate> candidates;
  std::vector<bool> held;
  for (const SegmentCheck& segment : log.segments) {
    if (segment.dropped || !segment.counted) continue;
    Range times = segment.summary.accept_times_us;
    times.Include(segment.summary.start_times_us.last);
    candidates.push_back({.bytes = segment.bytes,
                          .last_time = absl::FromUnixMicros(times.last),
                          .sealed = segment.sealed});
    held.push_back(segment.holds_undelivered);
  }
  const RetentionDecision decision =
      DecideRetention(candidates, now, options,
                      [&](size_t position) { return held[position]; });
  return absl::StrFormat(
      "Retention: %d deliveries were dropped so far; of %s and %s, %d segments "
      "are to be dropped, and %d that hold what is still to be delivered are "
      "not\n",
      deliveries, absl::FormatDuration(options.retention),
      options.retention_bytes == 0 ? "no limit of size"
                                   : FormatBytes(options.retention_bytes),
      decision.drop.size(), decision.held);
}

std::string DescribeFiles(absl::string_view title,
                          const std::vector<DirectoryCheck::File>& files) {
  if (files.empty()) return "";
  std::string text = absl::StrCat(title, "\n");
  for (const DirectoryCheck::File& file : files) {
    absl::StrAppendFormat(&text, "  %-32s %11s  %s\n", file.name,
                          FormatBytes(file.bytes), file.note);
  }
  return text;
}

}  // namespace

std::string DescribeDirectory(const std::string& path,
                              const DirectoryCheck& check,
                              const LogOptions& options, absl::Time now) {
  return absl::StrCat(
      path, ": ", DescribeUse(check.use), "\n\n", DescribeConfig(check),
      "\nLog: ", check.log.segments.size(), " segments\n",
      check.log.segments.empty() ? "" : DescribeSegments(check.log), "\n",
      DescribeDeliveries(check), DescribeAudit(check.log),
      DescribeDedupe(check.log, options, now),
      DescribeRetention(check.log, options, now),
      DescribeFiles("Sessions of QoS 2", check.sessions),
      DescribeFiles("Other files", check.others));
}

std::string DescribeFindings(const DirectoryCheck& check) {
  std::string text;
  for (const CheckFinding& finding : check.AllFindings()) {
    absl::StrAppend(&text, finding.file, ": ", finding.what, " -> ",
                    finding.follows, "\n");
  }
  return text;
}

std::string FormatBytes(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double size = static_cast<double>(bytes) / 1024;
  for (const char* unit : {"KiB", "MiB", "GiB"}) {
    if (size < 1024) return absl::StrFormat("%.1f %s", size, unit);
    size /= 1024;
  }
  return absl::StrFormat("%.1f TiB", size);
}

}  // namespace mqttpush
