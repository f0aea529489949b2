// HttpMailbox: how responses come from other threads to the listener's.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_MAILBOX_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_MAILBOX_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "common/mutex.h"

namespace mqttpush {

// Shared with whoever owes a response, so that it may come when the listener
// has gone. Thread-safe.
class HttpMailbox {
 public:
  explicit HttpMailbox(boost::asio::io_context* io) : io_(io) {}

  // Runs `task` on the listener's thread; drops it once that has ended.
  template <typename Task>
  void Post(Task task) {
    MutexLock lock(&mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::move(task));
  }
  void Close() {
    MutexLock lock(&mutex_);
    io_ = nullptr;
  }

 private:
  Mutex mutex_;
  boost::asio::io_context* io_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_MAILBOX_H_
