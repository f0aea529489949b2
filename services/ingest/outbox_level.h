// When it is worth saying that a tenant's outbox fills.
#ifndef MQTTPUSH_SERVICES_INGEST_OUTBOX_LEVEL_H_
#define MQTTPUSH_SERVICES_INGEST_OUTBOX_LEVEL_H_

namespace mqttpush {

// The level at `used_percent` of the quota: 80, 95, 100 or, below, 0. What is a
// little below the level before is still at it, so that an outbox that goes up
// and down around one crosses it once.
inline int OutboxLevel(int used_percent, int level_before) {
  constexpr int kLevels[] = {80, 95, 100};
  constexpr int kLittle = 5;
  int at = 0;
  for (const int level : kLevels) {
    const bool was_there = level_before >= level;
    if (used_percent >= (was_there ? level - kLittle : level)) at = level;
  }
  return at;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_OUTBOX_LEVEL_H_
