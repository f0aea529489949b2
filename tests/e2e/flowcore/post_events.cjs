// Has Flowcore's own packages make events, and posts these to /transform; then
// has them read what came of it.
//
// usage: post_events.cjs BASE_URL SECRET < payload.json
const { createServer } = require('node:http');
const { text } = require('node:stream/consumers');
const { Value } = require('@sinclair/typebox/value');
const { WebhookBuilder, TransformerResponseSchema } =
    require('@flowcore/sdk-transformer-core');

const [baseUrl, secret] = process.argv.slice(2);
const responses = [];

// Stands for Flowcore: takes events in, and is the shell that hands them to a
// transformer, at the one path that it has.
async function answer(request, response) {
  const body = await text(request);
  if (!request.url.startsWith('/transform/')) {
    const eventId = `5ce1f0d0-e64a-11f1-957c-29d9342adb${
      10 + responses.length}`;
    response.setHeader('Content-Type', 'application/json');
    return response.end(JSON.stringify({ success: true, eventId }));
  }
  const headers = { 'Content-Type': request.headers['content-type'],
                    'X-Secret': request.headers['x-secret'] };
  const answered = await fetch(`${baseUrl}/transform`,
                               { method: 'POST', headers, body });
  const json = await answered.json();
  responses.push({ status: answered.status, json });
  response.statusCode = answered.status;
  response.end(JSON.stringify(json));
}

function check(condition, what) {
  if (!condition) throw new Error(`${what}: ${JSON.stringify(responses)}`);
}

async function main() {
  const payload = JSON.parse(await text(process.stdin));
  const flowcore = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => flowcore.once('listening', resolve));
  const own = `http://127.0.0.1:${flowcore.address().port}`;
  const webhooks = (withSecret) => new WebhookBuilder(
      { baseUrl: own, tenant: 'acme', dataCore: 'core', apiKey: 'key' })
      .withLocalTransform({ baseUrl: `${own}/transform`, secret: withSecret })
      .buildWebhook('location.0', 'created.0');

  await webhooks(secret).send(payload, { producer: 'test' });
  check(responses[0].status === 200 &&
        responses[0].json.results[0].outcome === 'ACCEPTED', 'not accepted');
  check(Value.Check(TransformerResponseSchema, responses[0].json),
        'no response of a transformer');

  for (const [withSecret, sent, status] of
      [['wrong', payload, 401], [secret, { ...payload, latitude: 'x' }, 400]]) {
    const error = await webhooks(withSecret).send(sent).catch((e) => e);
    check(error instanceof Error && responses.at(-1).status === status,
          `${status} expected`);
  }
  console.log(`posted ${responses.length}`);
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
