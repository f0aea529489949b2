// PoisonWatch: finds the message on which a broker ends the connection, so that
// it does not hold up all behind it (docs/decisions/0009-poison-messages.md).
//
// A broker of MQTT 3.1.1 has no other way to say no. What it does about one
// message can be told from chance, and from what it does about others, only by
// sending that message with nothing else in flight.
#ifndef MQTTPUSH_WORKERS_DISPATCH_POISON_WATCH_H_
#define MQTTPUSH_WORKERS_DISPATCH_POISON_WATCH_H_

#include <cstdint>
#include <map>
#include <utility>

namespace mqttpush {

// Of one broker, for messages of QoS 1 and 2. Pure. Thread-compatible.
class PoisonWatch {
 public:
  using Delivery = std::pair<int64_t, int64_t>;  // subscription uid, event seq

  // Lost as the suspect so often, it is sent alone.
  static constexpr int kLossesBeforeAlone = 2;
  // Lost as the suspect so often in a row while alone, it counts as refused.
  static constexpr int kLossesAlone = 3;
  // Without any acknowledgement in between, only so many messages are refused
  // this way: beyond that the broker drops whatever it gets.
  static constexpr int kMaxRefused = 10;

  bool MustBeAlone(Delivery delivery) const;

  // Its connection ended before it was acknowledged. `suspect`: the broker
  // ended it, and this was the oldest message without an acknowledgement; or it
  // was replaced because this one was not answered, and others were.
  // `alone`: it was sent alone. True: that counts as the broker's refusal.
  bool Lost(Delivery delivery, bool suspect, bool alone);

  // It was refused this way before, and is sent again.
  void Suspect(Delivery delivery);

  // The broker answered it, with yes or no.
  void Acknowledged(Delivery delivery);
  // It is not sent any more.
  void Ended(Delivery delivery) { watched_.erase(delivery); }

 private:
  // Those that end without a word here, as by expiry, stay until this many.
  static constexpr size_t kMaxWatched = 1000;

  struct Watched {
    int losses = 0;        // as the suspect, not alone
    int losses_alone = 0;  // as the suspect, in a row
    bool refused = false;
  };

  std::map<Delivery, Watched> watched_;
  int refused_since_answer_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_POISON_WATCH_H_
