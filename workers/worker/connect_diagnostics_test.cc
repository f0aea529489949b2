#include "workers/worker/connect_diagnostics.h"

#include <cerrno>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

struct Case {
  const char* name;
  ConnectDiagnostics diagnostics;
  int connack_code;
  const char* library_message;
  bool refused;
  const char* message;
};

ConnectDiagnostics Peer(int socket_error = 0) {
  ConnectDiagnostics diagnostics;
  diagnostics.peer_address = "127.0.0.1:1883";
  diagnostics.socket_error = socket_error;
  return diagnostics;
}

ConnectDiagnostics Tls(const char* error, const char* certificate_error = "") {
  ConnectDiagnostics diagnostics = Peer();
  diagnostics.tls_error = error;
  diagnostics.certificate_error = certificate_error;
  return diagnostics;
}

ConnectDiagnostics Dns(const char* error) {
  ConnectDiagnostics diagnostics;
  diagnostics.dns_error = error;
  return diagnostics;
}

ConnectDiagnostics Shaken(bool connect_written) {
  ConnectDiagnostics diagnostics = Peer();
  diagnostics.handshake_done = true;
  diagnostics.connect_written = connect_written;
  return diagnostics;
}

ConnectDiagnostics Blocked(const char* error) {
  ConnectDiagnostics diagnostics = Peer(EACCES);
  diagnostics.egress_error = error;
  return diagnostics;
}

TEST(ConnectDiagnosticsTest, PutsFailuresIntoWords) {
  const Case kCases[] = {
      {"dns", Dns("no.example: Name or service not known"), 0, "", false,
       "DNS: no.example: Name or service not known"},
      {"blocked", Blocked("SSRF_BLOCKED: 127.0.0.1 is"), -1, "", true,
       "SSRF_BLOCKED: 127.0.0.1 is"},
      {"refused", Peer(ECONNREFUSED), -1, "TCP/TLS connect failure", false,
       "connection refused (127.0.0.1:1883)"},
      {"timeout", Peer(), -1, "TCP connect timeout", false,
       "timed out (127.0.0.1:1883)"},
      {"silent", Shaken(true), -1, "TCP connect timeout", false,
       "timed out waiting for CONNACK"},
      {"ca",
       Tls("certificate verify failed",
           "unable to get local issuer certificate"),
       -1, "", true,
       "TLS: certificate verify failed: unable to get local issuer "
       "certificate"},
      {"alert", Tls("tlsv13 alert certificate required"), -1, "", true,
       "TLS: tlsv13 alert certificate required"},
      {"not tls", Tls("wrong version number"), -1, "", false,
       "TLS: wrong version number"},
      {"host name", Shaken(false), -1, "", true,
       "TLS: certificate verify failed: it is not valid for host "
       "\"b.example\""},
      {"closed", Shaken(true), -1, "", false,
       "connection closed before CONNACK"},
      {"no tls", Peer(), -1, "TCP/TLS connect failure", false,
       "TLS: the handshake did not come to its end; the peer may not speak TLS "
       "(127.0.0.1:1883)"},
      {"other", {}, -1, "Bad thing", false, "Bad thing"},
      {"silent library", {}, -1, "", false, "connect failed"},
      {"connack 4", Peer(), 4, "", true,
       "CONNACK 4: bad user name or password"},
      {"connack 5", Peer(), 5, "", true, "CONNACK 5: not authorized"},
      {"connack 3", Peer(), 3, "", false, "CONNACK 3: server unavailable"},
      {"v5", Peer(), 0x87, "", true, "CONNACK 0x87 not authorized"},
      {"v5 busy", Peer(), 0x89, "", false, "CONNACK 0x89 server busy"},
  };
  for (const Case& c : kCases) {
    ConnectFailure failure = DescribeConnectFailure(
        c.diagnostics, c.connack_code, c.library_message, "b.example");
    EXPECT_EQ(failure.message, c.message) << c.name;
    EXPECT_EQ(failure.refused, c.refused) << c.name;
  }
}

TEST(ConnectDiagnosticsTest, KnowsWhatBecameOfConnect) {
  auto answer = [](const ConnectDiagnostics& seen, int connack_code = -1) {
    return DescribeConnectFailure(seen, connack_code, "", "").answer;
  };
  ConnectDiagnostics seen = Peer(ECONNRESET);
  EXPECT_EQ(answer(seen), ConnectAnswer::kNotAsked);
  seen.connect_written = true;
  EXPECT_EQ(answer(seen), ConnectAnswer::kNone);
  seen.heard = true;
  EXPECT_EQ(answer(seen), ConnectAnswer::kLost);
  EXPECT_EQ(answer(seen, 3), ConnectAnswer::kRead);
  seen.malformed_packet = true;
  EXPECT_EQ(answer(seen), ConnectAnswer::kLost);
  EXPECT_EQ(DescribeConnectFailure(seen, -1, "", "").message,
            "the broker sent a malformed packet for CONNACK");
}

TEST(ConnectDiagnosticsTest, DescribesALoss) {
  EXPECT_EQ(DescribeLoss(Peer()),
            "connection lost: given up by the MQTT library");
  ConnectDiagnostics closed = Peer();
  closed.RecordEnd(EndedBy::kBroker);
  EXPECT_EQ(DescribeLoss(closed), "connection lost: closed by the peer");
  EXPECT_EQ(DescribeLoss(Peer(ECONNRESET)),
            "connection lost: connection reset by peer");
  ConnectDiagnostics malformed = Peer(ECONNRESET);
  malformed.malformed_packet = true;
  EXPECT_EQ(DescribeLoss(malformed),
            "connection closed: the broker sent a malformed packet");
  malformed.out_of_order = true;
  EXPECT_EQ(DescribeLoss(malformed),
            "connection closed: the broker's PUBREC passed over an older "
            "message");
}

TEST(ConnectDiagnosticsTest, TheFirstEndCounts) {
  ConnectDiagnostics seen;
  seen.RecordEnd(WhoEnded(ETIMEDOUT));
  seen.RecordEnd(WhoEnded(0));
  EXPECT_EQ(seen.ended_by, EndedBy::kNetwork);
  EXPECT_EQ(WhoEnded(0), EndedBy::kBroker);
  EXPECT_EQ(WhoEnded(ECONNRESET), EndedBy::kBroker);
  EXPECT_EQ(WhoEnded(EPIPE), EndedBy::kBroker);
}

}  // namespace
}  // namespace mqttpush
