#include "storage/sqlite/database.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

class DatabaseTest : public ::testing::Test {
 protected:
  Database OpenDatabase() {
    auto db = Database::Open(path(), Database::Mode::kReadWrite);
    EXPECT_TRUE(db.ok()) << db.status();
    return *std::move(db);
  }
  int64_t SelectInt(Database& db, absl::string_view sql) {
    auto statement = db.Prepare(sql);
    EXPECT_TRUE(statement.ok()) << statement.status();
    auto row = statement->Step();
    EXPECT_TRUE(row.ok() && *row);
    return statement->Int64(0);
  }
  std::string path() const { return temp_.path() + "/test.db"; }

 private:
  TempDir temp_;
};

TEST_F(DatabaseTest, FileIsPrivateAndCommitsAreSynced) {
  Database db = OpenDatabase();
  struct stat info;
  ASSERT_EQ(stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(SelectInt(db, "PRAGMA synchronous"), 2);  // FULL
}

TEST_F(DatabaseTest, ExistingOneIsNotMade) {
  const auto open = [&] {
    return Database::Open(path(), Database::Mode::kExisting).status();
  };
  EXPECT_EQ(open().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(access(path().c_str(), F_OK), 0);
  OpenDatabase();
  EXPECT_TRUE(open().ok()) << open();
}

TEST_F(DatabaseTest, KeepsBytesExactly) {
  Database db = OpenDatabase();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a BLOB, b TEXT)").ok());
  const std::string bytes("\0\xff\"x", 4);
  auto insert = db.Prepare("INSERT INTO t (a, b) VALUES (?, ?)");
  ASSERT_TRUE(insert->BindBlob(0, bytes).Bind(1, "").Run().ok());
  auto select = db.Prepare("SELECT a, b, b IS NULL FROM t");
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->Text(0), bytes);
  EXPECT_EQ(select->Text(1), "");
  EXPECT_FALSE(select->Bool(2));
}

TEST_F(DatabaseTest, TransactionRollsBackUnlessCommitted) {
  Database db = OpenDatabase();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a INTEGER)").ok());
  {
    auto transaction = Transaction::Begin(&db);
    ASSERT_TRUE(db.Execute("INSERT INTO t (a) VALUES (1)").ok());
  }
  EXPECT_EQ(SelectInt(db, "SELECT count(*) FROM t"), 0);
  {
    auto transaction = Transaction::Begin(&db);
    ASSERT_TRUE(db.Execute("INSERT INTO t (a) VALUES (1)").ok());
    ASSERT_TRUE(transaction->Commit().ok());
  }
  EXPECT_EQ(SelectInt(db, "SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseTest, MapsErrorsToCodes) {
  Database db = OpenDatabase();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a INTEGER UNIQUE, b BLOB)").ok());
  ASSERT_TRUE(db.Execute("INSERT INTO t (a) VALUES (1)").ok());
  EXPECT_EQ(db.Execute("INSERT INTO t (a) VALUES (1)").code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(db.Execute("nonsense").code(), absl::StatusCode::kInternal);
  ASSERT_TRUE(db.Execute("PRAGMA max_page_count=4").ok());
  EXPECT_EQ(
      db.Execute("INSERT INTO t (a, b) VALUES (2, zeroblob(100000))").code(),
      absl::StatusCode::kUnavailable);
}

TEST_F(DatabaseTest, SaysInPlainWordsThatTheDiskIsFull) {
  Database db = OpenDatabase();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a BLOB)").ok());
  EXPECT_FALSE(SaysNoRoom(db.Execute("nonsense")));
  ASSERT_TRUE(db.Execute("PRAGMA max_page_count=4").ok());
  const absl::Status full =
      db.Execute("INSERT INTO t (a) VALUES (zeroblob(100000))");
  EXPECT_EQ(full.message(),
            "the disk is full; sqlite: database or disk is full (code 13)");
  EXPECT_TRUE(SaysNoRoom(full));
  EXPECT_TRUE(SaysNoRoom(
      absl::InternalError(absl::StrCat("in other words: ", full.message()))));
}

TEST_F(DatabaseTest, SaysThatAFileMayNotGrowAndGoesOnWhenItMay) {
  Database db = OpenDatabase();
  ASSERT_TRUE(db.Execute("CREATE TABLE t (a BLOB)").ok());
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small = {100000, before.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const absl::Status limited =
      db.Execute("INSERT INTO t (a) VALUES (zeroblob(1000000))");
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(limited.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(limited.message()),
              HasSubstr("the file size limit is reached; sqlite: disk I/O"));
  EXPECT_TRUE(SaysNoRoom(limited));
  EXPECT_EQ(SelectInt(db, "SELECT count(*) FROM t"), 0);
  EXPECT_TRUE(db.Execute("INSERT INTO t (a) VALUES (zeroblob(1000000))").ok());
}

TEST_F(DatabaseTest, MigratesStepByStepAndOnlyOnce) {
  Database db = OpenDatabase();
  const absl::string_view both[] = {"CREATE TABLE a (x INTEGER)",
                                    "CREATE TABLE b (x INTEGER)"};
  ASSERT_TRUE(Migrate(&db, absl::MakeSpan(both, 1)).ok());
  ASSERT_TRUE(Migrate(&db, both).ok());
  ASSERT_TRUE(Migrate(&db, both).ok());
  EXPECT_EQ(SelectInt(db, "PRAGMA user_version"), 2);
  EXPECT_EQ(SelectInt(db, "SELECT count(*) FROM b"), 0);
}

TEST_F(DatabaseTest, FailedMigrationLeavesTheVersionBefore) {
  Database db = OpenDatabase();
  const absl::string_view steps[] = {
      "CREATE TABLE a (x INTEGER)",
      "CREATE TABLE b (x INTEGER); CREATE TABLE a (x INTEGER)"};
  EXPECT_FALSE(Migrate(&db, steps).ok());
  EXPECT_EQ(SelectInt(db, "PRAGMA user_version"), 1);
  EXPECT_FALSE(db.Execute("SELECT x FROM b").ok());
}

TEST_F(DatabaseTest, RefusesDataOfANewerProgram) {
  Database db = OpenDatabase();
  ASSERT_TRUE(db.Execute("PRAGMA user_version=7").ok());
  absl::Status status = Migrate(&db, {});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("schema version 7"));
}

}  // namespace
}  // namespace mqttpush
