#include "storage/sqlite/sqlite_config_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

extern const absl::string_view kConfigSchema0001;
extern const absl::string_view kConfigSchema0002;
extern const absl::string_view kConfigSchema0003;
extern const absl::string_view kConfigSchema0004;

namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const absl::Time kTime = absl::FromUnixMicros(1'700'000'000'123'456);

TenantRecord Tenant(const std::string& id, std::vector<std::string> owner_ids) {
  TenantRecord tenant;
  tenant.id = id;
  tenant.display_name = "Acme Logistics ÆØÅ";
  tenant.owner_ids = std::move(owner_ids);
  tenant.labels = {{"env", "prod"}, {"empty", ""}};
  tenant.create_time = kTime;
  tenant.update_time = kTime + absl::Seconds(1);
  return tenant;
}

BrokerRecord Broker(int64_t tenant_uid, const std::string& id) {
  BrokerRecord broker;
  broker.tenant_uid = tenant_uid;
  broker.id = id;
  broker.host = "mqtt.example.com";
  broker.port = 8883;
  broker.protocol_version = ProtocolVersion::kMqtt5;
  broker.tls_enabled = true;
  broker.tls_ca_certificates_pem = "ca pem";
  broker.tls_server_name = "sni";
  broker.tls_insecure_skip_verify = true;
  broker.username = "user";
  broker.password = "pass";
  broker.certificate_chain_pem = "chain pem";
  broker.private_key_pem = "key pem";
  broker.client_id = "client";
  broker.keep_alive = absl::Seconds(30);
  broker.session_expiry = absl::Hours(2);
  broker.max_in_flight = 17;
  broker.revision = 4;
  broker.create_time = kTime;
  broker.update_time = kTime;
  return broker;
}

SubscriptionRecord Subscription(int64_t tenant_uid, int64_t broker_uid,
                                const std::string& id) {
  SubscriptionRecord subscription;
  subscription.tenant_uid = tenant_uid;
  subscription.broker_uid = broker_uid;
  subscription.id = id;
  subscription.object_types = {ObjectType::kLocation, ObjectType::kAsset};
  subscription.topic = "fleet/{objectType}";
  subscription.topic_overrides = {
      {ObjectType::kReeferData, "reefers", Qos::kExactlyOnce},
      {ObjectType::kAsset, "", std::nullopt}};
  subscription.qos = Qos::kAtMostOnce;
  subscription.retain = true;
  subscription.event_id_field = "";
  subscription.event_lifetime = absl::Minutes(10);
  subscription.disabled = true;
  subscription.create_time = kTime;
  subscription.update_time = kTime;
  return subscription;
}

class SqliteConfigStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/config_store_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    Reopen();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Reopen() {
    store_.reset();
    auto store = SqliteConfigStore::Open(path());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  std::string path() const { return directory_ + "/config.db"; }

  template <typename Change>
  absl::StatusOr<int64_t> Apply(Change change) {
    auto applied = store_->Apply(
        [&](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
          return ConfigChange{change};
        });
    if (!applied.ok()) return applied.status();
    return applied->uid;
  }

  template <typename Change>
  int64_t MustApply(Change change) {
    const absl::StatusOr<int64_t> uid = Apply(std::move(change));
    EXPECT_TRUE(uid.ok()) << uid.status();
    return uid.value_or(0);
  }

  std::string directory_;
  std::unique_ptr<SqliteConfigStore> store_;
};

TEST_F(SqliteConfigStoreTest, StartsEmptyAndPrivate) {
  EXPECT_TRUE(store_->Snapshot()->tenants().empty());
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    struct stat info;
    ASSERT_EQ(stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << file.path();
  }
}

TEST_F(SqliteConfigStoreTest, TenantSurvivesReopen) {
  const int64_t uid = MustApply(Tenant("acme", {"o2", "o1"}));
  Reopen();
  const TenantRecord* tenant = store_->Snapshot()->FindTenant("acme");
  ASSERT_NE(tenant, nullptr);
  EXPECT_EQ(tenant->uid, uid);
  EXPECT_EQ(tenant->display_name, "Acme Logistics ÆØÅ");
  EXPECT_THAT(tenant->owner_ids, ElementsAre("o2", "o1"));
  EXPECT_THAT(tenant->labels,
              UnorderedElementsAre(Pair("env", "prod"), Pair("empty", "")));
  EXPECT_FALSE(tenant->paused);
  EXPECT_EQ(tenant->revision, 1);
  EXPECT_EQ(tenant->create_time, kTime);
  EXPECT_EQ(tenant->update_time, kTime + absl::Seconds(1));
}

TEST_F(SqliteConfigStoreTest, AQuotaSurvivesReopen) {
  TenantRecord tenant = Tenant("acme", {});
  tenant.quota = {.ingest_events_per_second = 1,
                  .ingest_burst = 2,
                  .max_waiting_events = 3,
                  .max_waiting_bytes = int64_t{1} << 40,
                  .outbox_policy = OutboxPolicy::kDropOldest};
  tenant.uid = MustApply(tenant);
  Reopen();
  EXPECT_EQ(store_->Snapshot()->FindTenant("acme")->quota, tenant.quota);
  tenant.quota = {};
  MustApply(tenant);
  Reopen();
  EXPECT_EQ(store_->Snapshot()->FindTenant("acme")->quota, TenantQuota());
}

TEST_F(SqliteConfigStoreTest, ATenantOfVersion4HasTheDeploymentsQuota) {
  const std::string old = directory_ + "/old.db";
  {
    auto db = Database::Open(old, Database::Mode::kReadWrite);
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_TRUE(Migrate(&*db, {kConfigSchema0001, kConfigSchema0002,
                               kConfigSchema0003, kConfigSchema0004})
                    .ok());
    const absl::Status inserted = db->Execute(
        "INSERT INTO tenant (id, display_name, paused, revision, "
        "create_time_us, update_time_us, history_retention_s) "
        "VALUES ('acme', 'Acme', 0, 3, 1, 2, 86400)");
    ASSERT_TRUE(inserted.ok()) << inserted;
  }
  auto store = SqliteConfigStore::Open(old);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto snapshot = (*store)->Snapshot();
  const TenantRecord* tenant = snapshot->FindTenant("acme");
  ASSERT_NE(tenant, nullptr);
  EXPECT_EQ(tenant->quota, TenantQuota());
  EXPECT_EQ(tenant->revision, 3);
  EXPECT_EQ(tenant->history_retention, absl::Hours(24));
}

TEST_F(SqliteConfigStoreTest, BrokerSurvivesReopen) {
  const int64_t tenant_uid = MustApply(Tenant("acme", {}));
  BrokerRecord want = Broker(tenant_uid, "main");
  want.uid = MustApply(want);
  Reopen();
  const BrokerRecord* got = store_->Snapshot()->FindBroker(tenant_uid, "main");
  ASSERT_NE(got, nullptr);
  EXPECT_TRUE(*got == want);
}

TEST_F(SqliteConfigStoreTest, SubscriptionSurvivesReopen) {
  const int64_t tenant_uid = MustApply(Tenant("acme", {}));
  const int64_t broker_uid = MustApply(Broker(tenant_uid, "main"));
  SubscriptionRecord want = Subscription(tenant_uid, broker_uid, "all");
  want.uid = MustApply(want);
  SubscriptionRecord plain = Subscription(tenant_uid, broker_uid, "plain");
  plain.object_types.clear();
  plain.topic_overrides.clear();
  plain.event_id_field.reset();
  plain.paused = true;
  plain.uid = MustApply(plain);
  Reopen();
  EXPECT_TRUE(*store_->Snapshot()->FindSubscription(want.uid) == want);
  EXPECT_TRUE(*store_->Snapshot()->FindSubscription(plain.uid) == plain);
}

TEST_F(SqliteConfigStoreTest, ReplacesTheRecordOfAUid) {
  TenantRecord tenant = Tenant("acme", {"o1", "o2"});
  tenant.uid = MustApply(tenant);
  BrokerRecord broker = Broker(tenant.uid, "main");
  broker.uid = MustApply(broker);
  SubscriptionRecord subscription = Subscription(tenant.uid, broker.uid, "all");
  subscription.uid = MustApply(subscription);

  tenant.owner_ids = {"o3", "o1"};
  tenant.labels.clear();
  tenant.paused = true;
  tenant.revision = 2;
  MustApply(tenant);
  broker.host = "::1";
  broker.password.clear();
  broker.revision = 5;
  MustApply(broker);
  subscription.object_types = {ObjectType::kGtoemData};
  subscription.topic_overrides.clear();
  subscription.event_id_field = "eventId";
  MustApply(subscription);

  for (int opened = 0; opened < 2; ++opened, Reopen()) {
    const auto snapshot = store_->Snapshot();
    EXPECT_TRUE(*snapshot->FindTenant("acme") == tenant);
    EXPECT_EQ(snapshot->FindTenantByOwnerId("o2"), nullptr);
    EXPECT_TRUE(*snapshot->FindBroker(broker.uid) == broker);
    EXPECT_TRUE(*snapshot->FindSubscription(subscription.uid) == subscription);
  }
}

TEST_F(SqliteConfigStoreTest, DeletedUidsAreNotUsedAgain) {
  const int64_t tenant_uid = MustApply(Tenant("acme", {"o1"}));
  const int64_t broker_uid = MustApply(Broker(tenant_uid, "main"));
  const int64_t subscription_uid =
      MustApply(Subscription(tenant_uid, broker_uid, "all"));
  MustApply(ConfigChange::DeleteSubscription{subscription_uid});
  MustApply(ConfigChange::DeleteBroker{broker_uid});
  MustApply(ConfigChange::DeleteTenant{tenant_uid});
  EXPECT_TRUE(store_->Snapshot()->tenants().empty());
  Reopen();
  EXPECT_TRUE(store_->Snapshot()->tenants().empty());
  EXPECT_TRUE(store_->Snapshot()->brokers().empty());
  EXPECT_TRUE(store_->Snapshot()->subscriptions().empty());

  const int64_t tenant_again = MustApply(Tenant("acme", {"o1"}));
  EXPECT_GT(tenant_again, tenant_uid);
  const int64_t broker_again = MustApply(Broker(tenant_again, "main"));
  EXPECT_GT(broker_again, broker_uid);
  EXPECT_GT(MustApply(Subscription(tenant_again, broker_again, "all")),
            subscription_uid);
}

TEST_F(SqliteConfigStoreTest, ATenantGoesWithItsChildrenAtOnce) {
  const int64_t acme = MustApply(Tenant("acme", {"o1"}));
  const int64_t other = MustApply(Tenant("other", {"o2"}));
  const int64_t theirs = MustApply(Broker(other, "theirs"));
  const int64_t first = MustApply(Broker(acme, "first"));
  MustApply(Broker(acme, "second"));
  MustApply(Subscription(acme, first, "all"));
  int calls = 0;
  store_->SetListener([&](auto) { ++calls; });
  MustApply(ConfigChange::DeleteTenant{acme, /*with_children=*/true});
  EXPECT_EQ(calls, 1);
  for (int reopened = 0; reopened < 2; ++reopened) {
    const auto snapshot = store_->Snapshot();
    EXPECT_EQ(snapshot->tenants().size(), 1u);
    ASSERT_EQ(snapshot->brokers().size(), 1u);
    EXPECT_NE(snapshot->FindBroker(theirs), nullptr);
    EXPECT_TRUE(snapshot->subscriptions().empty());
    Reopen();
  }
}

TEST_F(SqliteConfigStoreTest, DecidesErrorChangesNothing) {
  int calls = 0;
  store_->SetListener([&](auto) { ++calls; });
  const auto before = store_->Snapshot();
  const auto applied =
      store_->Apply([](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
        return absl::AbortedError("no");
      });
  EXPECT_EQ(applied.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store_->Snapshot(), before);
  EXPECT_EQ(calls, 0);
}

TEST_F(SqliteConfigStoreTest, KeepWritesNothing) {
  const int64_t uid = MustApply(Tenant("acme", {}));
  int calls = 0;
  store_->SetListener([&](auto) { ++calls; });
  const auto before = store_->Snapshot();
  EXPECT_EQ(MustApply(ConfigChange::Keep{uid}), uid);
  EXPECT_EQ(store_->Snapshot(), before);
  EXPECT_EQ(calls, 0);
}

// The services check before; the schema is the second lock on the door.
TEST_F(SqliteConfigStoreTest, TheSchemaRefusesWhatMustNotBe) {
  const int64_t acme = MustApply(Tenant("acme", {"o1"}));
  const int64_t broker = MustApply(Broker(acme, "main"));
  const auto before = store_->Snapshot();
  EXPECT_FALSE(Apply(Tenant("acme", {})).ok());
  EXPECT_FALSE(Apply(Tenant("other", {"o1"})).ok());
  EXPECT_FALSE(Apply(Broker(acme, "main")).ok());
  EXPECT_FALSE(Apply(Broker(99, "main")).ok());
  EXPECT_FALSE(Apply(Subscription(acme, 99, "all")).ok());
  EXPECT_FALSE(Apply(ConfigChange::DeleteTenant{acme}).ok());
  BrokerRecord plain_with_certificate = Broker(acme, "plain");
  plain_with_certificate.tls_enabled = false;
  EXPECT_FALSE(Apply(plain_with_certificate).ok());
  MustApply(Subscription(acme, broker, "all"));
  EXPECT_FALSE(Apply(ConfigChange::DeleteBroker{broker}).ok());
  EXPECT_EQ(before->tenants().size(), 1u);
  Reopen();
  EXPECT_EQ(store_->Snapshot()->tenants().size(), 1u);
  EXPECT_EQ(store_->Snapshot()->brokers().size(), 1u);
}

TEST_F(SqliteConfigStoreTest,
       ListenerSeesEveryChangeInOrderBeforeApplyReturns) {
  std::vector<size_t> seen;
  store_->SetListener([&](std::shared_ptr<const ConfigSnapshot> snapshot) {
    seen.push_back(snapshot->tenants().size());
  });
  MustApply(Tenant("a", {}));
  EXPECT_THAT(seen, ElementsAre(1u));
  MustApply(Tenant("b", {}));
  EXPECT_THAT(seen, ElementsAre(1u, 2u));
}

TEST_F(SqliteConfigStoreTest, DecidesRunAloneSoNoUpdateIsLost) {
  const int64_t uid = MustApply(Tenant("acme", {}));
  constexpr int kThreads = 4;
  constexpr int kChanges = 10;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kChanges; ++j) {
        auto applied = store_->Apply([&](const ConfigSnapshot& snapshot)
                                         -> absl::StatusOr<ConfigChange> {
          TenantRecord tenant = *snapshot.FindTenant(uid);
          ++tenant.revision;
          return ConfigChange{tenant};
        });
        EXPECT_TRUE(applied.ok()) << applied.status();
        EXPECT_GE(store_->Snapshot()->FindTenant(uid)->revision, 2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->Snapshot()->FindTenant(uid)->revision,
            1 + kThreads * kChanges);
}

TEST_F(SqliteConfigStoreTest, RefusesAFileThatIsNotADatabase) {
  store_.reset();
  std::filesystem::remove_all(directory_ + "/config.db-wal");
  FILE* file = fopen(path().c_str(), "w");
  ASSERT_NE(file, nullptr);
  for (int i = 0; i < 1000; ++i) fputs("not a database ", file);
  fclose(file);
  EXPECT_FALSE(SqliteConfigStore::Open(path()).ok());
}

}  // namespace
}  // namespace mqttpush
