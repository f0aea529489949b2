#include "storage/sqlite/log/log_sealer.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/posting_cursor.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/segment_fixture.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

class LogSealerTest : public ::testing::Test {
 protected:
  // Segment 1 is full and not sealed, segment 2 the newest.
  void SetUp() override {
    auto store = SegmentStore::Open(temp_.File("log"));
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    full_ = std::make_unique<SegmentFixture>(store_->PathOf(1));
    full_->AddEvent(MakeEvent("a", {7}));
    full_->Close();
    newest_ = std::make_unique<SegmentFixture>(store_->PathOf(2), 2, 2);
    sealer_ = std::make_unique<LogSealer>(store_.get());
    store_->list().Append(full_->segment());
    store_->list().Append(newest_->segment());
  }
  // As again after an error: without its database.
  void Seal() {
    sealer_->Seal(full_->segment(), nullptr);
    sealer_->WaitUntilIdle();
  }

  TempDir temp_;
  std::unique_ptr<SegmentStore> store_;
  std::unique_ptr<SegmentFixture> full_;
  std::unique_ptr<SegmentFixture> newest_;
  std::unique_ptr<LogSealer> sealer_;
};

TEST_F(LogSealerTest, SealsWhatIsFull) {
  Seal();
  EXPECT_TRUE(store_->list().Get()->front()->sealed());
}

// A reader may have met damage in it while the sealer waited.
TEST_F(LogSealerTest, SegmentThatWasSetAsideIsNotMadeAnew) {
  store_->SetAside(*full_->segment(), absl::DataLossError("damaged"));
  Seal();
  EXPECT_FALSE(std::filesystem::exists(store_->PathOf(1)));
  EXPECT_TRUE(
      std::filesystem::exists(temp_.File("log/set-aside/0000000001.db")));
}

// Segments 1 to 15 are a group, beyond the window of duplicates; the newest one
// begins the next.
class SealedGroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    OpenStore();
    for (int64_t number = 1; number <= kSealed; ++number) {
      SegmentFixture segment(store_->PathOf(number), number, number, number);
      segment.AddEvent(MakeEvent(absl::StrCat("event-", number), {7}));
      store_->list().Append(segment.Seal());
    }
    newest_ = std::make_unique<SegmentFixture>(store_->PathOf(16), 16, 16, 16);
    newest_->AddEvent(MakeEvent("event-16", {7}));
    newest_->Flush();
    store_->list().Append(newest_->segment());
    LogSealer sealer(store_.get());
    sealer.Seal(*std::next(store_->list().Get()->rbegin()), nullptr);
    sealer.WaitUntilIdle();
    ForgetFilters();
  }
  void OpenStore(absl::Time filters_since = absl::InfinitePast()) {
    auto store = SegmentStore::Open(temp_.File("log"), filters_since);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  // The sealer does what the start has left to it.
  void Restart(absl::Time filters_since = absl::InfinitePast()) {
    OpenStore(filters_since);
    LogSealer(store_.get()).WaitUntilIdle();
  }
  void BreakFilterOf(int64_t number) {
    auto db = Database::Open(store_->PathOf(number), Database::Mode::kExisting);
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_TRUE(db->Execute("UPDATE seal SET key_filter = x'00'").ok());
  }
  void ForgetFilters() {
    store_->list().Change([](const Segment& one) { return one.sealed(); },
                          [](Segment& one) { one.filter = nullptr; });
  }
  void LoseFilesOfSealed() {
    for (int64_t number = 1; number <= kSealed; ++number) {
      std::filesystem::remove(store_->PathOf(number));
    }
  }
  // How many have this id; -1 when one of those that were looked into cannot be
  // read.
  int CountById(const std::string& id) {
    ReadSession session(store_.get());
    PostingCursor cursor(
        &session, {.dimension = Dimension::kEventById, .key = TextKey(1, id)});
    for (int count = 0;; ++count) {
      const auto found = cursor.Next();
      if (!found.ok()) return -1;
      if (!found->has_value()) return count;
    }
  }
  bool HasFile() const {
    return std::filesystem::exists(store_->GroupFilePathOf(1));
  }

  static constexpr int64_t kSealed = 15;
  TempDir temp_;
  std::unique_ptr<SegmentStore> store_;
  std::unique_ptr<SegmentFixture> newest_;
};

TEST_F(SealedGroupTest, NoneIsOpenedForAKeyThatIsNotInTheGroup) {
  EXPECT_EQ(CountById("event-3"), 1);
  LoseFilesOfSealed();
  EXPECT_EQ(CountById("event-16"), 1);
  EXPECT_EQ(CountById("other"), 0);
  EXPECT_EQ(CountById("event-3"), -1);
}

TEST_F(SealedGroupTest, TheFileIsTakenUpAtTheNextStart) {
  newest_->Close();
  OpenStore();
  ForgetFilters();
  LoseFilesOfSealed();
  EXPECT_EQ(CountById("event-16"), 1);
}

TEST_F(SealedGroupTest, TheFileGoesWithTheLastSegment) {
  const auto segments = store_->list().Get();
  for (int64_t i = 0; i < kSealed; ++i) {
    EXPECT_TRUE(HasFile());
    ASSERT_TRUE(store_->Remove(*(*segments)[i]).ok());
  }
  EXPECT_FALSE(HasFile());
}

TEST_F(SealedGroupTest, AMissingFileIsMadeAtTheNextStart) {
  newest_->Close();
  std::filesystem::remove(store_->GroupFilePathOf(1));
  Restart();
  EXPECT_TRUE(HasFile());
  ForgetFilters();
  LoseFilesOfSealed();
  EXPECT_EQ(CountById("other"), 0);
}

TEST_F(SealedGroupTest, AlsoWhenTheLastSegmentOfTheGroupIsGone) {
  newest_->Close();
  std::filesystem::remove(store_->GroupFilePathOf(1));
  std::filesystem::remove(store_->PathOf(kSealed));
  Restart();
  EXPECT_TRUE(HasFile());
}

// Events are accepted at as many seconds as the number of their segment.
TEST_F(SealedGroupTest, AStartReadsTheFiltersOfTheWindowOnly) {
  constexpr int64_t kFirst = 8;
  newest_->Close();
  BreakFilterOf(1);
  Restart(absl::FromUnixSeconds(kFirst));
  const auto segments = store_->list().Get();
  ASSERT_EQ(segments->size(), 16u);  // nobody has met the damage
  for (int64_t number = 1; number <= kSealed; ++number) {
    const Segment& segment = *(*segments)[number - 1];
    EXPECT_EQ(segment.filter != nullptr, number >= kFirst) << number;
    EXPECT_EQ(segment.group_filter != nullptr, number >= kFirst) << number;
    EXPECT_NE(segment.group_file, nullptr) << number;
  }
  Restart();
  EXPECT_EQ(store_->list().Get()->front()->number, 2);
}

TEST_F(SealedGroupTest, OneThatACrashLeftIsRemovedAtTheNextStart) {
  newest_->Close();
  WriteFile(store_->GroupFilePathOf(100), "of segments that are dropped");
  OpenStore();
  EXPECT_FALSE(std::filesystem::exists(store_->GroupFilePathOf(100)));
  EXPECT_TRUE(HasFile());
}

}  // namespace
}  // namespace mqttpush
