// SegmentFixture: a segment for tests, written row by row into its file and its
// memory index, as LogWriter does it.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_FIXTURE_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "storage/sqlite/log/posting.h"
#include "storage/sqlite/log/segment.h"
#include "storage/sqlite/log/segment_sealing.h"
#include "storage/sqlite/log/segment_writer.h"

namespace mqttpush {

inline constexpr Dimension kAllDimensions[] = {
    Dimension::kEventById,
    Dimension::kEventsOfTenant,
    Dimension::kEventsOfAsset,
    Dimension::kEventsOfType,
    Dimension::kEventsOfSubscription,
    Dimension::kAttemptsOfTenant,
    Dimension::kAttemptsOfSubscription,
    Dimension::kAttemptsOfAsset,
    Dimension::kAttemptsOfType,
    Dimension::kAttemptsOfTopic,
    Dimension::kFailedAttemptsOfTenant,
    Dimension::kAttemptsOfDelivery,
    Dimension::kSuccessesOfTenant,
    Dimension::kDeliveriesOfTopic,
    Dimension::kExceptionsOfTenant};

class SegmentFixture {
 public:
  // Empty; its first event and attempt get these seqs.
  explicit SegmentFixture(const std::string& path, int64_t number = 1,
                          int64_t first_event_seq = 1,
                          int64_t first_attempt_seq = 1)
      : segment_(std::make_shared<Segment>()),
        next_event_seq_(first_event_seq),
        next_attempt_seq_(first_attempt_seq) {
    segment_->number = number;
    segment_->path = path;
    segment_->first_event_seq = first_event_seq;
    segment_->first_attempt_seq = first_attempt_seq;
    segment_->memory =
        std::make_shared<MemoryIndex>(first_event_seq, first_attempt_seq);
    auto writer =
        SegmentWriter::Create(path, {.first_event_seq = first_event_seq,
                                     .first_attempt_seq = first_attempt_seq,
                                     .create_time = absl::UnixEpoch()});
    EXPECT_TRUE(writer.ok()) << writer.status();
    writer_ = *std::move(writer);
    EXPECT_TRUE(writer_->Begin().ok());
  }

  // Accepted at `seq` seconds. Gives back the seq.
  int64_t AddEvent(const NewEvent& event) {
    const int64_t seq = next_event_seq_++;
    const absl::Time accepted = absl::FromUnixSeconds(seq);
    EXPECT_TRUE(writer_->WriteEvent(seq, event, accepted).ok());
    IndexedEvent indexed = {
        .seq = seq,
        .tenant_uid = event.tenant_uid,
        .id_key = TextKey(event.tenant_uid, event.event_id),
        .facts = {.asset_key = TextKey(event.tenant_uid, event.asset_id),
                  .type = event.object_type,
                  .accept_time_us = absl::ToUnixMicros(accepted)}};
    for (const SubscriptionRef& ref : *event.route) {
      indexed.subscription_uids.push_back(ref.uid);
    }
    segment_->memory->Add({.events = {indexed}});
    return seq;
  }
  // `asset_id`, `type`: of the attempt's event.
  int64_t AddAttempt(int64_t tenant_uid, const AttemptRecord& attempt,
                     const std::string& asset_id, ObjectType type) {
    const int64_t seq = next_attempt_seq_++;
    EXPECT_TRUE(writer_->WriteAttempt(seq, tenant_uid, attempt, {}).ok());
    segment_->memory->Add(
        {.attempts = {
             {.attempt_seq = seq,
              .tenant_uid = tenant_uid,
              .subscription_uid = attempt.subscription_uid,
              .event_seq = attempt.event_seq,
              .start_time_us = absl::ToUnixMicros(attempt.start_time),
              .succeeded = attempt.succeeded,
              .topic_key = TextKey(tenant_uid, attempt.topic),
              .event = EventFacts{.asset_key = TextKey(tenant_uid, asset_id),
                                  .type = type}}}});
    return seq;
  }
  void AddException(int64_t tenant_uid, int64_t subscription_uid,
                    const DeliveryException& exception) {
    EXPECT_TRUE(
        writer_->WriteException(tenant_uid, subscription_uid, exception).ok());
    segment_->memory->Add(
        {.exceptions = {{tenant_uid, exception.event_seq, subscription_uid}}});
  }

  // What was added so far is in the file.
  void Flush() {
    EXPECT_TRUE(writer_->Commit().ok());
    EXPECT_TRUE(writer_->Begin().ok());
  }
  // Nothing is added any more; left to be sealed by others.
  void Close() {
    EXPECT_TRUE(writer_->Commit().ok());
    writer_ = nullptr;
  }
  // As it is in memory.
  SegmentPtr segment() const { return segment_; }
  MemoryIndex& memory() { return *segment_->memory; }
  // Nothing is added any more.
  SegmentPtr Seal() {
    EXPECT_TRUE(writer_->Commit().ok());
    auto sealed = SealSegment(*segment_, std::move(*writer_).TakeDatabase());
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    writer_ = nullptr;
    return *std::move(sealed);
  }

 private:
  std::shared_ptr<Segment> segment_;
  std::unique_ptr<SegmentWriter> writer_;
  int64_t next_event_seq_;
  int64_t next_attempt_seq_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_FIXTURE_H_
