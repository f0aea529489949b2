// Hands delivery results to Flowcore's pathways, as what reads a data-pump does.
//
// usage: route_results.cjs < lines of result_pump.cjs
const { text } = require('node:stream/consumers');
const { pathToFileURL } = require('node:url');
const { z } = require('zod');

const schema = z.object({
  attemptId: z.string(), timestamp: z.string().datetime(),
  topic: z.string(), qos: z.number(), success: z.boolean(),
  status: z.enum(['success', 'failure']), errorMessage: z.string().nullable(),
});

// Its modules; what it has for require() does not load.
const importPathways = () => import(pathToFileURL(
    require.resolve('@flowcore/pathways').replace('/script/', '/esm/')));

async function main() {
  const { PathwayRouter, PathwaysBuilder } = await importPathways();
  const pathways = new PathwaysBuilder(
      { baseUrl: 'http://127.0.0.1:1', tenant: 'acme', dataCore: 'mqtt-push',
        apiKey: 'key' })
      .register({ flowType: 'mqtt-push-results.0', eventType: 'created.0',
                  schema, writable: false });
  let handled = 0;
  pathways.handle('mqtt-push-results.0/created.0', ({ payload }) => {
    schema.parse(payload);
    ++handled;
  });
  const router = new PathwayRouter(pathways, 'secret');
  for (const line of (await text(process.stdin)).trim().split('\n')) {
    const { eventId, timeBucket, payload } = JSON.parse(line);
    const { success } = await router.processEvent({
      eventId, timeBucket, payload, tenant: 'acme', dataCoreId: 'core',
      flowType: 'mqtt-push-results.0', eventType: 'created.0', metadata: {},
      validTime: payload.timestamp,
    }, 'secret');
    if (!success) throw new Error(`not handled: ${line}`);
  }
  console.log(`handled ${handled}`);
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
