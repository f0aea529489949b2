// AnswerWatch: whether a worker still answers.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_ANSWER_WATCH_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_ANSWER_WATCH_H_

namespace mqttpush {

// Counts the ticks of the one who asks, not the time: a service that was
// suspended for an hour missed the ticks, too, and finds no worker hung that
// had no chance to answer. Pure.
class AnswerWatch {
 public:
  // A worker hangs that says nothing for so many ticks after it was asked.
  static constexpr int kPatience = 4;

  // It said something, whatever it was.
  void OnHeard() { unanswered_ = 0; }

  // True: the worker is to be asked again. False: it hangs.
  bool OnTick() { return unanswered_++ < kPatience; }

 private:
  int unanswered_ = 0;  // how often it was asked since it last said anything
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_ANSWER_WATCH_H_
