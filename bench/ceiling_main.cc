// A bare Paho loop: one connection that publishes as fast as its window lets
// it, and keeps nothing. A program of its own, as a worker is.
//
//   mqttpush-bench-ceiling PORT CLIENT_ID QOS WINDOW COUNT FILE GATE RESULTS
//
// FILE has a topic and a payload per line. Writes "0" to the file descriptor
// RESULTS when it is connected, begins when GATE is at its end, and writes the
// CPU time that it took for COUNT messages, in microseconds.
#include <MQTTAsync.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"

namespace mqttpush::bench {
namespace {

struct Message {
  std::string topic;
  std::string payload;
};

// All that Paho's threads and the main one share.
class Loop {
 public:
  Loop(int qos, int64_t count, std::vector<Message> messages)
      : qos_(qos), count_(count), messages_(std::move(messages)) {}

  void Connect(const std::string& port, const std::string& client_id) {
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_FATAL);
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
    create.MQTTVersion = MQTTVERSION_3_1_1;
    create.maxBufferedMessages = 1000;
    Check(MQTTAsync_createWithOptions(
        &client_, ("tcp://127.0.0.1:" + port).c_str(), client_id.c_str(),
        MQTTCLIENT_PERSISTENCE_NONE, nullptr, &create));
    Check(MQTTAsync_setCallbacks(client_, this, &OnLost, &OnMessage, nullptr));
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.cleansession = 1;
    options.keepAliveInterval = 60;
    options.maxInflight = 65535;
    options.onSuccess = [](void* self, MQTTAsync_successData*) {
      static_cast<Loop*>(self)->Note(&Loop::connected_);
    };
    options.onFailure = [](void*, MQTTAsync_failureData*) { abort(); };
    options.context = this;
    Check(MQTTAsync_connect(client_, &options));
    WaitFor(&Loop::connected_);
  }

  // A message that ends sends the next: there are always `window` of them.
  void Run(int window) {
    for (int i = 0; i < window; ++i) SendNext();
    WaitFor(&Loop::done_);
  }

 private:
  static void Check(int code) {
    if (code == MQTTASYNC_SUCCESS) return;
    std::fprintf(stderr, "ceiling: Paho says %d\n", code);
    std::_Exit(1);
  }
  static void OnLost(void*, char*) { Check(MQTTASYNC_DISCONNECTED); }
  static int OnMessage(void*, char*, int, MQTTAsync_message*) { return 1; }
  static void OnSuccess(void* self, MQTTAsync_successData*) {
    static_cast<Loop*>(self)->End();
  }

  // The acknowledgement of the last one says that the broker has read all:
  // sockets hold many that are only written.
  int QosOf(int64_t number) const {
    return qos_ == 0 && number == count_ - 1 ? 1 : qos_;
  }

  void SendNext() {
    int64_t number = 0;
    {
      MutexLock lock(&mutex_);
      if (sent_ == count_) return;
      number = sent_++;
    }
    const Message& message = messages_[number % messages_.size()];
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.onSuccess = &OnSuccess;
    options.onFailure = [](void*, MQTTAsync_failureData* data) {
      Check(data == nullptr ? MQTTASYNC_FAILURE : data->code);
    };
    options.context = this;
    Check(MQTTAsync_send(client_, message.topic.c_str(),
                         static_cast<int>(message.payload.size()),
                         message.payload.data(), QosOf(number), 0, &options));
  }

  void End() {
    SendNext();
    MutexLock lock(&mutex_);
    if (++ended_ < count_) return;
    done_ = true;
    changed_.SignalAll();
  }

  void Note(bool Loop::*what) {
    MutexLock lock(&mutex_);
    this->*what = true;
    changed_.SignalAll();
  }

  void WaitFor(bool Loop::*what) {
    MutexLock lock(&mutex_);
    while (!(this->*what)) changed_.Wait(&mutex_);
  }

  const int qos_;
  const int64_t count_;
  const std::vector<Message> messages_;
  MQTTAsync client_ = nullptr;
  Mutex mutex_;
  CondVar changed_;
  bool connected_ = false;
  bool done_ = false;
  int64_t sent_ = 0;
  int64_t ended_ = 0;
};

std::vector<Message> ReadMessages(const char* path) {
  std::vector<Message> messages;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const size_t tab = line.find('\t');
    messages.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  return messages;
}

int64_t CpuMicros() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
         usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

// In one write, so that the lines of many processes do not mix.
void Say(int fd, int64_t number) {
  const std::string line = std::to_string(number) + "\n";
  if (write(fd, line.data(), line.size()) < 0) std::_Exit(1);
}

void Main(char** arguments) {
  // As a worker: neighbours on the machine take as much from both.
  if (nice(5) == -1) std::_Exit(1);
  Loop loop(std::atoi(arguments[3]), std::atoll(arguments[5]),
            ReadMessages(arguments[6]));
  const int gate = std::atoi(arguments[7]);
  const int results = std::atoi(arguments[8]);
  loop.Connect(arguments[1], arguments[2]);
  Say(results, 0);
  char nothing;
  while (read(gate, &nothing, 1) > 0) {
  }
  const int64_t before = CpuMicros();
  loop.Run(std::atoi(arguments[4]));
  Say(results, CpuMicros() - before);
  std::_Exit(0);  // there is nothing that Paho need tidy
}

}  // namespace
}  // namespace mqttpush::bench

int main(int argc, char** argv) {
  if (argc == 9) mqttpush::bench::Main(argv);
  std::fprintf(stderr, "see the head of ceiling_main.cc\n");
  return 2;
}
