#include "storage/sqlite/log/log_sealer.h"

#include <filesystem>

#include "gtest/gtest.h"
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

}  // namespace
}  // namespace mqttpush
