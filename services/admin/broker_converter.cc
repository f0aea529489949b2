#include "services/admin/broker_converter.h"

#include <openssl/evp.h>

#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/tls/pem.h"
#include "services/admin/broker_offer_converter.h"
#include "services/admin/etag.h"
#include "services/admin/host.h"
#include "services/admin/values.h"
#include "services/api/resource_names.h"
#include "services/api/text.h"

namespace mqttpush {
namespace {

constexpr int kPort = 1883;
constexpr int kTlsPort = 8883;
constexpr int kMaxPort = 65535;
constexpr absl::Duration kMinKeepAlive = absl::Seconds(5);
// More is beyond what some brokers take: AWS IoT's limit is 1200 s.
constexpr absl::Duration kMaxKeepAlive = absl::Seconds(1160);
constexpr absl::Duration kMaxSessionExpiry = absl::Hours(7 * 24);
constexpr size_t kMaxCaBytes = 256 << 10;
constexpr size_t kMaxChainBytes = 64 << 10;
constexpr size_t kMaxKeyBytes = 16 << 10;
constexpr size_t kMaxUsernameBytes = 1024;
constexpr size_t kMaxPasswordBytes = 4096;
constexpr size_t kMaxClientIdBytes = 256;

void CheckSize(absl::string_view text, size_t max_bytes,
               absl::string_view field, Violations* violations) {
  if (text.size() <= max_bytes) return;
  violations->Add(std::string(field),
                  absl::StrCat("must be at most ", max_bytes, " bytes"));
}

// A text of MQTT's CONNECT packet.
void CheckMqttText(absl::string_view text, size_t max_bytes,
                   absl::string_view field, Violations* violations) {
  CheckSize(text, max_bytes, field, violations);
  if (HasNul(text)) violations->Add(std::string(field), "must not hold NUL");
}

// 23 characters, the most that every MQTT 3.1.1 broker must take. The same for
// the same name, so that the broker knows the session again.
std::string DefaultClientId(absl::string_view broker_name) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(broker_name.data(), broker_name.size(), digest, &size,
             EVP_sha256(), nullptr);
  return absl::StrCat("mqttpush-",
                      absl::BytesToHexString(absl::string_view(
                          reinterpret_cast<const char*>(digest), 7)));
}

ProtocolVersion VersionFromProto(v1::Broker::ProtocolVersion version,
                                 Violations* violations) {
  switch (version) {
    case v1::Broker::PROTOCOL_VERSION_UNSPECIFIED:
    case v1::Broker::MQTT_3_1_1:
      return ProtocolVersion::kMqtt311;
    case v1::Broker::MQTT_5:
      return ProtocolVersion::kMqtt5;
    default:
      violations->Add("broker.protocol_version",
                      "must be MQTT_3_1_1 or MQTT_5");
      return ProtocolVersion::kMqtt311;
  }
}

void TlsFromProto(const v1::TlsConfig& proto, BrokerRecord* broker,
                  Violations* violations) {
  broker->tls_enabled = proto.enabled();
  broker->tls_ca_certificates_pem = proto.ca_certificates_pem();
  broker->tls_server_name = proto.server_name();
  broker->tls_insecure_skip_verify = proto.insecure_skip_verify();
  const auto requires_tls = [&](bool set, absl::string_view field) {
    if (!set || proto.enabled()) return;
    violations->Add(absl::StrCat("broker.tls.", field),
                    "requires `tls.enabled`");
  };
  requires_tls(!proto.ca_certificates_pem().empty(), "ca_certificates_pem");
  requires_tls(!proto.server_name().empty(), "server_name");
  requires_tls(proto.insecure_skip_verify(), "insecure_skip_verify");

  constexpr absl::string_view kCa = "broker.tls.ca_certificates_pem";
  CheckSize(proto.ca_certificates_pem(), kMaxCaBytes, kCa, violations);
  if (!proto.ca_certificates_pem().empty()) {
    AddIfError(CheckCertificates(proto.ca_certificates_pem()), kCa, violations);
  }
  if (!proto.server_name().empty()) {
    AddIfError(CheckHost(proto.server_name()), "broker.tls.server_name",
               violations);
  }
}

// The rules of UsernamePassword.password for one that is not set.
std::string KeptPassword(const std::string& username, const BrokerRecord& base,
                         bool clear) {
  return clear || username != base.username ? "" : base.password;
}

void PasswordFromProto(const v1::Broker& proto, const BrokerRecord& base,
                       bool clear, BrokerRecord* broker,
                       Violations* violations) {
  if (!proto.has_username_password()) {
    broker->username.clear();
    broker->password.clear();
    return;
  }
  const v1::UsernamePassword& given = proto.username_password();
  constexpr absl::string_view kUsername = "broker.username_password.username";
  if (given.username().empty()) {
    violations->Add(std::string(kUsername), "is required");
  }
  CheckMqttText(given.username(), kMaxUsernameBytes, kUsername, violations);
  CheckSize(given.password(), kMaxPasswordBytes,
            "broker.username_password.password", violations);
  broker->username = given.username();
  broker->password = given.password().empty()
                         ? KeptPassword(given.username(), base, clear)
                         : given.password();
}

void CertificateFromProto(const v1::Broker& proto, const BrokerRecord& base,
                          bool clear, BrokerRecord* broker,
                          Violations* violations) {
  broker->certificate_chain_pem.clear();
  broker->private_key_pem.clear();
  if (!proto.has_client_certificate()) return;
  const v1::ClientCertificate& given = proto.client_certificate();
  const std::string& chain = given.certificate_chain_pem();
  if (!proto.tls().enabled()) {
    violations->Add("broker.client_certificate", "requires `tls.enabled`");
  }
  constexpr absl::string_view kChain =
      "broker.client_certificate.certificate_chain_pem";
  constexpr absl::string_view kKey =
      "broker.client_certificate.private_key_pem";
  CheckSize(chain, kMaxChainBytes, kChain, violations);
  CheckSize(given.private_key_pem(), kMaxKeyBytes, kKey, violations);

  const absl::Status valid_chain =
      chain.empty() ? absl::InvalidArgumentError("is required")
                    : CheckCertificates(chain);
  AddIfError(valid_chain, kChain, violations);
  broker->certificate_chain_pem = chain;
  const bool keep = !clear && chain == base.certificate_chain_pem;
  broker->private_key_pem = given.private_key_pem().empty() && keep
                                ? base.private_key_pem
                                : given.private_key_pem();
  if (broker->private_key_pem.empty()) {
    violations->Add(std::string(kKey), "is required with a new certificate");
  } else if (valid_chain.ok()) {
    AddIfError(CheckPrivateKey(broker->private_key_pem, chain), kKey,
               violations);
  }
}

void LimitsFromProto(const v1::Broker& proto, BrokerRecord* broker,
                     Violations* violations) {
  const BrokerRecord defaults;
  broker->keep_alive =
      proto.has_keep_alive()
          ? WholeSeconds(proto.keep_alive(), kMinKeepAlive, kMaxKeepAlive,
                         "broker.keep_alive", violations)
          : defaults.keep_alive;
  broker->session_expiry =
      proto.has_session_expiry()
          ? WholeSeconds(proto.session_expiry(), absl::ZeroDuration(),
                         kMaxSessionExpiry, "broker.session_expiry", violations)
          : defaults.session_expiry;
  if (proto.max_in_flight() < 0 ||
      proto.max_in_flight() > limits::kMaxInFlight) {
    violations->Add("broker.max_in_flight",
                    absl::StrCat("must be from 1 to ", limits::kMaxInFlight));
  }
  broker->max_in_flight = proto.max_in_flight() == 0 ? defaults.max_in_flight
                                                     : proto.max_in_flight();
}

v1::Link LinkToProto(const LinkStatus& link, bool paused) {
  v1::Link proto;
  // A paused tenant has no worker that could report.
  const LinkState state = paused ? LinkState::kPaused : link.state;
  proto.set_state(static_cast<v1::Link::State>(state));
  proto.set_last_error(Truncate(ReplaceInvalidUtf8(link.last_error),
                                limits::kMaxErrorMessageBytes));
  proto.set_broker_address(ReplaceInvalidUtf8(link.broker_address));
  const auto set = [](absl::Time time, auto make) {
    if (time != absl::InfinitePast()) SetTimestamp(time, make());
  };
  if (link.offer.has_value()) {
    *proto.mutable_offer() = OfferToProto(*link.offer);
  }
  set(link.since, [&] { return proto.mutable_since(); });
  set(link.last_ack_time, [&] { return proto.mutable_last_ack_time(); });
  set(link.next_connect_time,
      [&] { return proto.mutable_next_connect_time(); });
  return proto;
}

void CredentialsToProto(const BrokerRecord& broker, v1::Broker* proto) {
  if (!broker.username.empty()) {
    auto* credentials = proto->mutable_username_password();
    credentials->set_username(broker.username);
    credentials->set_password_set(!broker.password.empty());
  }
  if (!broker.certificate_chain_pem.empty()) {
    auto* certificate = proto->mutable_client_certificate();
    certificate->set_certificate_chain_pem(broker.certificate_chain_pem);
    certificate->set_private_key_set(!broker.private_key_pem.empty());
  }
}

}  // namespace

v1::Broker BrokerToProto(const BrokerRecord& broker, const TenantRecord& tenant,
                         const LinkStatus& link) {
  v1::Broker proto;
  proto.set_name(BrokerName(tenant.id, broker.id));
  proto.set_host(broker.host);
  proto.set_port(broker.port);
  proto.set_protocol_version(broker.protocol_version == ProtocolVersion::kMqtt5
                                 ? v1::Broker::MQTT_5
                                 : v1::Broker::MQTT_3_1_1);
  if (broker.tls_enabled) {
    auto* tls = proto.mutable_tls();
    tls->set_enabled(true);
    tls->set_ca_certificates_pem(broker.tls_ca_certificates_pem);
    tls->set_server_name(broker.tls_server_name);
    tls->set_insecure_skip_verify(broker.tls_insecure_skip_verify);
  }
  CredentialsToProto(broker, &proto);
  proto.set_client_id(broker.client_id);
  SetDuration(broker.keep_alive, proto.mutable_keep_alive());
  SetDuration(broker.session_expiry, proto.mutable_session_expiry());
  proto.set_max_in_flight(broker.max_in_flight);
  proto.set_state(tenant.paused ? v1::Broker::PAUSED : v1::Broker::ACTIVE);
  *proto.mutable_link() = LinkToProto(link, tenant.paused);
  proto.set_etag(Etag(broker));
  proto.set_revision(broker.revision);
  SetTimestamp(broker.create_time, proto.mutable_create_time());
  SetTimestamp(broker.update_time, proto.mutable_update_time());
  return proto;
}

BrokerRecord BrokerFromProto(const v1::Broker& proto, const BrokerRecord& base,
                             const TenantRecord& tenant, SecretsToClear clear,
                             Violations* violations) {
  BrokerRecord broker = base;
  AddIfError(CheckHost(proto.host()), "broker.host", violations);
  broker.host = proto.host();
  if (proto.port() < 0 || proto.port() > kMaxPort) {
    violations->Add("broker.port",
                    absl::StrCat("must be from 1 to ", kMaxPort));
  }
  const int default_port = proto.tls().enabled() ? kTlsPort : kPort;
  broker.port = proto.port() == 0 ? default_port : proto.port();
  broker.protocol_version =
      VersionFromProto(proto.protocol_version(), violations);
  TlsFromProto(proto.tls(), &broker, violations);
  PasswordFromProto(proto, base, clear.password, &broker, violations);
  CertificateFromProto(proto, base, clear.private_key, &broker, violations);
  CheckMqttText(proto.client_id(), kMaxClientIdBytes, "broker.client_id",
                violations);
  broker.client_id = proto.client_id().empty()
                         ? DefaultClientId(BrokerName(tenant.id, base.id))
                         : proto.client_id();
  LimitsFromProto(proto, &broker, violations);
  return broker;
}

}  // namespace mqttpush
