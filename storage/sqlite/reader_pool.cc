#include "storage/sqlite/reader_pool.h"

#include <utility>

#include "common/status_macros.h"

namespace mqttpush {

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(const std::string& path,
                                                     Database::Mode mode) {
  MQTTPUSH_ASSIGN_OR_RETURN(Database db, Database::Open(path, mode));
  return std::unique_ptr<Reader>(new Reader(std::move(db)));
}

absl::StatusOr<Statement*> Reader::Get(const std::string& sql) {
  std::unique_ptr<Statement>& kept = statements_[sql];
  if (kept == nullptr) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement prepared, db_.Prepare(sql));
    kept = std::make_unique<Statement>(std::move(prepared));
  }
  kept->Reset();
  return kept.get();
}

ReaderPool::Lease::~Lease() {
  if (reader_ != nullptr) pool_->GiveBack(std::move(reader_));
}

absl::StatusOr<std::unique_ptr<ReaderPool>> ReaderPool::Open(
    const std::string& path, int size) {
  std::unique_ptr<ReaderPool> pool(new ReaderPool());
  for (int i = 0; i < size; ++i) {
    MQTTPUSH_ASSIGN_OR_RETURN(auto reader, Reader::Open(path));
    pool->GiveBack(std::move(reader));
  }
  return pool;
}

ReaderPool::Lease ReaderPool::Borrow() {
  MutexLock lock(&mutex_);
  while (free_.empty()) returned_.Wait(&mutex_);
  Lease lease(this, std::move(free_.back()));
  free_.pop_back();
  return lease;
}

void ReaderPool::GiveBack(std::unique_ptr<Reader> reader) {
  MutexLock lock(&mutex_);
  free_.push_back(std::move(reader));
  returned_.Signal();
}

}  // namespace mqttpush
