// Reads delivery results with Flowcore's SDK, in the way of its data-pump: by
// hours, whose list it reads once; then at the hour of its own clock, for ever.
// It saves where it is behind each event, and goes on there.
//
// usage: result_pump.cjs BASE_URL API_KEY STATE_FILE [--translate] [--max N]
//                        [--stop-at MILLISECONDS]
// Prints {eventId, timeBucket, payload} of each event on a line. --translate:
// looks names up, as the data-pump does unless it is told not to.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { parseArgs } = require('node:util');
const sdk = require('@flowcore/sdk');

const PAGE_SIZE = 3;  // so that there is always more than one page
const POLL_MS = 100;

const { positionals: [baseUrl, apiKey, stateFile], values: options } =
    parseArgs({
      allowPositionals: true,
      options: {
        'translate': { type: 'boolean', default: false },
        'max': { type: 'string', default: 'Infinity' },
        'stop-at': { type: 'string' },
      },
    });
const SOURCE = {
  tenant: 'acme',
  dataCore: 'mqtt-push',
  flowType: 'mqtt-push-results.0',
  eventType: 'created.0',
};

const client = new sdk.FlowcoreClient({ apiKey });
client.setBaseUrl(baseUrl);
const run = (command) => client.execute(command, !options.translate);

function hourOf(milliseconds) {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 10)}0000`;
}

// A UUID of version 1 of that time.
function timeUuid(milliseconds) {
  const ticks = (BigInt(milliseconds) + 12219292800000n) * 10000n;
  const hex = ticks.toString(16).padStart(15, '0');
  return `${hex.slice(7)}-${hex.slice(3, 7)}-1${hex.slice(0, 3)}` +
      '-8080-808080808080';
}

async function findEventType() {
  if (!options.translate) return SOURCE.eventType;
  const { tenant } = SOURCE;
  await run(new sdk.TenantTranslateNameToIdCommand({ tenant }));
  const core = await run(new sdk.DataCoreFetchCommand(
      { tenant, dataCore: SOURCE.dataCore }));
  const flowType = await run(new sdk.FlowTypeFetchCommand(
      { dataCoreId: core.id, flowType: SOURCE.flowType }));
  const types = await run(new sdk.EventTypeListCommand(
      { flowTypeId: flowType.id }));
  return types.find(({ name }) => name === SOURCE.eventType).id;
}

async function listHours(eventTypeId) {
  const hours = [];
  let cursor;
  do {
    const page = await run(new sdk.TimeBucketListCommand(
        { tenant: SOURCE.tenant, eventTypeId, cursor, pageSize: 2 }));
    hours.push(...page.timeBuckets);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return hours;
}

const closest = (hours, hour) =>
    hours.find((other) => other >= hour) ?? hours.at(-1) ?? hourOf(Date.now());

async function main() {
  const eventTypeId = await findEventType();
  const hours = await listHours(eventTypeId);
  const at = existsSync(stateFile) ?
      JSON.parse(readFileSync(stateFile, 'utf8')) :
      { timeBucket: hourOf(Date.now()), eventId: timeUuid(Date.now()) };
  at.timeBucket = closest(hours, at.timeBucket);
  const stopAt = Number(options['stop-at'] ?? Infinity);
  let left = Number(options.max);
  let cursor;
  while (left > 0) {
    const { events, nextCursor } = await run(new sdk.EventListCommand({
      tenant: SOURCE.tenant,
      eventTypeId,
      timeBucket: at.timeBucket,
      pageSize: Math.min(PAGE_SIZE, left),
      ...(cursor ? { cursor } : { afterEventId: at.eventId }),
      ...(stopAt < Infinity ? { toEventId: timeUuid(stopAt) } : {}),
    }));
    for (const { eventId, timeBucket, payload } of events) {
      console.log(JSON.stringify({ eventId, timeBucket, payload }));
      writeFileSync(stateFile, JSON.stringify({ timeBucket, eventId }));
      at.eventId = eventId;
    }
    left -= events.length;
    cursor = nextCursor;
    if (cursor) continue;
    const next = hours[hours.indexOf(at.timeBucket) + 1];
    const hour = hours.includes(at.timeBucket) && next ?
        next : hourOf(Date.now());
    if (hour === at.timeBucket && events.length === 0) {
      if (stopAt < Infinity) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    at.timeBucket = hour;
  }
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
