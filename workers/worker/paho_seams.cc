#include "workers/worker/paho_seams.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/steady_time.h"
#include "workers/worker/mqtt_packet.h"
#include "workers/worker/write_guard.h"

namespace mqttpush {
namespace {

// A worker has some twenty files open; a socket beyond this is not guarded.
constexpr int kMaxFd = 4096;

// So many answers in order make an orderly broker; so many times without, and
// its order is not insisted on.
constexpr int kOrderlyAcks = 100;
constexpr int kMaxOrderBreaks = 5;

struct State {
  Mutex mutex;
  // By socket.
  std::map<int, WriteGuard> guards ABSL_GUARDED_BY(mutex);
  std::map<int, AckReader> readers ABSL_GUARDED_BY(mutex);
  // Of the present connection.
  WireLog wire_log ABSL_GUARDED_BY(mutex);
  absl::Duration last_heard ABSL_GUARDED_BY(mutex);  // steady; 0: never
  // Of all connections.
  int acks_in_order ABSL_GUARDED_BY(mutex) = 0;
  int order_breaks ABSL_GUARDED_BY(mutex) = 0;
  ConnectDiagnostics diagnostics ABSL_GUARDED_BY(mutex);
  PahoSeams::Counters counters ABSL_GUARDED_BY(mutex);
  std::string name ABSL_GUARDED_BY(mutex);
  std::string host ABSL_GUARDED_BY(mutex);
  EgressPolicy egress ABSL_GUARDED_BY(mutex);
};

// Never destroyed: libraries close sockets while the process exits.
State& state() {
  static State& state = *new State;
  return state;
}

std::array<std::atomic<bool>, kMaxFd> guarded_fds;

// This thread asks the resolver, whose sockets are not Paho's.
thread_local bool resolving = false;

bool IsGuarded(int fd) {
  return fd >= 0 && fd < kMaxFd &&
         guarded_fds[fd].load(std::memory_order_acquire);
}

// The next definition of `name` after this program's own.
template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

std::string AddressText(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return absl::StrCat(text, ":", ntohs(v4->sin_port));
  }
  auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
  return absl::StrCat("[", text, "]:", ntohs(v6->sin6_port));
}

void BeginGuarding(int fd, const sockaddr* address) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  MutexLock lock(&state().mutex);
  state().guards[fd] = WriteGuard();
  state().readers[fd] = AckReader();
  state().diagnostics.peer_address = AddressText(address);
  guarded_fds[fd].store(true, std::memory_order_release);
}

// Of a socket of libpaho; datagrams go to name servers only.
bool MayConnect(const sockaddr* address) {
  const std::optional<IpAddress> target = IpAddress::Of(address);
  if (!target.has_value()) return true;
  MutexLock lock(&state().mutex);
  const absl::Status allowed = state().egress.Judge(*target);
  if (allowed.ok()) return true;
  state().diagnostics.peer_address = AddressText(address);
  state().diagnostics.egress_error = std::string(allowed.message());
  return false;
}

bool IsDatagram(int fd) {
  static auto* const next = Next<decltype(getsockopt)>("getsockopt");
  int type = 0;
  socklen_t length = sizeof type;
  return next(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
         type == SOCK_DGRAM;
}

void EndGuarding(int fd) {
  MutexLock lock(&state().mutex);
  state().guards.erase(fd);
  state().readers.erase(fd);
  guarded_fds[fd].store(false, std::memory_order_release);
}

void RecordSocketError(int error) {
  MutexLock lock(&state().mutex);
  state().diagnostics.socket_error = error;
  state().diagnostics.RecordEnd(WhoEnded(error));
}

void RecordEnd(EndedBy by) {
  MutexLock lock(&state().mutex);
  state().diagnostics.RecordEnd(by);
}

// Who ended the connection on which OpenSSL met `error`, with the errno of that
// moment. An alert, or an end without one, comes from the broker; other errors
// of TLS are of bytes that were changed on their way.
EndedBy WhoEndedTls(int error, int socket_error) {
  if (error == SSL_ERROR_ZERO_RETURN) return EndedBy::kBroker;
  if (error != SSL_ERROR_SSL) return WhoEnded(socket_error);
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  return reason == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
                 reason >= SSL_AD_REASON_OFFSET
             ? EndedBy::kBroker
             : EndedBy::kNetwork;
}

// Asks the guard of `fd`; true means do not write.
bool SwallowWrite(int fd, const iovec* parts, int count) {
  MutexLock lock(&state().mutex);
  WriteGuard& guard = state().guards[fd];
  const bool swallow =
      guard.BeforeWrite(parts, count) == WriteGuard::Before::kSwallow;
  state().diagnostics.connect_written |= guard.connect_seen();
  state().wire_log.OnWrite(guard.packet(), Clock::Real()->Now(), SteadyNow());
  state().counters.swallowed_repeats += swallow;
  return swallow;
}

// Tells the guard of `fd` of a write; true means report it as complete.
bool HideFailure(int fd, const iovec* parts, int count, ssize_t written,
                 bool retry) {
  {
    MutexLock lock(&state().mutex);
    if (state().guards[fd].AfterWrite(parts, count, written, retry) ==
        WriteGuard::After::kReport) {
      return false;
    }
    ++state().counters.killed_connections;
    // The broker got nothing of it, so that it is not to blame for anything.
    // The message of a PUBREL it has.
    const PacketHead& packet = state().guards[fd].packet();
    if (packet.type == PacketType::kPublish) {
      state().wire_log.Erase(packet.packet_id);
    }
  }
  // The receive thread finds the dead socket and reports the loss.
  shutdown(fd, SHUT_RDWR);
  return true;
}

// A broker that never keeps the order must not cost the link for ever. Counts
// the times that it did not with few answers in between.
bool MayInsistOnOrder() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state().mutex) {
  if (state().acks_in_order > kOrderlyAcks) state().order_breaks = 0;
  state().acks_in_order = 0;
  return ++state().order_breaks <= kMaxOrderBreaks;
}

// Looks for answers in what the broker sent; false when the connection must not
// go on.
bool NoteRead(int fd, const void* data, size_t size) {
  const absl::Duration now = SteadyNow();
  MutexLock lock(&state().mutex);
  state().last_heard = now;
  state().diagnostics.heard = true;
  AckReader& reader = state().readers[fd];
  bool in_order = true;
  for (const AckPacket& ack : reader.Feed(data, size)) {
    in_order &= state().wire_log.OnAck(ack, now);
    if (in_order) ++state().acks_in_order;
  }
  state().diagnostics.malformed_packet |= reader.malformed();
  state().diagnostics.out_of_order |= !in_order && MayInsistOnOrder();
  if (!state().diagnostics.malformed_packet &&
      !state().diagnostics.out_of_order) {
    return true;
  }
  state().diagnostics.RecordEnd(EndedBy::kUs);
  shutdown(fd, SHUT_RDWR);
  return false;
}

// Keeps OpenSSL's words about an error, before Paho empties its queue.
void RecordTlsError(const SSL* ssl) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  const long verified = SSL_get_verify_result(ssl);
  const bool certificate_failed =
      ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  MutexLock lock(&state().mutex);
  ConnectDiagnostics& seen = state().diagnostics;
  if (reason != nullptr) seen.tls_error = reason;
  if (certificate_failed && verified != X509_V_OK) {
    seen.certificate_error = X509_verify_cert_error_string(verified);
  }
}

}  // namespace

void PahoSeams::BeginConnection(const std::string& name,
                                const std::string& host) {
  MutexLock lock(&state().mutex);
  state().diagnostics = ConnectDiagnostics();
  state().wire_log = WireLog();
  state().last_heard = absl::ZeroDuration();
  state().name = name;
  state().host = host;
}

void PahoSeams::SetEgressPolicy(EgressPolicy policy) {
  MutexLock lock(&state().mutex);
  state().egress = std::move(policy);
}

ConnectDiagnostics PahoSeams::Diagnostics() {
  MutexLock lock(&state().mutex);
  return state().diagnostics;
}

WireEvidence PahoSeams::Evidence(int packet_id) {
  MutexLock lock(&state().mutex);
  return state().wire_log.Get(packet_id);
}

void PahoSeams::ForgetEvidence(int packet_id) {
  MutexLock lock(&state().mutex);
  state().wire_log.Erase(packet_id);
}

void PahoSeams::StopWriting() {
  MutexLock lock(&state().mutex);
  for (const auto& [fd, guard] : state().guards) shutdown(fd, SHUT_RDWR);
}

absl::Duration PahoSeams::Silence() {
  MutexLock lock(&state().mutex);
  if (state().last_heard == absl::ZeroDuration()) return absl::ZeroDuration();
  return SteadyNow() - state().last_heard;
}

PahoSeams::Counters PahoSeams::counters() {
  MutexLock lock(&state().mutex);
  return state().counters;
}

}  // namespace mqttpush

using namespace mqttpush;  // NOLINT: the functions below are the system's

extern "C" {

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const next = Next<decltype(writev)>("writev");
  if (!IsGuarded(fd)) return next(fd, parts, count);
  if (SwallowWrite(fd, parts, count)) {
    ssize_t total = 0;
    for (int i = 0; i < count; ++i) total += parts[i].iov_len;
    return total;
  }
  const ssize_t written = next(fd, parts, count);
  const int error = errno;
  const bool retry = error == EAGAIN || error == EWOULDBLOCK;
  if (written < 0 && !retry) RecordSocketError(error);
  if (HideFailure(fd, parts, count, written, retry)) {
    ssize_t total = 0;
    for (int i = 0; i < count; ++i) total += parts[i].iov_len;
    return total;
  }
  errno = error;
  return written;
}

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  static auto* const next = Next<decltype(recv)>("recv");
  const ssize_t got = next(fd, buffer, size, flags);
  const int error = errno;
  if (!IsGuarded(fd)) return got;
  if (got == 0 && size > 0) RecordEnd(EndedBy::kBroker);
  if (got < 0 && error != EAGAIN && error != EWOULDBLOCK && error != EINTR) {
    RecordSocketError(error);
  }
  if (got <= 0) {
    errno = error;
    return got;
  }
  // Below TLS, Paho reads by SSL_read only.
  const bool good = NoteRead(fd, buffer, static_cast<size_t>(got));
  errno = good ? error : ECONNRESET;
  return good ? got : -1;
}

int connect(int fd, const sockaddr* address, socklen_t length) {
  static auto* const next = Next<decltype(connect)>("connect");
  // What is judged is what the kernel gets, whatever becomes of the original.
  sockaddr_storage target{};
  if (length > sizeof target) return next(fd, address, length);  // an error
  std::memcpy(&target, address, length);
  address = reinterpret_cast<const sockaddr*>(&target);
  const bool ip =
      address->sa_family == AF_INET || address->sa_family == AF_INET6;
  if (!ip || resolving || IsDatagram(fd)) return next(fd, address, length);
  if (!MayConnect(address)) {
    errno = EACCES;
    return -1;
  }
  if (fd < 0 || fd >= kMaxFd) return next(fd, address, length);
  BeginGuarding(fd, address);
  const int result = next(fd, address, length);
  const int error = errno;
  if (result < 0 && error != EINPROGRESS) RecordSocketError(error);
  errno = error;
  return result;
}

int close(int fd) {
  static auto* const next = Next<decltype(close)>("close");
  if (IsGuarded(fd)) EndGuarding(fd);
  return next(fd);
}

int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                addrinfo** result) {
  static auto* const next = Next<decltype(getaddrinfo)>("getaddrinfo");
  std::string host = name == nullptr ? "" : name;
  {
    MutexLock lock(&state().mutex);
    if (!host.empty() && host == state().name) host = state().host;
  }
  resolving = true;
  const int error =
      next(name == nullptr ? nullptr : host.c_str(), service, hints, result);
  resolving = false;
  if (error != 0) {
    MutexLock lock(&state().mutex);
    state().diagnostics.dns_error =
        absl::StrCat(host, ": ", gai_strerror(error));
  }
  return error;
}

// Paho asks for SO_ERROR to learn how a non-blocking connect ended.
int getsockopt(int fd, int level, int option, void* value, socklen_t* length) {
  static auto* const next = Next<decltype(getsockopt)>("getsockopt");
  const int result = next(fd, level, option, value, length);
  if (result == 0 && level == SOL_SOCKET && option == SO_ERROR &&
      IsGuarded(fd)) {
    int error = 0;
    std::memcpy(&error, value, sizeof error);
    if (error != 0) RecordSocketError(error);
  }
  return result;
}

int SSL_write(SSL* ssl, const void* buffer, int bytes) {
  static auto* const next = Next<decltype(SSL_write)>("SSL_write");
  const int fd = SSL_get_fd(ssl);
  if (!IsGuarded(fd)) return next(ssl, buffer, bytes);
  const iovec part{const_cast<void*>(buffer), static_cast<size_t>(bytes)};
  if (SwallowWrite(fd, &part, 1)) return bytes;
  const int written = next(ssl, buffer, bytes);
  const int socket_error = errno;
  const int error = written > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, written);
  // Paho goes on only after WANT_WRITE and takes all else for an error.
  const bool retry = error == SSL_ERROR_WANT_WRITE;
  if (written <= 0 && !retry) RecordEnd(WhoEndedTls(error, socket_error));
  if (HideFailure(fd, &part, 1, written > 0 ? written : -1, retry)) {
    ERR_clear_error();
    return bytes;
  }
  return written;
}

// After a fatal alert Paho asks no further.
int SSL_read(SSL* ssl, void* buffer, int bytes) {
  static auto* const next = Next<decltype(SSL_read)>("SSL_read");
  const int result = next(ssl, buffer, bytes);
  const int fd = SSL_get_fd(ssl);
  if (!IsGuarded(fd)) return result;
  if (result > 0) {
    return NoteRead(fd, buffer, static_cast<size_t>(result)) ? result : -1;
  }
  const int socket_error = errno;
  const int error = SSL_get_error(ssl, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    RecordEnd(WhoEndedTls(error, socket_error));
  }
  errno = socket_error;
  return result;
}

int SSL_connect(SSL* ssl) {
  static auto* const next = Next<decltype(SSL_connect)>("SSL_connect");
  const int result = next(ssl);
  if (result == 1) {
    MutexLock lock(&state().mutex);
    state().diagnostics.handshake_done = true;
  }
  return result;
}

int SSL_get_error(const SSL* ssl, int result) {
  static auto* const next = Next<decltype(SSL_get_error)>("SSL_get_error");
  const int error = next(ssl, result);
  if (error == SSL_ERROR_SSL) RecordTlsError(ssl);
  return error;
}

}  // extern "C"
