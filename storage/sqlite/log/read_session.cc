#include "storage/sqlite/log/read_session.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/group_filter_file.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/log_statements.h"
#include "storage/sqlite/log/segment_store.h"

namespace mqttpush {

ReadSession::ReadSession(SegmentStore* store)
    : store_(store), segments_(store->list().Get()) {}

absl::Status ReadSession::Noted(const Segment& segment, absl::Status status) {
  if (absl::IsDataLoss(status)) store_->SetAside(segment, status);
  return status;
}

absl::StatusOr<ReadSession::Open*> ReadSession::OpenFor(
    const Segment& segment) {
  const auto found = open_.find(segment.number);
  if (found != open_.end()) {
    found->second.last_use = ++uses_;
    return &found->second;
  }
  if (segment.sealed() && FileSize(segment.path) != segment.bytes) {
    return Noted(segment, absl::DataLossError(absl::StrCat(
                              segment.path, " has ", FileSize(segment.path),
                              " bytes, not ", segment.bytes)));
  }
  absl::StatusOr<SegmentReaders::Lease> lease =
      store_->readers().Borrow(segment);
  if (!lease.ok()) return Noted(segment, lease.status());
  GiveBackUnlessFew();
  const SealedIndex index(lease->get());
  return &open_.emplace(segment.number, Open{*std::move(lease), index, ++uses_})
              .first->second;
}

void ReadSession::GiveBackUnlessFew() {
  if (open_.size() < kMostOpen) return;
  open_.erase(std::min_element(open_.begin(), open_.end(),
                               [](const auto& a, const auto& b) {
                                 return a.second.last_use < b.second.last_use;
                               }));
}

bool ReadSession::MayContain(const Segment& segment, Dimension dimension,
                             int64_t key) {
  if (segment.filter != nullptr || segment.group_file == nullptr ||
      !Segment::Filtered(dimension)) {
    return segment.MayContain(dimension, key);
  }
  const GroupFilterFile* file = segment.group_file.get();
  const uint64_t hash = KeyFilter::HashOf(dimension, key);
  if (asked_.file != file || asked_.hash != hash) {
    asked_ = {file, hash, file->MayContain(hash)};
  }
  return asked_.may_contain;
}

absl::StatusOr<Statement*> ReadSession::Get(const Segment& segment,
                                            const std::string& sql) {
  MQTTPUSH_ASSIGN_OR_RETURN(Open * open, OpenFor(segment));
  absl::StatusOr<Statement*> statement = open->lease.get()->Get(sql);
  if (!statement.ok()) return Noted(segment, statement.status());
  return statement;
}

absl::StatusOr<std::vector<Posting>> ReadSession::Before(const Segment& segment,
                                                         Dimension dimension,
                                                         int64_t key,
                                                         Posting before,
                                                         size_t limit) {
  if (!segment.sealed()) {
    return segment.memory->Before(dimension, key, before, limit);
  }
  if (!MayContain(segment, dimension, key)) return std::vector<Posting>();
  MQTTPUSH_ASSIGN_OR_RETURN(Open * open, OpenFor(segment));
  auto found = open->sealed_index.Before(dimension, key, before, limit);
  if (!found.ok()) return Noted(segment, found.status());
  return found;
}

absl::StatusOr<std::vector<Posting>> ReadSession::After(const Segment& segment,
                                                        Dimension dimension,
                                                        int64_t key,
                                                        Posting after,
                                                        size_t limit) {
  if (!segment.sealed()) {
    return segment.memory->After(dimension, key, after, limit);
  }
  if (!MayContain(segment, dimension, key)) return std::vector<Posting>();
  MQTTPUSH_ASSIGN_OR_RETURN(Open * open, OpenFor(segment));
  auto found = open->sealed_index.After(dimension, key, after, limit);
  if (!found.ok()) return Noted(segment, found.status());
  return found;
}

absl::StatusOr<std::optional<EventRecord>> ReadSession::FindEvent(
    int64_t seq, bool with_payload) {
  const Segment* segment = FindByEventSeq(*segments_, seq);
  if (segment == nullptr) return std::nullopt;
  return FindEvent(*segment, seq, with_payload);
}

absl::StatusOr<std::optional<EventRecord>> ReadSession::FindEvent(
    const Segment& segment, int64_t seq, bool with_payload) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Statement * select,
      Get(segment, with_payload ? kEventWithPayloadSql : kEventSql));
  StatementReset reset(select);
  select->Bind(0, seq);
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return Noted(segment, row.status());
  if (!*row) return std::nullopt;
  EventRecord event = ReadEventColumns(*select);
  if (with_payload) {
    event.payload = select->Text(kEventColumnCount);
    event.payload_bytes = static_cast<int64_t>(event.payload.size());
  } else {
    event.payload_bytes = select->Int64(kEventColumnCount);
  }
  return event;
}

absl::StatusOr<EventRecord> ReadSession::ReadEvent(const Segment& segment,
                                                   int64_t seq) {
  MQTTPUSH_ASSIGN_OR_RETURN(std::optional<EventRecord> event,
                            FindEvent(segment, seq, /*with_payload=*/true));
  if (event.has_value()) return *std::move(event);
  return Noted(segment, absl::DataLossError(absl::StrCat(
                            "event ", seq, " is not where its index says")));
}

absl::StatusOr<AttemptRecord> ReadSession::ReadAttempt(const Segment& segment,
                                                       int64_t attempt_seq) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, Get(segment, kAttemptSql));
  StatementReset reset(select);
  select->Bind(0, attempt_seq);
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return Noted(segment, row.status());
  if (!*row) return NotThere(segment, attempt_seq);
  AttemptRecord attempt = ReadAttemptColumns(*select);
  attempt.recording = ReadRecordingColumns(*select);
  return attempt;
}

absl::StatusOr<int64_t> ReadSession::ReadRecordedTicks(const Segment& segment,
                                                       int64_t attempt_seq) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            Get(segment, kRecordedTicksSql));
  StatementReset reset(select);
  select->Bind(0, attempt_seq);
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return Noted(segment, row.status());
  if (!*row) return NotThere(segment, attempt_seq);
  return select->Int64(0);
}

absl::Status ReadSession::NotThere(const Segment& segment,
                                   int64_t attempt_seq) {
  return Noted(segment,
               absl::DataLossError(absl::StrCat(
                   "attempt ", attempt_seq, " is not where its index says")));
}

absl::StatusOr<std::optional<DeliveryException>> ReadSession::FindException(
    const Segment& segment, int64_t tenant_uid, int64_t event_seq,
    int64_t subscription_uid) {
  MQTTPUSH_ASSIGN_OR_RETURN(const bool indexed,
                            MayHaveException(segment, tenant_uid, event_seq));
  if (!indexed) return std::nullopt;
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, Get(segment, kExceptionSql));
  StatementReset reset(select);
  select->Bind(0, tenant_uid).Bind(1, event_seq).Bind(2, subscription_uid);
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return Noted(segment, row.status());
  if (!*row) return std::nullopt;
  return ReadExceptionColumns(*select);
}

// Hardly a delivery is an exception, and memory says so without SQLite's locks.
absl::StatusOr<bool> ReadSession::MayHaveException(const Segment& segment,
                                                   int64_t tenant_uid,
                                                   int64_t event_seq) {
  if (segment.sealed()) return true;
  MQTTPUSH_ASSIGN_OR_RETURN(
      const std::vector<Posting> last,
      segment.memory->Before(Dimension::kExceptionsOfTenant, tenant_uid,
                             {event_seq + 1, 0}, 1));
  return !last.empty() && last.front().order == event_seq;
}

absl::StatusOr<absl::Time> ReadSession::ReadAcceptTime(const Segment& segment,
                                                       int64_t seq) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, Get(segment, kAcceptTimeSql));
  StatementReset reset(select);
  select->Bind(0, seq);
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return Noted(segment, row.status());
  return *row ? select->Time(0) : absl::InfinitePast();
}

absl::StatusOr<std::optional<EventFacts>> ReadSession::FindEventFacts(
    int64_t seq) {
  const Segment* segment = FindByEventSeq(*segments_, seq);
  if (segment == nullptr) return std::nullopt;
  if (!segment->sealed()) return segment->memory->FindEvent(seq);
  absl::StatusOr<std::optional<EventFacts>> facts =
      ReadEventFacts(*segment, seq);
  if (absl::IsDataLoss(facts.status())) return std::nullopt;
  return facts;
}

absl::StatusOr<std::optional<EventFacts>> ReadSession::ReadEventFacts(
    const Segment& segment, int64_t seq) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, Get(segment, kEventFactsSql));
  StatementReset reset(select);
  select->Bind(0, seq);
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return Noted(segment, row.status());
  if (!*row) return std::nullopt;
  return EventFacts{TextKey(select->Int64(0), select->Bytes(1)),
                    static_cast<ObjectType>(select->Int(2)), select->Int64(3),
                    select->Int64(4)};
}

}  // namespace mqttpush
