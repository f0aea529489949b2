// Database, Statement and Transaction: SQLite as absl::Status and RAII. The
// only place that sets PRAGMAs.
//
// Errors: UNAVAILABLE when the disk is full or fails or the file is locked,
// ALREADY_EXISTS when a UNIQUE rule is broken, DATA_LOSS when the file is not a
// sound database, INTERNAL for the rest, always with SQLite's own words;
// plain ones come first when there is no room: "the disk is full".
#ifndef MQTTPUSH_STORAGE_SQLITE_DATABASE_H_
#define MQTTPUSH_STORAGE_SQLITE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mqttpush {

class Statement;

// Whether an error came of a disk, a quota or a file size limit without room.
// It goes by the words, so that they may have been put into others since.
bool SaysNoRoom(const absl::Status& error);

// One connection. Thread-compatible: one thread at a time.
class Database {
 public:
  enum class Mode {
    kReadWrite,  // creates the file (mode 0600); WAL, synchronous=FULL
    kExisting,   // likewise, but UNAVAILABLE when there is no file
    kReadOnly,
    kImmutable,  // of a file that nobody writes any more: without locks
    // Of a database that nobody has open, with what its WAL holds: without
    // locks, and without writing anything, be it beside the file.
    kQuiet,
  };
  static absl::StatusOr<Database> Open(const std::string& path, Mode mode);

  Database(Database&&) = default;
  Database& operator=(Database&&) = default;

  // Runs statements without parameters or rows.
  absl::Status Execute(const std::string& sql);
  // `sql` is one statement. The result must not outlive the database.
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // The rowid of the last INSERT.
  int64_t LastInsertRowid() const;
  // The first column of the first row of a query without parameters; 0 when
  // there is none.
  absl::StatusOr<int64_t> QueryInt64(const std::string& sql);
  // Brings what is in the WAL into the file, and empties it. UNAVAILABLE when a
  // reader is in the way for longer than it is waited for.
  absl::Status Checkpoint();
  // Writes all of it, as of one moment, into the new file `path` (mode 0600),
  // and that to the disk. On an error, what there is of the file stays.
  absl::Status CopyTo(const std::string& path);

 private:
  struct Closer {
    void operator()(sqlite3* db) const;
  };
  explicit Database(sqlite3* db) : db_(db) {}

  std::unique_ptr<sqlite3, Closer> db_;
};

// A prepared statement. Thread-compatible. Parameters and columns count from 0.
class Statement {
 public:
  Statement(Statement&&) = default;
  Statement& operator=(Statement&&) = default;

  // The bytes of text and blobs must stay until the next Reset.
  Statement& Bind(int parameter, int64_t value);
  Statement& Bind(int parameter, int value) {
    return Bind(parameter, static_cast<int64_t>(value));
  }
  Statement& Bind(int parameter, bool value) {
    return Bind(parameter, static_cast<int64_t>(value));
  }
  Statement& Bind(int parameter, absl::string_view text);
  Statement& Bind(int parameter, const std::string& text) {
    return Bind(parameter, absl::string_view(text));
  }
  Statement& Bind(int parameter, const char* text) {
    return Bind(parameter, absl::string_view(text));
  }
  // As microseconds since the Unix epoch.
  Statement& Bind(int parameter, absl::Time value) {
    return Bind(parameter, absl::ToUnixMicros(value));
  }
  Statement& BindBlob(int parameter, absl::string_view bytes);
  Statement& BindNull(int parameter);

  // True: a row is there. False: done; the statement is reset.
  absl::StatusOr<bool> Step();
  // For statements without rows: steps to the end and resets.
  absl::Status Run();
  // Ends the reading of rows and drops the parameters.
  void Reset();

  int64_t Int64(int column) const;
  int Int(int column) const { return static_cast<int>(Int64(column)); }
  bool Bool(int column) const { return Int64(column) != 0; }
  absl::Time Time(int column) const {
    return absl::FromUnixMicros(Int64(column));
  }
  bool IsNull(int column) const;
  // Text or blob, valid until the next Step or Reset.
  absl::string_view Bytes(int column) const;
  std::string Text(int column) const { return std::string(Bytes(column)); }

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

// BEGIN IMMEDIATE … COMMIT; what is not committed is rolled back at the end of
// the scope.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Database* db);
  Transaction(Transaction&& other) : db_(other.db_) { other.db_ = nullptr; }
  ~Transaction();
  absl::Status Commit();

 private:
  explicit Transaction(Database* db) : db_(db) {}
  Database* db_;
};

// A numbered step of a schema: the text of config_schema/0001_*.sql is step 1.
using Migrations = absl::Span<const absl::string_view>;

// Brings `db` to the newest step, each step in a transaction, the number kept
// in PRAGMA user_version. FAILED_PRECONDITION when the file is newer than this
// program.
absl::Status Migrate(Database* db, Migrations migrations);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_DATABASE_H_
