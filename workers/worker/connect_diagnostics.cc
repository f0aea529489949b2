#include "workers/worker/connect_diagnostics.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/reason_codes.h"

namespace mqttpush {
namespace {

// "connection refused (192.0.2.7:1883)"
std::string SocketError(int error, const std::string& address) {
  std::string text = error == ETIMEDOUT
                         ? "timed out"
                         : absl::AsciiStrToLower(std::strerror(error));
  return address.empty() ? text : absl::StrCat(text, " (", address, ")");
}

// The broker's alert about our certificate, or the lack of one.
bool IsCertificateAlert(const std::string& tls_error) {
  return absl::StrContains(tls_error, "alert") &&
         (absl::StrContains(tls_error, "certificate") ||
          absl::StrContains(tls_error, "unknown ca") ||
          absl::StrContains(tls_error, "access denied"));
}

std::string TimedOut(const ConnectDiagnostics& diagnostics) {
  if (diagnostics.connect_written) return "timed out waiting for CONNACK";
  return diagnostics.peer_address.empty()
             ? "timed out"
             : absl::StrCat("timed out (", diagnostics.peer_address, ")");
}

// Of a connection that ended without a whole CONNACK.
ConnectFailure DescribeUnanswered(const ConnectDiagnostics& diagnostics,
                                  const std::string& library_message,
                                  const std::string& verify_host) {
  if (!diagnostics.dns_error.empty()) {
    return {false, absl::StrCat("DNS: ", diagnostics.dns_error)};
  }
  if (!diagnostics.egress_error.empty()) {
    return {true, diagnostics.egress_error};
  }
  if (!diagnostics.certificate_error.empty()) {
    return {true, absl::StrCat("TLS: certificate verify failed: ",
                               diagnostics.certificate_error)};
  }
  if (!diagnostics.tls_error.empty()) {
    return {IsCertificateAlert(diagnostics.tls_error),
            absl::StrCat("TLS: ", diagnostics.tls_error)};
  }
  if (diagnostics.malformed_packet) {
    return {false, "the broker sent a malformed packet for CONNACK"};
  }
  if (diagnostics.socket_error != 0) {
    return {false,
            SocketError(diagnostics.socket_error, diagnostics.peer_address)};
  }
  if (absl::StrContains(library_message, "timeout")) {
    return {false, TimedOut(diagnostics)};
  }
  // Paho checks the name after the handshake and gives no reason.
  if (diagnostics.handshake_done && !diagnostics.connect_written &&
      !verify_host.empty()) {
    return {true, absl::StrCat("TLS: certificate verify failed: it is not "
                               "valid for host \"",
                               verify_host, "\"")};
  }
  if (diagnostics.connect_written) {
    return {false, "connection closed before CONNACK"};
  }
  // Paho's words when the handshake came to nothing without an error of TLS.
  if (absl::StrContains(library_message, "TLS connect failure")) {
    return {false,
            absl::StrCat("TLS: the handshake did not come to its end; the peer "
                         "may not speak TLS (",
                         diagnostics.peer_address, ")")};
  }
  return {false, library_message.empty() ? "connect failed" : library_message};
}

}  // namespace

EndedBy WhoEnded(int error) {
  return error == 0 || error == ECONNRESET || error == EPIPE
             ? EndedBy::kBroker
             : EndedBy::kNetwork;
}

ConnectFailure DescribeConnectFailure(const ConnectDiagnostics& diagnostics,
                                      int connack_code,
                                      const std::string& library_message,
                                      const std::string& verify_host) {
  if (connack_code > 0) {
    return {IsConnackPermanent(connack_code), ConnackName(connack_code),
            ConnectAnswer::kRead};
  }
  ConnectFailure failure =
      DescribeUnanswered(diagnostics, library_message, verify_host);
  if (diagnostics.heard) {
    failure.answer = ConnectAnswer::kLost;
  } else if (diagnostics.connect_written) {
    failure.answer = ConnectAnswer::kNone;
  }
  return failure;
}

std::string DescribeLoss(const ConnectDiagnostics& diagnostics) {
  if (diagnostics.out_of_order) {
    return "connection closed: the broker's PUBREC passed over an older "
           "message";
  }
  if (diagnostics.malformed_packet) {
    return "connection closed: the broker sent a malformed packet";
  }
  if (!diagnostics.tls_error.empty()) {
    return absl::StrCat("connection lost: TLS: ", diagnostics.tls_error);
  }
  if (diagnostics.socket_error != 0) {
    return absl::StrCat("connection lost: ",
                        SocketError(diagnostics.socket_error, ""));
  }
  return diagnostics.ended_by == EndedBy::kBroker
             ? "connection lost: closed by the peer"
             : "connection lost: given up by the MQTT library";
}

}  // namespace mqttpush
