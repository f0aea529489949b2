// ReaderPool: read-only connections to one database file, lent out one at a
// time.
#ifndef MQTTPUSH_STORAGE_SQLITE_READER_POOL_H_
#define MQTTPUSH_STORAGE_SQLITE_READER_POOL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/mutex.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

// A connection that keeps its prepared statements. Thread-compatible.
class Reader {
 public:
  static absl::StatusOr<std::unique_ptr<Reader>> Open(
      const std::string& path, Database::Mode mode = Database::Mode::kReadOnly);

  // The statement for `sql`, prepared once per connection and reset: the caller
  // steps it to the end or resets it, so that no read transaction stays open.
  // `sql` must be one of a bounded number of texts.
  absl::StatusOr<Statement*> Get(const std::string& sql);

 private:
  explicit Reader(Database db) : db_(std::move(db)) {}
  Database db_;
  absl::flat_hash_map<std::string, std::unique_ptr<Statement>> statements_;
};

// Thread-safe.
class ReaderPool {
 public:
  // A loan; gives the reader back at its end.
  class Lease {
   public:
    Lease(ReaderPool* pool, std::unique_ptr<Reader> reader)
        : pool_(pool), reader_(std::move(reader)) {}
    Lease(Lease&&) = default;
    ~Lease();
    Reader* operator->() const { return reader_.get(); }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Reader> reader_;
  };

  static absl::StatusOr<std::unique_ptr<ReaderPool>> Open(
      const std::string& path, int size);

  // Waits until a reader is free.
  Lease Borrow();

 private:
  ReaderPool() = default;
  void GiveBack(std::unique_ptr<Reader> reader);

  Mutex mutex_;
  CondVar returned_;
  std::vector<std::unique_ptr<Reader>> free_ ABSL_GUARDED_BY(mutex_);
};

// Resets a statement at the end of a scope, however it is left.
class StatementReset {
 public:
  explicit StatementReset(Statement* statement) : statement_(statement) {}
  ~StatementReset() { statement_->Reset(); }

 private:
  Statement* const statement_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_READER_POOL_H_
