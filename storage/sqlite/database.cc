#include "storage/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr char kDiskFull[] = "the disk is full";
constexpr char kQuotaUsedUp[] = "the disk quota is used up";
constexpr char kFileSizeLimit[] = "the file size limit is reached";

// That there is no room, in plain words; "" for all else. `error` is that of
// the system call that failed.
std::string PlainWords(int code, int error) {
  if (code == SQLITE_FULL) return kDiskFull;
  if (code != SQLITE_IOERR && code != SQLITE_CANTOPEN) return "";
  switch (error) {
    case ENOSPC:
      return kDiskFull;
    case EDQUOT:
      return kQuotaUsedUp;
    case EFBIG:
      return kFileSizeLimit;
    default:
      return "";
  }
}

// errno is that of the call that failed: who calls SQLite clears it first.
// (sqlite3_system_errno() is not told when it is the commit that fails.)
absl::Status SqliteError(sqlite3* db) {
  const int error = errno;
  std::string message = absl::StrCat("sqlite: ", sqlite3_errmsg(db), " (code ",
                                     sqlite3_extended_errcode(db), ")");
  const std::string plain = PlainWords(sqlite3_errcode(db) & 0xFF, error);
  if (!plain.empty()) message = absl::StrCat(plain, "; ", message);
  switch (sqlite3_errcode(db)) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return absl::UnavailableError(message);
    case SQLITE_CONSTRAINT:
      return absl::AlreadyExistsError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    default:
      return absl::InternalError(message);
  }
}

// Created by us first, so that the file is never readable by others.
absl::Status CreatePrivateFile(const std::string& path) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  close(fd);
  return absl::OkStatus();
}

// As SQLite's "URI filenames" say: '?', '#' and '%' have a meaning in it.
std::string UriOf(const std::string& path, Database::Mode mode) {
  const std::string escaped =
      absl::StrReplaceAll(path, {{"%", "%25"}, {"?", "%3f"}, {"#", "%23"}});
  const char* how = mode == Database::Mode::kImmutable ? "?immutable=1"
                    : mode == Database::Mode::kQuiet   ? "?vfs=unix-none"
                                                       : "";
  return absl::StrCat("file:", escaped, how);
}

absl::Status SyncFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int synced = fd < 0 ? -1 : fsync(fd);
  const int error = errno;
  if (fd >= 0) close(fd);
  if (synced == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(error, absl::StrCat("cannot sync ", path));
}

// For a database of which many are open: what it does not keep the kernel does.
absl::Status KeepSmall(sqlite3* handle, Database& db) {
  constexpr int kSlotBytes = 256;
  constexpr int kSlots = 32;
  sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, nullptr, kSlotBytes,
                    kSlots);
  return db.Execute("PRAGMA cache_size=-256");  // KiB
}

}  // namespace

bool SaysNoRoom(const absl::Status& error) {
  for (const char* words : {kDiskFull, kQuotaUsedUp, kFileSizeLimit}) {
    if (absl::StrContains(error.message(), words)) return true;
  }
  return false;
}

void Database::Closer::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

absl::StatusOr<Database> Database::Open(const std::string& path, Mode mode) {
  const bool write = mode == Mode::kReadWrite || mode == Mode::kExisting;
  if (mode == Mode::kReadWrite) {
    MQTTPUSH_RETURN_IF_ERROR(CreatePrivateFile(path));
  }
  sqlite3* handle = nullptr;
  const int flags = (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
  const std::string uri = UriOf(path, mode);
  errno = 0;
  const int rc = sqlite3_open_v2(uri.c_str(), &handle, flags, nullptr);
  Database db(handle);
  if (rc != SQLITE_OK) return SqliteError(handle);
  sqlite3_extended_result_codes(handle, 0);
  // Readers wait out the moment in which the writer resets the WAL.
  sqlite3_busy_timeout(handle, 5000);
  if (mode == Mode::kImmutable) {
    MQTTPUSH_RETURN_IF_ERROR(KeepSmall(handle, db));
  }
  MQTTPUSH_RETURN_IF_ERROR(db.Execute("PRAGMA foreign_keys=ON"));
  if (write) {
    MQTTPUSH_RETURN_IF_ERROR(db.Execute("PRAGMA journal_mode=WAL"));
    MQTTPUSH_RETURN_IF_ERROR(db.Execute("PRAGMA synchronous=FULL"));
  } else {
    MQTTPUSH_RETURN_IF_ERROR(db.Execute("PRAGMA query_only=ON"));
  }
  if (mode == Mode::kQuiet) {
    // With it the index of the WAL is in memory; without a checkpoint at the
    // end, both files stay as they are.
    MQTTPUSH_RETURN_IF_ERROR(db.Execute("PRAGMA locking_mode=EXCLUSIVE"));
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return db;
}

absl::Status Database::Execute(const std::string& sql) {
  errno = 0;
  const int rc =
      sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return rc == SQLITE_OK ? absl::OkStatus() : SqliteError(db_.get());
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  errno = 0;
  const int rc =
      sqlite3_prepare_v3(db_.get(), sql.data(), sql.size(),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (rc == SQLITE_OK) return Statement(statement);
  const absl::Status error = SqliteError(db_.get());
  if (rc != SQLITE_ERROR) return error;
  // The statement is ours and right: the tests prepare every one.
  return absl::DataLossError(
      absl::StrCat("the schema is not what was written: ", error.message()));
}

int64_t Database::LastInsertRowid() const {
  return sqlite3_last_insert_rowid(db_.get());
}

absl::StatusOr<int64_t> Database::QueryInt64(const std::string& sql) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement query, Prepare(sql));
  MQTTPUSH_ASSIGN_OR_RETURN(const bool row, query.Step());
  return row ? query.Int64(0) : 0;
}

absl::Status Database::Checkpoint() {
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t busy,
                            QueryInt64("PRAGMA wal_checkpoint(TRUNCATE)"));
  return busy == 0 ? absl::OkStatus()
                   : absl::UnavailableError("sqlite: the WAL is being read");
}

absl::Status Database::CopyTo(const std::string& path) {
  MQTTPUSH_RETURN_IF_ERROR(CreatePrivateFile(path));
  sqlite3* handle = nullptr;
  const int rc = sqlite3_open_v2(
      UriOf(path, Mode::kReadWrite).c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, nullptr);
  Database copy(handle);
  if (rc != SQLITE_OK) return SqliteError(handle);
  // Nobody reads it before all of it is on the disk.
  MQTTPUSH_RETURN_IF_ERROR(copy.Execute("PRAGMA journal_mode=OFF"));
  MQTTPUSH_RETURN_IF_ERROR(copy.Execute("PRAGMA synchronous=OFF"));
  sqlite3_backup* backup =
      sqlite3_backup_init(handle, "main", db_.get(), "main");
  if (backup == nullptr) return SqliteError(handle);
  constexpr int kAllPages = -1;  // in one read transaction
  sqlite3_backup_step(backup, kAllPages);
  if (sqlite3_backup_finish(backup) != SQLITE_OK) return SqliteError(handle);
  copy.db_ = nullptr;
  return SyncFile(path);
}

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

// A failed bind (only possible by a wrong parameter number or out of memory)
// leaves NULL, which the schema's NOT NULL refuses.
Statement& Statement::Bind(int parameter, int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter + 1, value);
  return *this;
}

Statement& Statement::Bind(int parameter, absl::string_view text) {
  // A null pointer would bind NULL.
  sqlite3_bind_text64(statement_.get(), parameter + 1,
                      text.data() == nullptr ? "" : text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::BindBlob(int parameter, absl::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), parameter + 1,
                      bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::BindNull(int parameter) {
  sqlite3_bind_null(statement_.get(), parameter + 1);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  errno = 0;
  const int rc = sqlite3_step(statement_.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) {
    Reset();
    return false;
  }
  absl::Status error = SqliteError(sqlite3_db_handle(statement_.get()));
  Reset();
  return error;
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> row = Step();
  while (row.ok() && *row) row = Step();
  return row.status();
}

void Statement::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

int64_t Statement::Int64(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

absl::string_view Statement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

absl::StatusOr<Transaction> Transaction::Begin(Database* db) {
  MQTTPUSH_RETURN_IF_ERROR(db->Execute("BEGIN IMMEDIATE"));
  return Transaction(db);
}

Transaction::~Transaction() {
  // Fails harmlessly where SQLite has rolled back by itself (SQLITE_FULL).
  if (db_ != nullptr) db_->Execute("ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  MQTTPUSH_RETURN_IF_ERROR(db_->Execute("COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

absl::Status Migrate(Database* db, Migrations migrations) {
  MQTTPUSH_ASSIGN_OR_RETURN(int64_t version,
                            db->QueryInt64("PRAGMA user_version"));
  const int64_t newest = static_cast<int64_t>(migrations.size());
  if (version > newest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the data is of schema version ", version,
        ", newer than this program's ", newest, ": run a newer program"));
  }
  for (; version < newest; ++version) {
    MQTTPUSH_ASSIGN_OR_RETURN(Transaction step, Transaction::Begin(db));
    MQTTPUSH_RETURN_IF_ERROR(db->Execute(std::string(migrations[version])));
    MQTTPUSH_RETURN_IF_ERROR(
        db->Execute(absl::StrCat("PRAGMA user_version=", version + 1)));
    MQTTPUSH_RETURN_IF_ERROR(step.Commit());
  }
  return absl::OkStatus();
}

}  // namespace mqttpush
