#include "services/ingest/key_set.h"

#include <algorithm>

namespace mqttpush {

void KeySet::Clear() {
  objects_.clear();
  keys_.clear();
  if (!overflow_.empty()) overflow_.clear();
  next_serial_ = 0;
}

void KeySet::BeginObject() {
  objects_.push_back({keys_.size(), next_serial_++});
}

void KeySet::EndObject() {
  keys_.resize(objects_.back().first_key);
  objects_.pop_back();
}

bool KeySet::Insert(absl::string_view key) {
  const Object& object = objects_.back();
  const auto begin = keys_.begin() + object.first_key;
  if (std::find(begin, keys_.end(), key) != keys_.end()) return false;
  if (keys_.size() - object.first_key < kMaxSearched) {
    keys_.push_back(key);
    return true;
  }
  return overflow_.emplace(object.serial, key).second;
}

}  // namespace mqttpush
