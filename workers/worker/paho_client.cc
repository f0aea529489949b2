#include "workers/worker/paho_client.h"

#include <MQTTAsync.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/reason_codes.h"
#include "common/status_macros.h"
#include "common/steady_time.h"
#include "workers/worker/in_flight_window.h"
#include "workers/worker/memory_file.h"
#include "workers/worker/paho_inbox.h"
#include "workers/worker/paho_seams.h"

namespace mqttpush {
namespace {

constexpr int kConnectTimeoutSeconds = 10;
// What Paho may hold before it has written it: the window and some QoS 0.
constexpr int kMaxBufferedMessages =
    limits::kMaxInFlight + InFlightWindow::kMaxUnwrittenQos0 + 16;
// Paho's code for "the session, and with it the message, is gone".
constexpr int kOperationIncomplete = MQTTASYNC_OPERATION_INCOMPLETE;

// "ssl://b.example:8883"; an IPv6 address is put in brackets.
std::string Uri(const wire::Configure& settings, const std::string& host) {
  const bool v6 = host.find(':') != std::string::npos;
  return absl::StrCat(settings.has_tls() ? "ssl://" : "tcp://", v6 ? "[" : "",
                      host, v6 ? "]" : "", ":", settings.port());
}

// The name to verify and to send as SNI; see worker_link.proto.
const std::string& UriHost(const wire::Configure& settings) {
  const std::string& name = settings.tls().server_name();
  return name.empty() ? settings.host() : name;
}

// Empty when the certificate is not verified.
std::string VerifyHost(const wire::Configure& settings) {
  if (!settings.has_tls() || settings.tls().insecure_skip_verify()) return "";
  return UriHost(settings);
}

std::optional<int64_t> Number(MQTTProperties& properties,
                              MQTTPropertyCodes code) {
  if (!MQTTProperties_hasProperty(&properties, code)) return std::nullopt;
  // Four-byte values come back signed.
  return static_cast<uint32_t>(
      MQTTProperties_getNumericValue(&properties, code));
}

std::string Text(MQTTProperties& properties, MQTTPropertyCodes code) {
  MQTTProperty* found = MQTTProperties_getProperty(&properties, code);
  if (found == nullptr || found->value.data.data == nullptr) return "";
  return std::string(found->value.data.data, found->value.data.len);
}

BrokerLimits LimitsOf(MQTTProperties& properties) {
  BrokerLimits limits;
  limits.told = true;
  limits.receive_maximum =
      Number(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM).value_or(65535);
  limits.maximum_packet_size =
      Number(properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE)
          .value_or(INT64_MAX);
  limits.maximum_qos =
      Number(properties, MQTTPROPERTY_CODE_MAXIMUM_QOS).value_or(2);
  limits.retain_available =
      Number(properties, MQTTPROPERTY_CODE_RETAIN_AVAILABLE).value_or(1) != 0;
  limits.server_keep_alive =
      Number(properties, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE).value_or(-1);
  limits.assigned_client_id =
      Text(properties, MQTTPROPERTY_CODE_ASSIGNED_CLIENT_IDENTIFER);
  limits.topic_alias_maximum =
      Number(properties, MQTTPROPERTY_CODE_TOPIC_ALIAS_MAXIMUM).value_or(0);
  limits.session_expiry =
      Number(properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL)
          .value_or(-1);
  return limits;
}

// Paho cuts a topic at NUL and lets wildcards pass, for which a broker closes
// the connection.
absl::Status CheckTopic(const std::string& topic) {
  if (topic.empty() || topic.find_first_of("+#\0", 0, 3) != std::string::npos) {
    return absl::InvalidArgumentError(
        "topic name invalid: empty, or with +, # or NUL");
  }
  return absl::OkStatus();
}

}  // namespace

// One Paho client and its one connection. The loop's thread calls the methods,
// Paho's threads call the static callbacks with the address of this or of a
// slot; destroying the Paho client, in ~Connection, is what ends these calls.
class PahoClient::Connection {
 public:
  Connection(std::shared_ptr<PahoInbox> inbox, int64_t generation,
             wire::Configure settings, Session* session, int64_t number)
      : inbox_(std::move(inbox)),
        generation_(generation),
        settings_(std::move(settings)),
        session_(session),
        number_(number) {}

  // What happens from now on is left to the next connection, as if the network
  // had failed at this moment.
  ~Connection() {
    leaving_ = true;
    if (handle_ != nullptr) MQTTAsync_destroy(&handle_);
  }

  absl::Status Start() {
    MQTTPUSH_RETURN_IF_ERROR(Create());
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTAsync_connectOptions options = ConnectOptions();
    if (IsV5() && session_ != nullptr) {
      AddSessionExpiry(properties);
      options.connectProperties = &properties;
    }
    MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
    if (settings_.has_tls()) {
      MQTTPUSH_RETURN_IF_ERROR(FillTls(ssl));
      options.ssl = &ssl;
    }
    const std::string& name = settings_.tls().server_name();
    PahoSeams::SetEgressPolicy(
        EgressPolicy({settings_.allowed_networks().begin(),
                      settings_.allowed_networks().end()}));
    PahoSeams::BeginConnection(name, settings_.host());
    const int code = MQTTAsync_connect(handle_, &options);
    MQTTProperties_free(&properties);
    return ToStatus(code, "connect");
  }

  absl::StatusOr<int> Publish(int64_t id, const wire::Publish& message) {
    MQTTPUSH_RETURN_IF_ERROR(CheckTopic(message.topic()));
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    sending_ = &message;  // for PersistPut, which Paho calls meanwhile
    Slot* slot = TakeSlot();
    slot->id = id;
    slot->qos = message.qos();
    options.context = slot;
    if (IsV5()) {
      options.onSuccess5 = &OnPublishSuccess5;
      options.onFailure5 = &OnPublishFailure5;
    } else {
      options.onSuccess = &OnPublishSuccess;
      options.onFailure = &OnPublishFailure;
    }
    const int code = MQTTAsync_send(handle_, message.topic().c_str(),
                                    static_cast<int>(message.payload().size()),
                                    message.payload().data(), message.qos(),
                                    message.retain(), &options);
    sending_ = nullptr;
    if (code != MQTTASYNC_SUCCESS) {
      ReturnSlot(slot);
      return ToStatus(code, "publish");
    }
    return message.qos() == 0 ? 0 : options.token;
  }

  void Disconnect() {
    MQTTAsync_disconnectOptions options =
        MQTTAsync_disconnectOptions_initializer;
    options.timeout = 0;  // any other value is unsafe in 1.3.12
    options.context = this;
    if (IsV5()) {
      options.onSuccess5 = [](void* self, MQTTAsync_successData5*) {
        static_cast<Connection*>(self)->Note(DisconnectedNote{});
      };
    } else {
      options.onSuccess = [](void* self, MQTTAsync_successData*) {
        static_cast<Connection*>(self)->Note(DisconnectedNote{});
      };
    }
    if (MQTTAsync_disconnect(handle_, &options) != MQTTASYNC_SUCCESS) {
      Note(DisconnectedNote{});
    }
  }

 private:
  // What a publication's callback finds; reused once it was called.
  struct Slot {
    Connection* connection = nullptr;
    int64_t id = 0;
    int qos = 0;
  };

  bool IsV5() const { return settings_.protocol_level() == 5; }

  static absl::Status ToStatus(int code, absl::string_view what) {
    if (code == MQTTASYNC_SUCCESS) return absl::OkStatus();
    const char* reason = MQTTAsync_strerror(code);
    std::string message =
        absl::StrCat(what, ": ", reason == nullptr ? "unknown error" : reason,
                     " (", code, ")");
    switch (code) {
      case MQTTASYNC_BAD_UTF8_STRING:
      case MQTTASYNC_BAD_QOS:
        return absl::InvalidArgumentError(message);
      case MQTTASYNC_DISCONNECTED:
        return absl::UnavailableError(message);
      default:
        return absl::InternalError(message);
    }
  }

  absl::Status Create() {
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = IsV5() ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    options.sendWhileDisconnected = 0;
    options.maxBufferedMessages = kMaxBufferedMessages;
    options.deleteOldestMessages = 0;
    options.restoreMessages = 0;
    options.persistQoS0 = 0;
    const bool persistent = session_ != nullptr;
    persistence_ = Persistence();
    MQTTPUSH_RETURN_IF_ERROR(
        ToStatus(MQTTAsync_createWithOptions(
                     &handle_, Uri(settings_, UriHost(settings_)).c_str(),
                     settings_.client_id().c_str(),
                     persistent ? MQTTCLIENT_PERSISTENCE_USER
                                : MQTTCLIENT_PERSISTENCE_NONE,
                     persistent ? &persistence_ : nullptr, &options),
                 "create"));
    created_ = true;
    MQTTPUSH_RETURN_IF_ERROR(
        ToStatus(MQTTAsync_setCallbacks(handle_, this, &OnLost, &OnMessage,
                                        &OnDeliveryComplete),
                 "setCallbacks"));
    return ToStatus(MQTTAsync_setDisconnected(handle_, this, &OnServerLeft),
                    "setDisconnected");
  }

  MQTTAsync_connectOptions ConnectOptions() {
    MQTTAsync_connectOptions v4 = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions v5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_connectOptions options = IsV5() ? v5 : v4;
    if (IsV5()) {
      options.cleanstart = session_ == nullptr || !session_->established();
      options.onSuccess5 = &OnConnectSuccess5;
      options.onFailure5 = &OnConnectFailure5;
    } else {
      options.MQTTVersion = MQTTVERSION_3_1_1;
      options.cleansession = session_ == nullptr;
      options.onSuccess = &OnConnectSuccess;
      options.onFailure = &OnConnectFailure;
    }
    options.context = this;
    options.keepAliveInterval =
        static_cast<int>(settings_.keep_alive().seconds());
    options.connectTimeout = kConnectTimeoutSeconds;
    options.automaticReconnect = 0;
    options.retryInterval = 0;
    options.maxInflight = 65535;  // the window is ours
    if (!settings_.username().empty()) {
      options.username = settings_.username().c_str();
      options.binarypwd.len = static_cast<int>(settings_.password().size());
      options.binarypwd.data = settings_.password().data();
    }
    return options;
  }

  void AddSessionExpiry(MQTTProperties& properties) const {
    MQTTProperty expiry{};
    expiry.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL;
    expiry.value.integer4 = static_cast<unsigned>(
        settings_.persistent_session().expiry().seconds());
    MQTTProperties_add(&properties, &expiry);
  }

  // Paho reads certificates from files only.
  absl::Status FillTls(MQTTAsync_SSLOptions& ssl) {
    const wire::Tls& tls = settings_.tls();
    ssl.verify = tls.insecure_skip_verify() ? 0 : 1;
    ssl.enableServerCertAuth = ssl.verify;
    MQTTPUSH_ASSIGN_OR_RETURN(ssl.trustStore, File(tls.ca_certificates_pem()));
    ssl.disableDefaultTrustStore = ssl.trustStore != nullptr;
    MQTTPUSH_ASSIGN_OR_RETURN(ssl.keyStore, File(tls.certificate_chain_pem()));
    MQTTPUSH_ASSIGN_OR_RETURN(ssl.privateKey, File(tls.private_key_pem()));
    return absl::OkStatus();
  }

  // The path of a file with this text; null for no text.
  absl::StatusOr<const char*> File(const std::string& pem) {
    if (pem.empty()) return nullptr;
    MQTTPUSH_ASSIGN_OR_RETURN(MemoryFile file, MemoryFile::Create(pem));
    files_.push_back(std::move(file));
    return files_.back().path().c_str();
  }

  Slot* TakeSlot() {
    MutexLock lock(&mutex_);
    if (free_slots_.empty()) {
      slots_.push_back({this});
      return &slots_.back();
    }
    Slot* slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }

  void ReturnSlot(Slot* slot) {
    MutexLock lock(&mutex_);
    free_slots_.push_back(slot);
  }

  template <typename T>
  void Note(T note) {
    inbox_->Put(generation_, PahoNote(std::move(note)));
  }

  static void EndPublish(void* context, PublishOutcome outcome) {
    Slot* slot = static_cast<Slot*>(context);
    Connection* self = slot->connection;
    const PublishedNote note{slot->id, outcome, SteadyNow()};
    // OnDeliveryComplete has told, or will tell, of the others.
    const bool tell = slot->qos == 0 || outcome != PublishOutcome::kWritten;
    self->ReturnSlot(slot);
    if (tell) self->Note(note);
    if (outcome == PublishOutcome::kWriteFailed) self->Note(LostNote{});
  }

  // Of QoS 1 and 2 we are told by OnDeliveryComplete, of the messages of a lost
  // connection by its loss, all at once. `code` is Paho's.
  static void FailPublish(void* context, int code) {
    if (code == kOperationIncomplete) return;
    // WriteGuard exists so that this never happens.
    const bool poisoned =
        code == MQTTASYNC_FAILURE && static_cast<Slot*>(context)->qos > 0;
    EndPublish(context, poisoned ? PublishOutcome::kPoisoned
                                 : PublishOutcome::kWriteFailed);
  }

  // Callbacks, with Paho's lock held: they leave a note and return.
  static int OnMessage(void*, char*, int, MQTTAsync_message*) { return 1; }
  static void OnLost(void* self, char*) {
    static_cast<Connection*>(self)->Note(LostNote{});
  }
  static void OnServerLeft(void* self, MQTTProperties* properties,
                           MQTTReasonCodes reason) {
    ConnectionLoss loss;
    loss.reason_code = reason;
    if (properties != nullptr) {
      loss.reason_string = Text(*properties, MQTTPROPERTY_CODE_REASON_STRING);
    }
    loss.message = absl::StrCat("DISCONNECT ", ReasonCodeName(reason));
    if (!loss.reason_string.empty()) {
      absl::StrAppend(&loss.message, ": ", loss.reason_string);
    }
    static_cast<Connection*>(self)->Note(LostNote{std::move(loss)});
  }
  // Also for what an earlier connection sent, and for what was refused.
  static void OnDeliveryComplete(void* self, MQTTAsync_token packet_id) {
    static_cast<Connection*>(self)->Note(
        AcknowledgedNote{packet_id, PahoSeams::Evidence(packet_id)});
  }
  static void OnConnectSuccess(void* self, MQTTAsync_successData* data) {
    BrokerLimits limits;
    limits.session_present = data->alt.connect.sessionPresent != 0;
    static_cast<Connection*>(self)->NoteConnected(std::move(limits));
  }
  static void OnConnectSuccess5(void* self, MQTTAsync_successData5* data) {
    BrokerLimits limits = LimitsOf(data->properties);
    limits.session_present = data->alt.connect.sessionPresent != 0;
    static_cast<Connection*>(self)->NoteConnected(std::move(limits));
  }
  void NoteConnected(BrokerLimits limits) {
    limits.address = PahoSeams::Diagnostics().peer_address;
    session_present_ = limits.session_present;
    Note(ConnectedNote{std::move(limits)});
  }
  static void OnConnectFailure(void* self, MQTTAsync_failureData* data) {
    static_cast<Connection*>(self)->Note(ConnectFailedNote{
        data->code, data->message == nullptr ? "" : data->message});
  }
  static void OnConnectFailure5(void* self, MQTTAsync_failureData5* data) {
    // 1.3.12 gives the reason of the CONNACK in `code`.
    static_cast<Connection*>(self)->Note(ConnectFailedNote{
        data->code, data->message == nullptr ? "" : data->message});
  }
  static void OnPublishSuccess(void* slot, MQTTAsync_successData*) {
    EndPublish(slot, PublishOutcome::kWritten);
  }
  static void OnPublishSuccess5(void* slot, MQTTAsync_successData5*) {
    EndPublish(slot, PublishOutcome::kWritten);
  }
  static void OnPublishFailure(void* slot, MQTTAsync_failureData* data) {
    FailPublish(slot, data == nullptr ? MQTTASYNC_FAILURE : data->code);
  }
  static void OnPublishFailure5(void* slot, MQTTAsync_failureData5* data) {
    const bool refused =
        data != nullptr && data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR;
    if (refused) {
      EndPublish(slot, PublishOutcome::kWritten);
    } else {
      FailPublish(slot, data == nullptr ? MQTTASYNC_FAILURE : data->code);
    }
  }

  // Paho's persistence, kept by `session_`. Called by Paho's threads and, while
  // it sends, by the loop's.
  MQTTClient_persistence Persistence() {
    return {this,         &PersistOpen,  &PersistClose,
            &PersistPut,  &PersistGet,   &PersistRemove,
            &PersistKeys, &PersistClear, &PersistContains};
  }
  static int PersistOpen(void** handle, const char*, const char*, void* self) {
    *handle = self;
    return 0;
  }
  static int PersistClose(void*) { return 0; }
  static int PersistClear(void*) { return 0; }
  static int PersistPut(void* handle, char* key, int count, char* buffers[],
                        int lengths[]) {
    auto* self = static_cast<Connection*>(handle);
    if (self->leaving_) return MQTTCLIENT_PERSISTENCE_ERROR;
    if (key[0] != 's') {
      // A command on its way to the queue: the control plane has the message;
      // what matters is the packet id that it got.
      if (self->sending_ != nullptr && count > 1) {
        int packet_id = 0;
        std::memcpy(&packet_id, buffers[1], sizeof packet_id);
        self->session_->Bind(packet_id, *self->sending_);
      }
      return MQTTCLIENT_PERSISTENCE_ERROR;
    }
    std::string packet;
    for (int i = 0; i < count; ++i) packet.append(buffers[i], lengths[i]);
    self->session_->Put(key, std::move(packet));
    return 0;
  }
  static int PersistGet(void* handle, char* key, char** buffer, int* length) {
    auto* self = static_cast<Connection*>(handle);
    std::optional<std::string> packet = self->session_->Get(key);
    if (!packet.has_value()) return MQTTCLIENT_PERSISTENCE_ERROR;
    *buffer = CopyForPaho(*packet);
    *length = static_cast<int>(packet->size());
    return 0;
  }
  static int PersistRemove(void* handle, char* key) {
    auto* self = static_cast<Connection*>(handle);
    const int packet_id = PacketIdOfKey(key);
    if (self->leaving_ || !self->created_ || packet_id == 0) return 0;
    WireEvidence evidence = PahoSeams::Evidence(packet_id);
    evidence.broker_address = PahoSeams::Diagnostics().peer_address;
    evidence.session_present = self->session_present_;
    evidence.connection = self->number_;
    self->session_->End(packet_id, evidence);
    return 0;
  }
  // Once it has read what there is, Paho asks for the keys only to remove them
  // all, because the broker has no session.
  static int PersistKeys(void* handle, char*** keys, int* count) {
    auto* self = static_cast<Connection*>(handle);
    if (self->created_ && !self->leaving_) self->session_->Break(kSessionLost);
    const std::vector<std::string> all = self->session_->Keys();
    *count = static_cast<int>(all.size());
    *keys = nullptr;
    if (all.empty()) return 0;
    *keys = static_cast<char**>(MQTTAsync_malloc(all.size() * sizeof(char*)));
    for (size_t i = 0; i < all.size(); ++i) (*keys)[i] = CopyForPaho(all[i]);
    return 0;
  }
  static int PersistContains(void* handle, char* key) {
    auto* self = static_cast<Connection*>(handle);
    return self->session_->Get(key).has_value() ? 0
                                                : MQTTCLIENT_PERSISTENCE_ERROR;
  }
  // With a NUL behind it, for keys; Paho frees it.
  static char* CopyForPaho(const std::string& bytes) {
    auto* copy = static_cast<char*>(MQTTAsync_malloc(bytes.size() + 1));
    std::memcpy(copy, bytes.c_str(), bytes.size() + 1);
    return copy;
  }

  const std::shared_ptr<PahoInbox> inbox_;
  const int64_t generation_;
  const wire::Configure settings_;
  Session* const session_;  // null: a clean session
  const int64_t number_;
  std::atomic<bool> session_present_ = false;
  MQTTClient_persistence persistence_{};  // Paho keeps its address
  std::atomic<bool> created_ = false;
  std::atomic<bool> leaving_ = false;
  const wire::Publish* sending_ = nullptr;  // the loop's thread only
  MQTTAsync handle_ = nullptr;
  std::deque<MemoryFile> files_;
  Mutex mutex_;
  std::deque<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  std::vector<Slot*> free_slots_ ABSL_GUARDED_BY(mutex_);
};

PahoClient::PahoClient(EventLoop* loop)
    : inbox_(std::make_shared<PahoInbox>(loop)) {
  // Its trace, on by default, costs a third of all CPU.
  MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_FATAL);
}

PahoClient::~PahoClient() = default;

void PahoClient::SetListener(Listener* listener) {
  inbox_->SetListener(listener);
}

void PahoClient::Connect(const wire::Configure& settings, Session* session,
                         int64_t number) {
  Close();
  inbox_->SetGeneration(++generation_, VerifyHost(settings));
  connection_ = std::make_unique<Connection>(inbox_, generation_, settings,
                                             session, number);
  absl::Status started = connection_->Start();
  if (!started.ok()) Fail(std::string(started.message()));
}

void PahoClient::Fail(const std::string& message) {
  inbox_->Put(generation_, ConnectFailedNote{MQTTASYNC_FAILURE, message});
}

absl::StatusOr<int> PahoClient::Publish(int64_t id,
                                        const wire::Publish& message) {
  absl::StatusOr<int> packet_id = connection_ == nullptr
                                      ? absl::UnavailableError("not connected")
                                      : connection_->Publish(id, message);
  // Paho's own word may have come before, and says more.
  if (absl::IsUnavailable(packet_id.status())) {
    inbox_->Put(generation_, LostNote{});
  }
  return packet_id;
}

void PahoClient::AwaitEnds(int count) { inbox_->AwaitEnds(count); }

WireEvidence PahoClient::TakeEvidence(int packet_id) {
  WireEvidence evidence = PahoSeams::Evidence(packet_id);
  PahoSeams::ForgetEvidence(packet_id);
  return evidence;
}

void PahoClient::StopWriting() { PahoSeams::StopWriting(); }

absl::Duration PahoClient::Silence() const { return PahoSeams::Silence(); }

void PahoClient::Disconnect() {
  if (connection_ != nullptr) connection_->Disconnect();
}

void PahoClient::Close() {
  inbox_->SetGeneration(++generation_, "");
  connection_.reset();
}

}  // namespace mqttpush
