// What becomes of a log when the file of one segment is damaged: it opens, the
// segment is set aside, the rest answers, and nothing is given out wrong.
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/conservation_audit.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kEventsPerSegment = 40;
constexpr int64_t kPageSize = 4096;

std::string Id(int64_t n) { return absl::StrCat("event-", n); }

std::string Garbage(size_t size, int seed) {
  std::mt19937 random(seed);
  std::string bytes(size, ' ');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void Overwrite(const std::string& path, int64_t at, absl::string_view bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Segments 1 to 3 are sealed, 4 is the newest. Of the events of each the first
// half was delivered, but for one that was parked.
class SegmentDamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Open();
    for (int segment = 1; segment <= 4; ++segment) AddSegment();
    log_->WaitUntilSealed();
    ASSERT_EQ(log_->store()->list().Get()->size(), 4u);
  }
  void Open() {
    log_.reset();
    testing::internal::CaptureStderr();
    auto log = SqliteEventLog::Open(
        Folder(), {.segment_rows = kEventsPerSegment * 3 / 2}, Clock::Real());
    logged_ = testing::internal::GetCapturedStderr();
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  void AddSegment() {
    std::vector<NewEvent> events;
    DeliveryUpdate update = {.subscription_uid = 7,
                             .cursor = kEventsPerSegment / 2,
                             .newly_delivered = kEventsPerSegment / 2 - 1,
                             .newly_parked = 1};
    for (int i = 0; i < kEventsPerSegment; ++i) {
      const int64_t seq = ++accepted_;
      events.push_back(MakeEvent(Id(seq), {7}));
      if (i >= kEventsPerSegment / 2) continue;
      const bool parked = i == 4;
      update.attempts.push_back({.event_seq = seq,
                                 .subscription_uid = 7,
                                 .start_time = absl::FromUnixSeconds(seq),
                                 .topic = "t",
                                 .succeeded = !parked});
      if (parked) {
        update.put_exceptions.push_back(
            {.event_seq = seq, .state = DeliveryState::kParked});
      }
    }
    update.sent_through = accepted_;
    ASSERT_TRUE(AppendAndWait(*log_, std::move(events)).ok());
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  std::string Folder() const { return temp_.File("log"); }
  std::string PathOf(int64_t number) const {
    return absl::StrFormat("%s/%010d.db", Folder(), number);
  }
  bool IsSetAside(int64_t number) const {
    return fs::exists(
        absl::StrFormat("%s/set-aside/%010d.db", Folder(), number));
  }
  // Damages a segment while nobody has it open.
  void Damage(int64_t number, void (*damage)(const std::string& path)) {
    log_.reset();
    damage(PathOf(number));
  }
  // All that the subscription took, as dispatch reads it.
  std::vector<int64_t> ReadSeqs(int limit = 7) {
    std::vector<int64_t> seqs;
    int64_t position = 0;
    for (int reads = 0; reads < 100; ++reads) {
      auto next = log_->ReadNext(1, 7, position, limit);
      if (!next.ok()) continue;  // as dispatch does after a while
      for (const EventRecord& event : next->events) {
        EXPECT_EQ(event.payload, MakeEvent(event.event_id, {7}).payload);
        seqs.push_back(event.seq);
      }
      position = next->scanned_through;
      if (next->at_end) break;
    }
    return seqs;
  }
  static std::vector<int64_t> SeqsWithout(std::set<int64_t> lost) {
    std::vector<int64_t> seqs;
    for (int64_t seq = 1; seq <= 4 * kEventsPerSegment; ++seq) {
      if (!lost.contains((seq - 1) / kEventsPerSegment + 1)) {
        seqs.push_back(seq);
      }
    }
    return seqs;
  }
  std::vector<std::string> Differences() {
    SqliteConservationAudit audit(log_.get());
    std::vector<std::string> counts;
    auto report = audit.Step();
    for (int steps = 0; report.ok() && !report->has_value(); ++steps) {
      report = audit.Step();
    }
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return {};
    for (const auto& difference : (*report)->differences) {
      counts.push_back(absl::StrCat(difference.count, " ", difference.stated,
                                    " ", difference.counted));
    }
    return counts;
  }
  // New events get seqs that no event had, also after a restart.
  void ExpectGoesOn() {
    for (int opened = 0; opened < 2; ++opened) {
      const auto before = ReadSeqs();
      const std::string id = absl::StrCat("new-", opened);
      const auto outcomes = AppendAndWait(*log_, {MakeEvent(id, {7})});
      ASSERT_TRUE(outcomes.ok()) << outcomes.status();
      const auto after = ReadSeqs();
      ASSERT_EQ(after.size(), before.size() + 1);
      EXPECT_GT(after.back(), 4 * kEventsPerSegment);
      EXPECT_EQ(log_->ReadEvent(after.back())->event_id, id);
      Open();
    }
  }
  // Of every page, each once.
  std::vector<int64_t> ListedSeqs() {
    SqliteHistoryReader history(log_.get());
    std::vector<int64_t> seqs;
    std::optional<DeliveryKey> after;
    do {
      auto page = history.ListDeliveries({.tenant_uid = 1}, {}, AsTheLogSays,
                                         after, 10);
      if (!page.ok()) return {};
      for (const DeliveryRow& row : page->rows) {
        EXPECT_EQ(row.event.event_id, Id(row.event.seq));
        seqs.push_back(row.event.seq);
      }
      after = page->next;
    } while (after.has_value());
    std::reverse(seqs.begin(), seqs.end());
    return seqs;
  }
  static DeliveryState AsTheLogSays(int64_t, int64_t, DeliveryState state) {
    return state;
  }

  TempDir temp_;
  std::unique_ptr<SqliteEventLog> log_;
  std::string logged_;
  int64_t accepted_ = 0;
};

struct DamageCase {
  std::string name;
  void (*damage)(const std::string& path);
  bool leaves_file = true;
  friend void PrintTo(const DamageCase& damage, std::ostream* out) {
    *out << damage.name;
  }
};

const DamageCase kDamages[] = {
    {"Truncated",
     [](const std::string& path) {
       fs::resize_file(path, fs::file_size(path) / 2);
     }},
    {"OnePageShort",
     [](const std::string& path) {
       fs::resize_file(path, fs::file_size(path) - kPageSize);
     }},
    {"CutWithinItsHeader",
     [](const std::string& path) { fs::resize_file(path, 90); }},
    {"Emptied", [](const std::string& path) { fs::resize_file(path, 0); }},
    {"Garbage",
     [](const std::string& path) {
       Overwrite(path, 0, Garbage(fs::file_size(path), 1));
     }},
    {"FirstPageOverwritten",
     [](const std::string& path) {
       Overwrite(path, 0, Garbage(kPageSize, 2));
     }},
    {"Zeros",
     [](const std::string& path) {
       Overwrite(path, 0, std::string(fs::file_size(path), '\0'));
     }},
    {"WithoutItsFile", [](const std::string& path) { fs::remove(path); },
     false}};

class DamageFoundOnOpenTest : public SegmentDamageTest,
                              public ::testing::WithParamInterface<DamageCase> {
 protected:
  void ExpectReported(int64_t number) {
    EXPECT_EQ(IsSetAside(number), GetParam().leaves_file);
    EXPECT_FALSE(fs::exists(PathOf(number)));
    EXPECT_THAT(logged_, HasSubstr(GetParam().leaves_file ? "segment_set_aside"
                                                          : "segment_missing"));
    EXPECT_THAT(logged_, HasSubstr(absl::StrCat("segment=", number)));
  }
};

INSTANTIATE_TEST_SUITE_P(Damages, DamageFoundOnOpenTest,
                         ::testing::ValuesIn(kDamages),
                         [](const auto& info) { return info.param.name; });

TEST_P(DamageFoundOnOpenTest, OfASealedSegmentLeavesTheRest) {
  Damage(2, GetParam().damage);
  Open();
  ExpectReported(2);
  EXPECT_EQ(ReadSeqs(), SeqsWithout({2}));
  EXPECT_EQ(ListedSeqs(), SeqsWithout({2}));
  EXPECT_TRUE(absl::IsNotFound(log_->ReadEvent(50).status()));
  EXPECT_THAT(Differences(),
              ::testing::ElementsAre("accepted 160 120", "delivered 76 57",
                                     "parked 4 3", "waiting 80 40"));
  ExpectGoesOn();
}

TEST_P(DamageFoundOnOpenTest, OfTheOldestSegmentLeavesTheRest) {
  Damage(1, GetParam().damage);
  Open();
  EXPECT_EQ(IsSetAside(1), GetParam().leaves_file);
  EXPECT_EQ(ReadSeqs(), SeqsWithout({1}));
  ExpectGoesOn();
}

// The states go back to what they were when the newest one began.
TEST_P(DamageFoundOnOpenTest, OfTheNewestSegmentGivesItsSeqsToNobody) {
  Damage(4, GetParam().damage);
  Open();
  ExpectReported(4);
  EXPECT_EQ(ReadSeqs(), SeqsWithout({4}));
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_EQ(log_->GetSubscriptionState(7)->accepted_count,
            3 * kEventsPerSegment);
  ExpectGoesOn();
}

// So that a crash between the two starts gives no seq twice either.
TEST_P(DamageFoundOnOpenTest, OfTheNewestIsRememberedUntilTheNextOneBegins) {
  Damage(4, GetParam().damage);
  Open();
  Damage(5, [](const std::string& path) { fs::remove(path); });
  Open();
  ExpectGoesOn();
  EXPECT_FALSE(fs::exists(PathOf(4)));
}

TEST_P(DamageFoundOnOpenTest, OfAllSegmentsLeavesAnEmptyLog) {
  log_.reset();
  for (int64_t number : {1, 2, 3, 4}) GetParam().damage(PathOf(number));
  Open();
  EXPECT_THAT(ReadSeqs(), IsEmpty());
  EXPECT_TRUE(AppendAndWait(*log_, {MakeEvent("new", {7})}).ok());
}

TEST_F(SegmentDamageTest, WhatWasSetAsideFirstIsKept) {
  Damage(2, [](const std::string& path) {
    fs::create_directory(fs::path(path).parent_path() / "set-aside");
    fs::copy(path, fs::path(path).parent_path() / "set-aside");
    fs::resize_file(path, 0);
  });
  Open();
  const std::string folder = Folder() + "/set-aside/";
  EXPECT_GT(fs::file_size(folder + "0000000002.db"), 0u);
  EXPECT_EQ(fs::file_size(folder + "0000000002-2.db"), 0u);
  EXPECT_FALSE(fs::exists(PathOf(2)));
  EXPECT_EQ(ReadSeqs(), SeqsWithout({2}));
}

// A crash came before it began.
TEST_F(SegmentDamageTest, SegmentThatNeverBeganIsNotMissed) {
  Damage(4, [](const std::string&) {});
  for (absl::string_view begun : {"", "-wal"}) {
    WriteFile(absl::StrCat(PathOf(5), begun), "");
  }
  Open();
  EXPECT_FALSE(fs::exists(PathOf(5)));
  AddSegment();
  AddSegment();
  EXPECT_TRUE(fs::exists(PathOf(5)));
  Open();
  EXPECT_THAT(logged_, IsEmpty());
  EXPECT_EQ(ReadSeqs().size(), 6 * kEventsPerSegment);
}

TEST_F(SegmentDamageTest, IdsOfALostSegmentAreAcceptedAgain) {
  Damage(2, [](const std::string& path) { fs::resize_file(path, 5000); });
  Open();
  EXPECT_THAT(
      *AppendAndWait(*log_, {MakeEvent(Id(50), {7}), MakeEvent(Id(10), {7})}),
      ::testing::ElementsAre(AppendOutcome::kAccepted,
                             AppendOutcome::kDuplicate));
}

TEST_F(SegmentDamageTest, AKeyFilterThatWasChangedIsDamage) {
  Damage(2, [](const std::string& path) {
    auto db = Database::Open(path, Database::Mode::kReadWrite);
    ASSERT_TRUE(db->Execute("UPDATE seal SET key_filter = "
                            "zeroblob(length(key_filter))")
                    .ok());
  });
  Open();
  EXPECT_TRUE(IsSetAside(2));
}

TEST_F(SegmentDamageTest, RowsOfTheNewestThatDoNotFollowAreDamage) {
  for (const char* sql :
       {"UPDATE attempt SET attempt_seq = attempt_seq + 7 WHERE "
        "attempt_seq = (SELECT max(attempt_seq) FROM attempt)",
        "UPDATE event SET seq = 1000000 WHERE seq = 130"}) {
    log_.reset();
    auto newest = PathOf(fs::exists(PathOf(5)) ? 5 : 4);
    auto db = Database::Open(newest, Database::Mode::kReadWrite);
    ASSERT_TRUE(db->Execute(sql).ok());
    db = absl::UnknownError("closed");
    Open();
    EXPECT_FALSE(fs::exists(newest));
    log_.reset();
    fs::remove_all(Folder());
    accepted_ = 0;
    SetUp();
  }
}

// ---- found while it is read -------------------------------------------------

TEST_F(SegmentDamageTest, LostFileIsFoundByTheRead) {
  fs::remove(PathOf(2));
  EXPECT_EQ(ListedSeqs(), SeqsWithout({2}));
  EXPECT_EQ(ReadSeqs(), SeqsWithout({2}));
  EXPECT_EQ(Differences().size(), 4u);
  ExpectGoesOn();
}

TEST_F(SegmentDamageTest, CutFileIsFoundByTheRead) {
  fs::resize_file(PathOf(2), kPageSize);
  EXPECT_EQ(ReadSeqs(), SeqsWithout({2}));
  EXPECT_TRUE(IsSetAside(2));
  EXPECT_EQ(ListedSeqs(), SeqsWithout({2}));
  // Who asks for what was in it can be told so.
  const LogExtent extent = SqliteHistoryReader(log_.get()).GetExtent();
  ASSERT_EQ(extent.gaps.size(), 1u);
  EXPECT_EQ(extent.gaps[0].files, 1);
}

TEST_F(SegmentDamageTest, EventThatIsNotWhereTheIndexSaysIsFoundByTheRead) {
  Damage(2, [](const std::string& path) {
    auto db = Database::Open(path, Database::Mode::kReadWrite);
    ASSERT_TRUE(db->Execute("DELETE FROM event WHERE seq = 50").ok());
  });
  Open();
  EXPECT_EQ(ReadSeqs(1000), SeqsWithout({2}));
  EXPECT_TRUE(IsSetAside(2));
}

TEST_F(SegmentDamageTest, IndexBlockThatWasChangedIsFoundByTheRead) {
  Damage(2, [](const std::string& path) {
    auto db = Database::Open(path, Database::Mode::kReadWrite);
    // The last row of the block a later one.
    ASSERT_TRUE(db->Execute("UPDATE index_block SET postings = "
                            "CAST(substr(postings, 1, length(postings) - 5) "
                            "|| x'04' || substr(postings, -4) AS BLOB)")
                    .ok());
  });
  Open();
  EXPECT_EQ(ReadSeqs(), SeqsWithout({2}));
  EXPECT_TRUE(IsSetAside(2));
}

TEST_F(SegmentDamageTest, DuplicatesAreFoundBesideADamagedSegment) {
  Damage(2, [](const std::string& path) {
    auto db = Database::Open(path, Database::Mode::kReadWrite);
    ASSERT_TRUE(db->Execute("UPDATE index_block SET postings = x'00'").ok());
  });
  Open();
  EXPECT_THAT(
      *AppendAndWait(*log_, {MakeEvent(Id(50), {7}), MakeEvent(Id(10), {7})}),
      ::testing::ElementsAre(AppendOutcome::kAccepted,
                             AppendOutcome::kDuplicate));
  EXPECT_TRUE(IsSetAside(2));
}

// Page by page, of a sealed segment and of the newest one: what is given out is
// right, and what is damaged is set aside or never looked at.
class OverwrittenPageTest : public SegmentDamageTest,
                            public ::testing::WithParamInterface<int64_t> {
 protected:
  void ExpectSubset(const std::vector<int64_t>& seqs) {
    const auto all = SeqsWithout({});
    EXPECT_TRUE(
        std::includes(all.begin(), all.end(), seqs.begin(), seqs.end()));
    EXPECT_GE(seqs.size(), all.size() - kEventsPerSegment);
  }
  void Restore() {
    log_.reset();
    fs::remove_all(Folder());
    fs::copy(temp_.File("saved"), Folder());
  }
};

INSTANTIATE_TEST_SUITE_P(Segments, OverwrittenPageTest,
                         ::testing::Values(2, 4));

TEST_P(OverwrittenPageTest, WhatIsGivenOutIsRight) {
  log_.reset();
  fs::copy(Folder(), temp_.File("saved"));
  const int64_t pages = fs::file_size(PathOf(GetParam())) / kPageSize;
  for (int64_t page = 0; page < pages; ++page) {
    SCOPED_TRACE(absl::StrCat("page ", page));
    Restore();
    Overwrite(PathOf(GetParam()), page * kPageSize,
              Garbage(kPageSize, static_cast<int>(page)));
    Open();
    ExpectSubset(ReadSeqs());
    ExpectSubset(ListedSeqs());
    EXPECT_TRUE(AppendAndWait(*log_, {MakeEvent("new", {7})}).ok());
  }
}

// A few bytes may change a payload unseen, but bring nothing down.
TEST_P(OverwrittenPageTest, FewBytesBringNothingDown) {
  log_.reset();
  fs::copy(Folder(), temp_.File("saved"));
  const int64_t size = fs::file_size(PathOf(GetParam()));
  for (int seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Restore();
    std::mt19937 random(seed);
    Overwrite(PathOf(GetParam()), random() % size,
              Garbage(1 + random() % 20, seed));
    Open();
    for (const char* topic : {"", "t"}) {
      SqliteHistoryReader(log_.get())
          .ListAttempts({.tenant_uid = 1, .topic = topic}, {}, {}, 1000)
          .IgnoreError();
    }
    log_->ReadNext(1, 7, 0, 1000).IgnoreError();
    EXPECT_TRUE(AppendAndWait(*log_, {MakeEvent("new", {7})}).ok());
  }
}

}  // namespace
}  // namespace mqttpush
