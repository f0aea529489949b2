// Many operators at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/admin/admin_fixture.h"

namespace mqttpush {
namespace {

using Stub = v1::AdminService::Stub;

constexpr int kThreads = 8;

class ConcurrentAdminTest : public AdminFixture {
 protected:
  template <typename Function>
  void InThreads(Function function) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(function, i);
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(ConcurrentAdminTest, OnlyOneCreatesAName) {
  std::atomic<int> created{0};
  std::atomic<int> refused{0};
  InThreads([&](int) {
    const auto reply = CreateTenant("acme");
    if (reply.ok()) ++created;
    if (reply.reason == "NAME_TAKEN") ++refused;
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(refused, kThreads - 1);
}

TEST_F(ConcurrentAdminTest, OnlyOneTenantGetsAnOwnerId) {
  std::atomic<int> created{0};
  std::atomic<int> refused{0};
  InThreads([&](int i) {
    const auto reply = CreateTenant(absl::StrCat("t", i), "owner_ids: 'o1'");
    if (reply.ok()) ++created;
    if (reply.reason == "OWNER_ID_TAKEN") ++refused;
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(refused, kThreads - 1);
}

TEST_F(ConcurrentAdminTest, OfTheSameEtagOnlyOneUpdateWins) {
  const std::string etag = CreateTenant("acme")->etag();
  std::atomic<int> updated{0};
  std::atomic<int> aborted{0};
  InThreads([&](int i) {
    v1::UpdateTenantRequest request;
    request.mutable_tenant()->set_name("tenants/acme");
    request.mutable_tenant()->set_etag(etag);
    request.mutable_tenant()->set_display_name(absl::StrCat("name ", i));
    const auto reply = Call(&Stub::UpdateTenant, request);
    if (reply.ok()) ++updated;
    if (reply.status.error_code() == grpc::StatusCode::ABORTED) ++aborted;
  });
  EXPECT_EQ(updated, 1);
  EXPECT_EQ(aborted, kThreads - 1);
}

TEST_F(ConcurrentAdminTest, UpdatesOfDifferentFieldsAllStay) {
  CreateTenant("acme");
  CreateBroker("tenants/acme", "main");
  InThreads([&](int i) {
    v1::UpdateBrokerRequest request;
    auto* broker = request.mutable_broker();
    broker->set_name("tenants/acme/brokers/main");
    if (i % 2 == 0) {
      broker->set_client_id("set");
    } else {
      broker->set_max_in_flight(50);
    }
    EXPECT_TRUE(Call(&Stub::UpdateBroker, request).ok());
  });
  const auto broker = GetBroker("tenants/acme/brokers/main");
  EXPECT_EQ(broker->client_id(), "set");
  EXPECT_EQ(broker->max_in_flight(), 50);
  EXPECT_EQ(broker->revision(), 3);
}

TEST_F(ConcurrentAdminTest, ABrokerIsNeverDeletedUnderASubscription) {
  CreateTenant("acme");
  CreateBroker("tenants/acme", "main");
  std::atomic<int> deleted{0};
  std::atomic<int> subscribed{0};
  InThreads([&](int i) {
    if (i % 2 == 0) {
      v1::DeleteBrokerRequest request;
      request.set_name("tenants/acme/brokers/main");
      if (Call(&Stub::DeleteBroker, request).ok()) ++deleted;
    } else if (CreateSubscription("tenants/acme", absl::StrCat("s", i),
                                  "topic: 't'")
                   .ok()) {
      ++subscribed;
    }
  });
  const bool broker_is_there = GetBroker("tenants/acme/brokers/main").ok();
  EXPECT_EQ(broker_is_there, deleted == 0);
  EXPECT_EQ(subscribed, broker_is_there ? kThreads / 2 : 0);
}

}  // namespace
}  // namespace mqttpush
