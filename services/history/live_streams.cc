#include "services/history/live_streams.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "services/api/errors.h"

namespace mqttpush {

absl::Status LiveStreams::Add(int64_t subject_uid,
                              std::shared_ptr<Stream> stream) {
  MutexLock lock(&mutex_);
  if (ended_) return errors::ShuttingDown();
  if (static_cast<int>(streams_.size()) >= limit_) {
    return errors::TooManyStreams(method_, limit_);
  }
  const Stream* key = stream.get();
  streams_[key] = {subject_uid, std::move(stream)};
  return absl::OkStatus();
}

void LiveStreams::Remove(const Stream* stream) {
  MutexLock lock(&mutex_);
  streams_.erase(stream);
}

// Streams are called without the lock: what they do may remove them.
void LiveStreams::Wake(const std::vector<int64_t>& subject_uids) {
  std::vector<std::shared_ptr<Stream>> woken;
  {
    MutexLock lock(&mutex_);
    for (const auto& [key, entry] : streams_) {
      if (absl::c_binary_search(subject_uids, entry.subject_uid)) {
        woken.push_back(entry.stream);
      }
    }
  }
  for (const auto& stream : woken) stream->Wake();
}

void LiveStreams::EndAll() {
  std::vector<std::shared_ptr<Stream>> ended;
  {
    MutexLock lock(&mutex_);
    ended_ = true;
    for (const auto& [key, entry] : streams_) ended.push_back(entry.stream);
  }
  for (const auto& stream : ended) stream->End(errors::ShuttingDown());
}

int LiveStreams::count() const {
  MutexLock lock(&mutex_);
  return static_cast<int>(streams_.size());
}

}  // namespace mqttpush
