#include "services/flowcore/result_pages.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr int kRowsAtOnce = 200;

// {"events":[…],"nextCursor":"…"}
class EventsPage {
 public:
  explicit EventsPage(const ResultContext& context) : context_(context) {
    writer_.StartObject();
    writer_.Key("events");
    writer_.StartArray();
  }
  void Add(const AttemptRow& row) {
    WriteResultEvent(ToResult(row, context_), context_.stream, writer_);
    ++count_;
  }
  int count() const { return count_; }
  size_t bytes() const { return text_.GetSize(); }
  std::string End(std::optional<int64_t> cursor) {
    writer_.EndArray();
    if (cursor.has_value()) {
      writer_.Key("nextCursor");
      writer_.String(absl::StrCat(*cursor).c_str());
    }
    writer_.EndObject();
    return std::string(text_.GetString(), text_.GetSize());
  }

 private:
  const ResultContext& context_;
  rapidjson::StringBuffer text_;
  JsonWriter writer_{text_};
  int count_ = 0;
};

// The last rows that were added, as many as go on a page.
class NewestRows {
 public:
  explicit NewestRows(size_t wanted) : wanted_(wanted) {}
  void Add(AttemptRow row) {
    bytes_ += BytesOf(row);
    rows_.push_back(std::move(row));
    while (rows_.size() > wanted_ || bytes_ > ResultPages::kMaxBytes) {
      full_ = true;
      bytes_ -= BytesOf(rows_.front());
      rows_.pop_front();
    }
  }
  const std::deque<AttemptRow>& rows() const { return rows_; }
  // There is no room for an older one.
  bool full() const { return full_ || rows_.size() == wanted_; }

 private:
  // Some, as an event: its texts, and what all have.
  static size_t BytesOf(const AttemptRow& row) {
    return 1000 + row.attempt.topic.size() + row.attempt.error_message.size();
  }
  const size_t wanted_;
  std::deque<AttemptRow> rows_;
  size_t bytes_ = 0;
  bool full_ = false;
};

// The first hour of which anything may be shown: what was recorded in earlier
// ones began earlier still.
int64_t FirstShownHour(const HistoryQuery& query) {
  if (query.retained_since <= absl::UnixEpoch()) return 0;
  return ToTicks(query.retained_since) / kTicksPerHour;
}

}  // namespace

absl::StatusOr<std::string> ResultPages::TimeBuckets(
    const TimeBucketsRequest& request) {
  MQTTPUSH_RETURN_IF_ERROR(CheckSettled(request.last_hour));
  MQTTPUSH_ASSIGN_OR_RETURN(
      std::vector<int64_t> hours,
      journal_.ListHours(query_.tenant_uid,
                         std::max(request.first_hour, FirstShownHour(query_)),
                         request.last_hour));
  if (request.newest_first) std::reverse(hours.begin(), hours.end());
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  writer.StartObject();
  writer.Key("timeBuckets");
  writer.StartArray();
  const size_t size = static_cast<size_t>(request.page_size);
  for (size_t i = 0; i < std::min(size, hours.size()); ++i) {
    writer.String(TimeBucket(hours[i]).c_str());
  }
  writer.EndArray();
  if (hours.size() > size) {
    writer.Key("nextCursor");
    writer.Int64(hours[size]);
  }
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

// The clock first: what is stamped with an earlier time is then under way, or
// can be read.
absl::Status ResultPages::CheckSettled(int64_t last_hour) const {
  const int64_t hour = ToTicks(clock_.Now()) / kTicksPerHour;
  const int64_t end = std::min(last_hour + 1, hour) * kTicksPerHour;
  if (journal_.SettledBefore() >= end) return absl::OkStatus();
  return absl::UnavailableError(
      "the last results of an hour are on their way to the disk");
}

absl::StatusOr<std::string> ResultPages::Events(const EventsRequest& request) {
  MQTTPUSH_RETURN_IF_ERROR(CheckSettled(request.hour));
  int64_t after = request.cursor.value_or(0);
  if (!request.cursor.has_value()) {
    MQTTPUSH_ASSIGN_OR_RETURN(after, journal_.FindBefore(request.first_tick));
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t through,
                            journal_.FindBefore(request.last_tick + 1));
  return request.newest_first ? NewestFirst(request, after, through)
                              : OldestFirst(request, after, through);
}

absl::StatusOr<std::string> ResultPages::OldestFirst(
    const EventsRequest& request, int64_t after, int64_t through) {
  EventsPage page(context_);
  const auto follower = journal_.Follow(query_, after, through);
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const FollowedAttempts next,
        follower->Next(
            std::min(kRowsAtOnce, request.page_size - page.count())));
    for (const AttemptRow& row : next.rows) {
      page.Add(row);
      if (page.bytes() >= kMaxBytes) return page.End(row.attempt_seq);
    }
    if (next.at_end) return page.End(std::nullopt);
    if (page.count() >= request.page_size) return page.End(next.position);
  }
}

// Attempts are followed forwards only: looks at stretches that grow, until the
// last one holds enough.
absl::StatusOr<std::string> ResultPages::NewestFirst(
    const EventsRequest& request, int64_t after, int64_t through) {
  EventsPage page(context_);
  for (int64_t stretch = request.page_size;; stretch *= 4) {
    const int64_t from = std::max(after, through - stretch);
    NewestRows newest(static_cast<size_t>(request.page_size));
    const auto follower = journal_.Follow(query_, from, through);
    for (bool at_end = false; !at_end;) {
      MQTTPUSH_ASSIGN_OR_RETURN(FollowedAttempts next,
                                follower->Next(kRowsAtOnce));
      for (AttemptRow& row : next.rows) newest.Add(std::move(row));
      at_end = next.at_end;
    }
    if (!newest.full() && from > after) continue;
    for (auto row = newest.rows().rbegin(); row != newest.rows().rend();
         ++row) {
      page.Add(*row);
    }
    return page.End(std::nullopt);
  }
}

}  // namespace mqttpush
