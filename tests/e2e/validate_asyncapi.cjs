// usage: validate_asyncapi.cjs FILE: reads it with AsyncAPI's own parser, and
// prints its version and messages. Exit code 1 when it is not valid.
const { readFileSync } = require('node:fs');
const { Parser } = require('@asyncapi/parser');

async function main(path) {
  const { document, diagnostics } =
      await new Parser().parse(readFileSync(path, 'utf8'));
  for (const { code, message, path: where } of diagnostics) {
    console.log(`${where.join('.')}: ${code}: ${message}`);
  }
  if (!document) return 1;
  const names = document.allMessages().all().map((message) => message.id());
  console.log(`${document.version()}: ${names.join(' ')}`);
  return 0;
}

main(process.argv[2]).then((code) => process.exit(code));
