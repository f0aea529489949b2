#include "workers/dispatch/status_board.h"

#include <utility>

namespace mqttpush {

LinkStatus StatusBoard::GetLink(int64_t broker_uid) const {
  MutexLock lock(&mutex_);
  auto link = links_.find(broker_uid);
  return link == links_.end() ? LinkStatus{} : link->second;
}

std::vector<int64_t> StatusBoard::ListInFlight(int64_t subscription_uid) const {
  MutexLock lock(&mutex_);
  auto found = in_flight_.find(subscription_uid);
  if (found == in_flight_.end()) return {};
  std::vector<int64_t> seqs;
  for (const auto& [seq, since] : found->second) seqs.push_back(seq);
  return seqs;
}

absl::Time StatusBoard::GetInFlightSince(int64_t subscription_uid,
                                         int64_t event_seq) const {
  MutexLock lock(&mutex_);
  auto found = in_flight_.find(subscription_uid);
  if (found == in_flight_.end()) return absl::InfinitePast();
  auto since = found->second.find(event_seq);
  return since == found->second.end() ? absl::InfinitePast() : since->second;
}

void StatusBoard::SetLink(int64_t broker_uid, LinkStatus status) {
  MutexLock lock(&mutex_);
  links_[broker_uid] = std::move(status);
}

void StatusBoard::RemoveLink(int64_t broker_uid) {
  MutexLock lock(&mutex_);
  links_.erase(broker_uid);
}

void StatusBoard::AddInFlight(int64_t subscription_uid,
                              const std::vector<int64_t>& event_seqs,
                              absl::Time since) {
  MutexLock lock(&mutex_);
  auto& in_flight = in_flight_[subscription_uid];
  for (int64_t seq : event_seqs) in_flight[seq] = since;
}

void StatusBoard::RemoveInFlight(int64_t subscription_uid,
                                 const std::vector<int64_t>& event_seqs) {
  MutexLock lock(&mutex_);
  auto found = in_flight_.find(subscription_uid);
  if (found == in_flight_.end()) return;
  for (int64_t seq : event_seqs) found->second.erase(seq);
  if (found->second.empty()) in_flight_.erase(found);
}

std::string StatusBoard::GetIncompatibility(int64_t subscription_uid) const {
  MutexLock lock(&mutex_);
  auto found = incompatibilities_.find(subscription_uid);
  return found == incompatibilities_.end() ? "" : found->second;
}

void StatusBoard::SetIncompatibility(int64_t subscription_uid,
                                     std::string words) {
  MutexLock lock(&mutex_);
  if (words.empty()) {
    incompatibilities_.erase(subscription_uid);
  } else {
    incompatibilities_[subscription_uid] = std::move(words);
  }
}

}  // namespace mqttpush
