#include "services/flowcore/result_requests.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "services/api/violations.h"
#include "services/flowcore/delivery_result.h"
#include "services/flowcore/time_uuid.h"
#include "storage/attempt_journal.h"

namespace mqttpush {
namespace {

constexpr int kMaxPageSize = 10'000;
// More than anybody has; bounds what is compared.
constexpr size_t kMaxEventTypes = 100;
// In the year 9999.
constexpr int64_t kLastHour = 70'389'527;

// Absent for what is no hour.
std::optional<int64_t> ParseHour(absl::string_view text) {
  int date = 0;
  int hour = 0;
  if (text.size() != 14 || !absl::c_all_of(text, absl::ascii_isdigit) ||
      !absl::EndsWith(text, "0000") ||
      !absl::SimpleAtoi(text.substr(0, 8), &date) ||
      !absl::SimpleAtoi(text.substr(8, 2), &hour)) {
    return std::nullopt;
  }
  const absl::CivilHour civil(date / 10000, date / 100 % 100, date % 100, hour);
  const int64_t since = civil - absl::CivilHour(1970);
  // Whatever is no date or no time of day came out as another one.
  if (since < 0 || TimeBucket(since) != text) return std::nullopt;
  return since;
}

class Parser {
 public:
  explicit Parser(const HttpQuery& query) : query_(query) {}

  std::vector<std::string> EventTypes() {
    std::vector<std::string> types = query_.All("eventTypeId");
    if (types.empty() || types.size() > kMaxEventTypes ||
        absl::c_linear_search(types, "")) {
      Add("eventTypeId", absl::StrCat("must be given 1 to ", kMaxEventTypes,
                                      " times, and not be empty"));
    }
    return types;
  }

  // `otherwise` when it is not there.
  int64_t Hour(const char* name, std::optional<int64_t> otherwise) {
    const std::optional<std::string> text = Get(name);
    if (!text.has_value() && otherwise.has_value()) return *otherwise;
    const std::optional<int64_t> hour =
        text.has_value() ? ParseHour(*text) : std::nullopt;
    if (hour.has_value()) return *hour;
    Add(name, "must be an hour of UTC as yyyyMMddHH0000, from 1970 on");
    return 0;
  }

  std::optional<int64_t> EventId(const char* name) {
    const std::optional<std::string> text = Get(name);
    if (!text.has_value()) return std::nullopt;
    const std::optional<int64_t> ticks = TicksOfTimeUuid(*text);
    if (!ticks.has_value()) Add(name, "must be a UUID of version 1");
    return ticks;
  }

  std::optional<int64_t> Cursor() {
    const std::optional<std::string> text = Get("cursor");
    if (!text.has_value()) return std::nullopt;
    int64_t cursor = 0;
    if (!absl::c_all_of(*text, absl::ascii_isdigit) ||
        !absl::SimpleAtoi(*text, &cursor)) {
      Add("cursor", "must be the nextCursor of the page before");
    }
    return cursor;
  }

  bool NewestFirst() {
    const std::string order = Get("order").value_or("asc");
    if (order != "asc" && order != "desc") Add("order", "must be asc or desc");
    return order == "desc";
  }

  int PageSize() {
    const std::optional<std::string> text = Get("pageSize");
    int size = kMaxPageSize;
    if (text.has_value() &&
        (!absl::SimpleAtoi(*text, &size) || size < 1 || size > kMaxPageSize)) {
      Add("pageSize", absl::StrCat("must be from 1 to ", kMaxPageSize));
    }
    return size;
  }

  // There are no such data; what is asked for all the same must make sense.
  void IncludeSensitiveData() {
    const std::string value = Get("includeSensitiveData").value_or("false");
    if (value != "true" && value != "false") {
      Add("includeSensitiveData", "must be true or false");
    }
  }

  void RefuseBeside(const char* what, std::vector<const char*> names) {
    for (const char* name : names) {
      if (!Get(name).has_value()) continue;
      Add(name, absl::StrCat("must not be there beside ", what));
    }
  }

  absl::Status status() const { return violations_.ToStatus(); }

 private:
  // An empty one is as none.
  std::optional<std::string> Get(const char* name) {
    std::optional<std::string> text = query_.Get(name);
    return text.has_value() && !text->empty() ? text : std::nullopt;
  }
  void Add(const char* name, std::string rule) {
    violations_.Add(name, std::move(rule));
  }

  const HttpQuery& query_;
  Violations violations_;
};

}  // namespace

absl::StatusOr<TimeBucketsRequest> ParseTimeBuckets(const HttpQuery& query) {
  Parser parser(query);
  TimeBucketsRequest request;
  request.event_types = parser.EventTypes();
  request.first_hour = parser.Hour("fromTimeBucket", 0);
  request.last_hour = parser.Hour("toTimeBucket", kLastHour);
  request.newest_first = parser.NewestFirst();
  request.page_size = parser.PageSize();
  if (const std::optional<int64_t> cursor = parser.Cursor()) {
    int64_t& bound =
        request.newest_first ? request.last_hour : request.first_hour;
    bound = request.newest_first ? std::min(bound, *cursor)
                                 : std::max(bound, *cursor);
  }
  if (!parser.status().ok()) return parser.status();
  return request;
}

absl::StatusOr<EventsRequest> ParseEvents(const HttpQuery& query) {
  Parser parser(query);
  EventsRequest request;
  request.event_types = parser.EventTypes();
  request.hour = parser.Hour("timeBucket", std::nullopt);
  request.first_tick = request.hour * kTicksPerHour;
  request.last_tick = request.first_tick + kTicksPerHour - 1;
  const std::optional<int64_t> after = parser.EventId("afterEventId");
  const std::optional<int64_t> from = parser.EventId("fromEventId");
  const std::optional<int64_t> to = parser.EventId("toEventId");
  if (from.has_value()) {
    request.first_tick = std::max(request.first_tick, *from);
  }
  if (after.has_value()) request.first_tick = *after + 1;
  if (to.has_value()) request.last_tick = std::min(request.last_tick, *to);
  request.cursor = parser.Cursor();
  request.newest_first = parser.NewestFirst();
  request.page_size = parser.PageSize();
  parser.IncludeSensitiveData();
  if (after.has_value()) parser.RefuseBeside("afterEventId", {"fromEventId"});
  if (request.newest_first) {
    parser.RefuseBeside("order=desc",
                        {"cursor", "afterEventId", "fromEventId", "toEventId"});
  }
  if (!parser.status().ok()) return parser.status();
  return request;
}

}  // namespace mqttpush
