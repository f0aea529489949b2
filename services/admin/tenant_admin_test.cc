// AdminService on tenants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/admin/admin_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using Stub = v1::AdminService::Stub;

class TenantAdminTest : public AdminFixture {
 protected:
  Reply<v1::Tenant> Update(const std::string& request) {
    return Call(&Stub::UpdateTenant, Parse<v1::UpdateTenantRequest>(request));
  }
  Reply<google::protobuf::Empty> Delete(const std::string& request) {
    return Call(&Stub::DeleteTenant, Parse<v1::DeleteTenantRequest>(request));
  }
  Reply<v1::ListTenantsResponse> List(const std::string& request) {
    return Call(&Stub::ListTenants, Parse<v1::ListTenantsRequest>(request));
  }
};

TEST_F(TenantAdminTest, CreatedIsReturnedByGetAlsoAfterARestart) {
  const auto created =
      CreateTenant("acme",
                   "name: 'ignored' display_name: 'Acme' owner_ids: 'o1' "
                   "owner_ids: 'o2' labels { key: 'k' value: 'v' } "
                   "history_retention { seconds: 864000 } "
                   "state: PAUSED etag: 'ignored'");
  ASSERT_TRUE(created.ok()) << created.status.error_message();
  EXPECT_EQ(created->name(), "tenants/acme");
  EXPECT_EQ(created->display_name(), "Acme");
  EXPECT_THAT(created->owner_ids(), ElementsAre("o1", "o2"));
  EXPECT_EQ(created->labels().at("k"), "v");
  EXPECT_EQ(created->history_retention().seconds(), 864000);
  EXPECT_EQ(created->state(), v1::Tenant::ACTIVE);
  EXPECT_EQ(created->etag(), "\"1-1\"");
  EXPECT_GT(created->create_time().seconds(), 1'700'000'000);
  EXPECT_EQ(created->create_time().seconds(), created->update_time().seconds());
  EXPECT_EQ(GetTenant("tenants/acme")->DebugString(), created->DebugString());
  Restart();
  EXPECT_EQ(GetTenant("tenants/acme")->DebugString(), created->DebugString());
}

TEST_F(TenantAdminTest, CreateNamesAllViolations) {
  v1::CreateTenantRequest request;
  request.set_tenant_id("Acme!");
  auto* tenant = request.mutable_tenant();
  tenant->set_display_name(std::string(129, 'x'));
  tenant->mutable_history_retention()->set_seconds(60);
  for (const char* owner_id : {"", "ok", " o", "a\tb", "ok"}) {
    tenant->add_owner_ids(owner_id);
  }
  tenant->add_owner_ids(std::string(129, 'o'));
  (*tenant->mutable_labels())["Key"] = "v";
  (*tenant->mutable_labels())["key"] = std::string(64, 'v');
  const auto reply = Call(&Stub::CreateTenant, request);
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(reply.reason, "INVALID_FIELDS");
  EXPECT_THAT(reply.violations,
              UnorderedElementsAre(
                  "tenant_id: must match [a-z]([a-z0-9-]{0,61}[a-z0-9])?",
                  "tenant.display_name: must be at most 128 characters",
                  HasSubstr("tenant.history_retention: must be"),
                  "tenant.owner_ids[0]: must be 1 to 128 bytes",
                  HasSubstr("tenant.owner_ids[2]: must not begin or end with"),
                  HasSubstr("tenant.owner_ids[3]: must not begin or end with"),
                  "tenant.owner_ids[4]: is in the list twice",
                  "tenant.owner_ids[5]: must be 1 to 128 bytes",
                  HasSubstr("tenant.labels[Key]: the key must match"),
                  "tenant.labels[key]: must be at most 63 characters"));
  EXPECT_TRUE(Snapshot()->tenants().empty());
}

TEST_F(TenantAdminTest, CreateBoundsTheNumbers) {
  v1::CreateTenantRequest request;
  request.set_tenant_id("acme");
  for (int i = 0; i < 1001; ++i) {
    request.mutable_tenant()->add_owner_ids(absl::StrCat(i));
  }
  for (int i = 0; i < 65; ++i) {
    (*request.mutable_tenant()->mutable_labels())[absl::StrCat("k", i)] = "";
  }
  EXPECT_THAT(Call(&Stub::CreateTenant, request).violations,
              ElementsAre("tenant.owner_ids: must be at most 1000",
                          "tenant.labels: must be at most 64"));
}

TEST_F(TenantAdminTest, CreateRefusesATakenName) {
  CreateTenant("acme");
  const auto reply = CreateTenant("acme");
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(reply.reason, "NAME_TAKEN");
}

TEST_F(TenantAdminTest, AnOwnerIdHasOneTenant) {
  CreateTenant("acme", "owner_ids: 'o1' owner_ids: 'o2'");
  const auto created = CreateTenant("other", "owner_ids: 'o3' owner_ids: 'o2'");
  EXPECT_EQ(created.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(created.reason, "OWNER_ID_TAKEN");
  EXPECT_EQ(created.status.error_message(),
            "owner id \"o2\" belongs to tenants/acme");
  EXPECT_FALSE(GetTenant("tenants/other").ok());

  CreateTenant("other", "owner_ids: 'o3'");
  const auto updated = Update(
      "tenant { name: 'tenants/other' owner_ids: 'o1' owner_ids: 'o2' }");
  EXPECT_EQ(updated.reason, "OWNER_ID_TAKEN");
  EXPECT_EQ(updated.status.error_message(),
            "owner id \"o1\" belongs to tenants/acme, owner id \"o2\" belongs "
            "to tenants/acme");
  // Given up by one, it is free for another.
  EXPECT_TRUE(Update("tenant { name: 'tenants/acme' owner_ids: 'o1' }").ok());
  EXPECT_TRUE(Update("tenant { name: 'tenants/other' owner_ids: 'o2' }").ok());
}

TEST_F(TenantAdminTest, CreateValidateOnlyChecksAndChangesNothing) {
  CreateTenant("taken", "owner_ids: 'o1'");
  auto request = Parse<v1::CreateTenantRequest>(
      "tenant_id: 'acme' validate_only: true tenant { owner_ids: 'o2' }");
  const auto reply = Call(&Stub::CreateTenant, request);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->name(), "tenants/acme");
  EXPECT_EQ(GetTenant("tenants/acme").reason, "TENANT_NOT_FOUND");
  request.mutable_tenant()->set_owner_ids(0, "o1");
  EXPECT_EQ(Call(&Stub::CreateTenant, request).reason, "OWNER_ID_TAKEN");
  request.set_tenant_id("taken");
  EXPECT_EQ(Call(&Stub::CreateTenant, request).reason, "NAME_TAKEN");
}

TEST_F(TenantAdminTest, GetRefusesWhatIsNotThere) {
  const auto missing = GetTenant("tenants/nobody");
  EXPECT_EQ(missing.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(missing.reason, "TENANT_NOT_FOUND");
  const auto malformed = GetTenant("acme");
  EXPECT_EQ(malformed.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(malformed.violations,
              ElementsAre("name: must have the format tenants/{tenant}"));
}

TEST_F(TenantAdminTest, ListPagesThroughAllInOrder) {
  for (const char* id : {"d", "a", "c", "b", "e"}) CreateTenant(id);
  std::vector<std::string> names;
  std::string token;
  std::vector<int> sizes;
  do {
    const auto page =
        List(absl::StrCat("page_size: 2 page_token: '", token, "'"));
    ASSERT_TRUE(page.ok()) << page.status.error_message();
    for (const auto& tenant : page->tenants()) names.push_back(tenant.name());
    sizes.push_back(page->tenants_size());
    token = page->next_page_token();
  } while (!token.empty());
  EXPECT_THAT(names, ElementsAre("tenants/a", "tenants/b", "tenants/c",
                                 "tenants/d", "tenants/e"));
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
  EXPECT_THAT(List("")->tenants(), SizeIs(5));
  EXPECT_THAT(List("page_size: 5")->next_page_token(), IsEmpty());
  EXPECT_THAT(List("page_size: 5000")->tenants(), SizeIs(5));
}

TEST_F(TenantAdminTest, ListGoesOnAfterADeletedTenant) {
  for (const char* id : {"a", "b", "c"}) CreateTenant(id);
  const auto page = List("page_size: 2");
  Delete("name: 'tenants/b'");
  const auto rest =
      List(absl::StrCat("page_token: '", page->next_page_token(), "'"));
  ASSERT_EQ(rest->tenants_size(), 1);
  EXPECT_EQ(rest->tenants(0).name(), "tenants/c");
}

TEST_F(TenantAdminTest, ListNamesAllViolations) {
  const auto reply = List("page_size: -1 page_token: 'x'");
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(reply.violations,
              ElementsAre("page_size: must not be negative",
                          "page_token: is not a token of this method"));
}

TEST_F(TenantAdminTest, UpdateFollowsTheMask) {
  CreateTenant("acme",
               "display_name: 'Acme' owner_ids: 'o1' "
               "labels { key: 'k' value: 'v' }");
  const auto renamed =
      Update("tenant { name: 'tenants/acme' display_name: 'New' }");
  EXPECT_EQ(renamed->display_name(), "New");
  EXPECT_THAT(renamed->owner_ids(), ElementsAre("o1"));
  EXPECT_EQ(renamed->etag(), "\"1-2\"");
  EXPECT_GT(renamed->update_time().seconds(), renamed->create_time().seconds());

  const auto cleared = Update(
      "tenant { name: 'tenants/acme' display_name: 'not named' } "
      "update_mask { paths: 'labels' paths: 'state' paths: 'etag' "
      "paths: 'history_retention' }");
  EXPECT_EQ(cleared->display_name(), "New");
  EXPECT_EQ(cleared->labels_size(), 0);
  EXPECT_EQ(cleared->state(), v1::Tenant::ACTIVE);

  const auto replaced = Update(
      "tenant { name: 'tenants/acme' owner_ids: 'o9' } "
      "update_mask { paths: '*' }");
  EXPECT_EQ(replaced->display_name(), "");
  EXPECT_THAT(replaced->owner_ids(), ElementsAre("o9"));
  EXPECT_EQ(GetTenant("tenants/acme")->DebugString(), replaced->DebugString());
}

TEST_F(TenantAdminTest, UpdateWithoutAChangeKeepsTheEtag) {
  const auto created = CreateTenant("acme", "display_name: 'Acme'");
  const auto updated =
      Update("tenant { name: 'tenants/acme' display_name: 'Acme' }");
  EXPECT_EQ(updated->DebugString(), created->DebugString());
}

TEST_F(TenantAdminTest, UpdateRefuses) {
  CreateTenant("acme");
  EXPECT_EQ(Update("tenant { name: 'tenants/nobody' }").reason,
            "TENANT_NOT_FOUND");
  EXPECT_THAT(Update("").violations,
              ElementsAre("tenant.name: must have the format "
                          "tenants/{tenant}"));
  EXPECT_THAT(Update("tenant { name: 'tenants/acme' owner_ids: '' } "
                     "update_mask { paths: 'owner_ids' paths: 'nope' }")
                  .violations,
              ElementsAre("update_mask: \"nope\" is not a field of Tenant",
                          "tenant.owner_ids[0]: must be 1 to 128 bytes"));
  EXPECT_EQ(GetTenant("tenants/acme")->etag(), "\"1-1\"");
}

TEST_F(TenantAdminTest, EtagsGuardEveryChange) {
  CreateTenant("acme");
  const std::string stale = "\"1-0\"";
  const std::string name = "name: 'tenants/acme' etag: '" + stale + "'";
  const auto updated = Update("tenant { " + name + " display_name: 'x' }");
  EXPECT_EQ(updated.status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(updated.reason, "ETAG_MISMATCH");
  EXPECT_EQ(Delete(name).reason, "ETAG_MISMATCH");
  EXPECT_EQ(
      Call(&Stub::PauseTenant, Parse<v1::PauseTenantRequest>(name)).reason,
      "ETAG_MISMATCH");
  EXPECT_EQ(
      Call(&Stub::ResumeTenant, Parse<v1::ResumeTenantRequest>(name)).reason,
      "ETAG_MISMATCH");
  const std::string current = GetTenant("tenants/acme")->etag();
  EXPECT_TRUE(Update("tenant { name: 'tenants/acme' display_name: 'x' etag: '" +
                     current + "' }")
                  .ok());
  EXPECT_EQ(Delete("name: 'tenants/acme' etag: '" + current + "'").reason,
            "ETAG_MISMATCH");
  const std::string newest = GetTenant("tenants/acme")->etag();
  EXPECT_TRUE(Delete("name: 'tenants/acme' etag: '" + newest + "'").ok());
}

TEST_F(TenantAdminTest, UpdateValidateOnlyChangesNothing) {
  CreateTenant("acme");
  const auto reply = Update(
      "tenant { name: 'tenants/acme' display_name: 'x' } validate_only: true");
  EXPECT_EQ(reply->display_name(), "x");
  EXPECT_EQ(GetTenant("tenants/acme")->display_name(), "");
}

TEST_F(TenantAdminTest, PauseAndResumeAreIdempotent) {
  CreateTenant("acme");
  const auto pause = Parse<v1::PauseTenantRequest>("name: 'tenants/acme'");
  const auto resume = Parse<v1::ResumeTenantRequest>("name: 'tenants/acme'");
  const auto paused = Call(&Stub::PauseTenant, pause);
  EXPECT_EQ(paused->state(), v1::Tenant::PAUSED);
  EXPECT_EQ(Call(&Stub::PauseTenant, pause)->etag(), paused->etag());
  Restart();
  EXPECT_EQ(GetTenant("tenants/acme")->state(), v1::Tenant::PAUSED);
  EXPECT_EQ(Call(&Stub::ResumeTenant, resume)->state(), v1::Tenant::ACTIVE);
  EXPECT_EQ(Call(&Stub::ResumeTenant, resume)->etag(), "\"1-3\"");
  EXPECT_EQ(Call(&Stub::PauseTenant,
                 Parse<v1::PauseTenantRequest>("name: 'tenants/nobody'"))
                .reason,
            "TENANT_NOT_FOUND");
  EXPECT_EQ(
      Call(&Stub::ResumeTenant, Parse<v1::ResumeTenantRequest>("name: 'x'"))
          .reason,
      "INVALID_FIELDS");
}

TEST_F(TenantAdminTest, DeleteRefusesWhileThereAreBrokersOrSubscriptions) {
  CreateTenant("acme");
  CreateBroker("tenants/acme", "main");
  CreateSubscription("tenants/acme", "all", "topic: 't'");
  const auto refused = Delete("name: 'tenants/acme'");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(refused.reason, "RESOURCE_IN_USE");
  EXPECT_EQ(refused.status.error_message(),
            "\"tenants/acme\" is in use by tenants/acme/brokers/main, "
            "tenants/acme/subscriptions/all; set `force` to delete them too");
  EXPECT_TRUE(GetTenant("tenants/acme").ok());
}

TEST_F(TenantAdminTest, ForceDeletesAllAndSaysWhatItDrops) {
  CreateTenant("acme");
  CreateTenant("other");
  CreateBroker("tenants/other", "theirs");
  CreateBroker("tenants/acme", "main");
  CreateBroker("tenants/acme", "second");
  int64_t accepted = 3;
  for (const char* id : {"a", "b", "empty"}) {
    CreateSubscription("tenants/acme", id, "topic: 't'");
    const auto snapshot = Snapshot();
    FakeEventLog::Subscription log;
    log.recovery.state.accepted_count = accepted;
    accepted = accepted == 3 ? 5 : 1;
    log.recovery.state.delivered_count = 1;
    log_.Set(
        snapshot->FindSubscription(snapshot->FindTenant("acme")->uid, id)->uid,
        log);
  }
  const auto refused = Delete("name: 'tenants/acme'");
  EXPECT_EQ(refused.reason, "RESOURCE_IN_USE");
  EXPECT_THAT(refused.status.error_message(),
              HasSubstr(", with 6 undelivered events; set `force`"));
  EXPECT_TRUE(
      Delete("name: 'tenants/acme' force: true validate_only: true").ok());
  EXPECT_EQ(Delete("name: 'tenants/acme' force: true etag: 'x'").reason,
            "ETAG_MISMATCH");
  EXPECT_EQ(Snapshot()->subscriptions().size(), 3u);

  testing::internal::CaptureStderr();
  EXPECT_TRUE(Delete("name: 'tenants/acme' force: true").ok());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("subscription=tenants/acme/subscriptions/a "
                              "count=2"));
  EXPECT_THAT(said, HasSubstr("subscription=tenants/acme/subscriptions/b "
                              "count=4"));
  EXPECT_THAT(said, Not(HasSubstr("subscriptions/empty")));
  Restart();
  EXPECT_EQ(GetTenant("tenants/acme").reason, "TENANT_NOT_FOUND");
  EXPECT_TRUE(Snapshot()->subscriptions().empty());
  EXPECT_EQ(Snapshot()->brokers().size(), 1u);
  EXPECT_TRUE(GetBroker("tenants/other/brokers/theirs").ok());
}

TEST_F(TenantAdminTest, DeleteFreesTheNameButNotTheEtag) {
  const auto first = CreateTenant("acme", "owner_ids: 'o1'");
  EXPECT_TRUE(Delete("name: 'tenants/acme' validate_only: true").ok());
  EXPECT_TRUE(GetTenant("tenants/acme").ok());
  EXPECT_TRUE(Delete("name: 'tenants/acme'").ok());
  EXPECT_EQ(Delete("name: 'tenants/acme'").reason, "TENANT_NOT_FOUND");
  const auto second = CreateTenant("acme", "owner_ids: 'o1'");
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->etag(), first->etag());
}

}  // namespace
}  // namespace mqttpush
