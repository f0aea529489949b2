// MosquittoBroker: a real mosquitto on a free loopback port.
#ifndef MQTTPUSH_TESTS_SUPPORT_MOSQUITTO_BROKER_H_
#define MQTTPUSH_TESTS_SUPPORT_MOSQUITTO_BROKER_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificate_authority.h"

namespace mqttpush {

// Keeps its port for life, stopped or not. Not thread-safe.
class MosquittoBroker {
 public:
  struct Options {
    // User names and passwords; with any, nobody else is let in.
    std::map<std::string, std::string> users = {};
    // TLS only, with a certificate for localhost and 127.0.0.1. Must outlive
    // the broker.
    TestCertificateAuthority* tls = nullptr;
    // The names in the certificate, for tests of a wrong one.
    std::string subject_alt_names = "DNS:localhost,IP:127.0.0.1";
    // For how long it is valid; -1: it expired yesterday.
    int certificate_days = 30;
    // TLS: clients must show a certificate of the same authority.
    bool require_client_certificate = false;
    // Lifts max_inflight_messages, 20 by default: beyond it mosquitto loses
    // messages of QoS 2 over MQTT 3.1.1. What waits for a subscriber is never
    // limited, or a slow test would lose messages.
    bool raised_limits = false;
    // Keeps sessions and retained messages over Stop and Kill.
    bool persistence = true;
    // More lines for its configuration file.
    std::string more_config = {};
  };

  // Starts one and waits until it accepts connections.
  static absl::StatusOr<std::unique_ptr<MosquittoBroker>> Create(
      Options options);
  static absl::StatusOr<std::unique_ptr<MosquittoBroker>> Create();

  std::string host() const { return "127.0.0.1"; }
  int port() const { return port_; }
  pid_t pid() const { return process_ == nullptr ? -1 : process_->pid(); }

  // Whether it ever ended by itself: what it then had not saved is gone.
  bool HasCrashed();

  // Starts it again after Stop or Kill.
  absl::Status Start();
  // In order: it saves its sessions first.
  void Stop();
  // SIGKILL: sessions are those of its last save.
  void Kill();
  // SIGKILL, and forgets its sessions and retained messages.
  void LoseState();
  // Lets in these users only, from now on, also of those that are connected.
  absl::Status SetUsers(const std::map<std::string, std::string>& users);
  // Stops its process where it is (SIGSTOP): it accepts nothing and answers
  // nothing; Thaw lets it go on.
  void Freeze();
  void Thaw();

  std::string ReadLog() const { return ReadFile(dir_.File("mosquitto.log")); }

 private:
  explicit MosquittoBroker(Options options);
  absl::Status WriteConfig();
  absl::Status WriteUsers(const std::map<std::string, std::string>& users);

  const Options options_;
  TempDir dir_;
  const int port_;
  std::unique_ptr<ChildProcess> process_;
  bool crashed_ = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_MOSQUITTO_BROKER_H_
