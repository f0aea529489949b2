// Tenants take turns on the threads of the history service.
#include <future>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/history/history_service_fixture.h"
#include "services/history/run_on_pool.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

class FairCallsTest : public HistoryServiceTest {
 protected:
  // Whatever is called for about "acme" waits, from the call after these.
  void Occupy() {
    for (int i = 0; i < 2; ++i) {
      pool().Post("acme", [held = released_] { held.wait(); });
    }
  }
  void TearDown() override {
    Release();
    HistoryServiceTest::TearDown();
  }
  void Release() {
    if (!std::exchange(is_released_, true)) release_.set_value();
  }
  grpc::Status ListOf(const std::string& tenant) {
    v1::ListDeliveriesRequest request;
    request.set_parent("tenants/" + tenant);
    v1::ListDeliveriesResponse response;
    return List(request, response);
  }

 private:
  std::promise<void> release_;
  const std::shared_future<void> released_ = release_.get_future().share();
  bool is_released_ = false;
};

TEST_F(FairCallsTest, OneTenantsCallsLeaveThreadsToOthers) {
  Occupy();
  auto waiting =
      std::async(std::launch::async, [this] { return ListOf("acme"); });
  EXPECT_EQ(ListOf("other").error_code(), grpc::StatusCode::NOT_FOUND);
  Release();
  EXPECT_TRUE(waiting.get().ok());
}

TEST_F(FairCallsTest, SoManyOfOneTenantWaitAndNoMore) {
  Occupy();
  for (size_t i = 0; i <= kMostCallsWaiting; ++i) {
    pool().Post("acme", [] {});
  }
  const grpc::Status refused = ListOf("acme");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.error_message(),
              HasSubstr("100 calls about tenant \"acme\" wait"));
  EXPECT_EQ(ListOf("other").error_code(), grpc::StatusCode::NOT_FOUND);
  Release();
  EXPECT_TRUE(
      WaitUntil(absl::Seconds(30), [&] { return ListOf("acme").ok(); }));
}

}  // namespace
}  // namespace mqttpush
