// KeySet: finds a key that an object has twice.
#ifndef MQTTPUSH_SERVICES_INGEST_KEY_SET_H_
#define MQTTPUSH_SERVICES_INGEST_KEY_SET_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// Holds the keys of the objects that are open at one moment of a parse. Keys
// must stay valid until Clear. Keeps its memory over Clear, so that a set that
// is used again allocates nothing. Thread-compatible.
class KeySet {
 public:
  void Clear();
  void BeginObject();
  // Drops the keys of the innermost object.
  void EndObject();
  // Adds a key to the innermost object; false if it has it already.
  bool Insert(absl::string_view key);

 private:
  // Small objects are searched one by one, which is faster than hashing; the
  // keys of large ones go to `overflow_`, so that no object is quadratic.
  static constexpr size_t kMaxSearched = 24;

  struct Object {
    size_t first_key;  // in keys_
    uint32_t serial;   // tells the objects in overflow_ apart
  };
  std::vector<Object> objects_;
  std::vector<absl::string_view> keys_;
  absl::flat_hash_set<std::pair<uint32_t, absl::string_view>> overflow_;
  uint32_t next_serial_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_KEY_SET_H_
