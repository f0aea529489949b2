#include "cli/history_filter.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/errors.h"
#include "cli/proto_text.h"
#include "cli/times.h"
#include "cli/words.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

absl::Status SetTime(const std::string& option, const std::string& text,
                     absl::Time now, google::protobuf::Timestamp* field) {
  const auto time = ParseMoment(text, now);
  if (!time.ok()) return At(option, time.status());
  *field = ToProto(*time);
  return absl::OkStatus();
}

}  // namespace

void AddFilterOptions(Command& command, const std::string& of,
                      FilterOptions* options) {
  command
      .Option("-s,--start", "TIME", &options->start,
              absl::StrCat("Only what ", of,
                           " since then: 2026-11-22T08:00:00Z, 2026-11-22, "
                           "now, or so long ago as 15min, 1h, 1d, 1w, 1m (a "
                           "month), 1y."))
      .Option(
          "-e,--end", "TIME", &options->end,
          absl::StrCat("Only what ", of, " before then, in the same forms."))
      .Option("--subscription", "SUBSCRIPTION", &options->subscription,
              "Only of this subscription, as events or acme/events.")
      .Option("--type", EnumChoices(*v1::ObjectType_descriptor()),
              &options->type, "Only objects of this type.")
      .Option("--asset", "ID", &options->asset, "Only of this asset.")
      .Option("--event", "ID", &options->event, "Only of this event id.")
      .Option("--topic", "TOPIC", &options->topic,
              "Only what was sent to this topic, exactly.");
}

absl::StatusOr<v1::HistoryFilter> ReadFilter(const FilterOptions& options,
                                             const std::string& tenant,
                                             absl::Time now) {
  v1::HistoryFilter filter;
  if (!options.start.empty()) {
    MQTTPUSH_RETURN_IF_ERROR(
        SetTime("--start", options.start, now, filter.mutable_start_time()));
  }
  if (!options.end.empty()) {
    MQTTPUSH_RETURN_IF_ERROR(
        SetTime("--end", options.end, now, filter.mutable_end_time()));
  }
  if (!options.subscription.empty()) {
    const bool short_id = !absl::StrContains(options.subscription, '/');
    const auto name = ChildName(
        short_id ? absl::StrCat(LastPart(tenant), "/", options.subscription)
                 : options.subscription,
        "subscriptions");
    if (!name.ok()) return At("--subscription", name.status());
    filter.set_subscription(*name);
  }
  if (!options.type.empty()) {
    const auto type = ParseEnum(*v1::ObjectType_descriptor(), options.type);
    if (!type.ok()) return At("--type", type.status());
    filter.set_object_type(static_cast<v1::ObjectType>(*type));
  }
  filter.set_asset_id(options.asset);
  filter.set_event_id(options.event);
  filter.set_topic(options.topic);
  return filter;
}

absl::StatusOr<std::string> TenantOrDelivery(const std::string& text) {
  absl::StatusOr<std::string> tenant = TenantName(text);
  if (tenant.ok()) return tenant;
  return ChildName(text, "deliveries");
}

}  // namespace mqttpush::cli
