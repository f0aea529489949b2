#include "storage/sqlite/log/page_checksum.h"

#include <xxhash.h>

#include <fstream>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr char kOwnPageSql[] =
    "SELECT rootpage FROM sqlite_schema WHERE name = 'page_checksum'";

constexpr size_t kHeaderSize = 100;  // sqlite.org/fileformat.html
constexpr int64_t kPagesPerRead = 64;

struct StateFreer {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

absl::StatusOr<int64_t> PageChecksum(Database& db, const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t page_size,
                            db.QueryInt64("PRAGMA page_size"));
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t own_page, db.QueryInt64(kOwnPageSql));
  std::unique_ptr<XXH3_state_t, StateFreer> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  std::string pages(kPagesPerRead * page_size, '\0');
  std::ifstream file(path, std::ios::binary);
  int64_t number = 0;  // of the page; the first is 1
  while (file.read(pages.data(), static_cast<std::streamsize>(pages.size())),
         file.gcount() > 0) {
    for (int64_t at = 0; at < file.gcount(); at += page_size) {
      if (++number == own_page) continue;
      const size_t skipped = number == 1 ? kHeaderSize : 0;
      XXH3_64bits_update(state.get(), pages.data() + at + skipped,
                         page_size - skipped);
    }
  }
  if (number == 0 || file.bad()) {
    return absl::UnavailableError(absl::StrCat("cannot read ", path));
  }
  return static_cast<int64_t>(XXH3_64bits_digest(state.get()));
}

absl::Status WritePageChecksum(Database& db, const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t sum, PageChecksum(db, path));
  MQTTPUSH_RETURN_IF_ERROR(db.Execute(absl::StrCat(
      "INSERT INTO page_checksum (id, checksum) VALUES (1, ", sum, ")")));
  return db.Checkpoint();
}

}  // namespace mqttpush
