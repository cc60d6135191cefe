// Runs the GraphQL-over-HTTP audits of the npm package graphql-http against a server. Exit code 1 if any audit fails.
//
//   npm install --prefix audits graphql-http
//   node tools/http_audit.mjs http://127.0.0.1:8000/graphql audits/node_modules/graphql-http
//
// tests/transport/test_http_audits.py contains the same audits and needs no Node.
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const [url, folder] = process.argv.slice(2);
const { serverAudits } = await import(pathToFileURL(join(folder, 'lib/audits/index.mjs')).href);

let passed = 0;
const failed = [];
for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const result = await audit.fn();
  if (result.status === 'ok') passed += 1;
  else failed.push(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
}
console.log(`${passed} passed, ${failed.length} failed`);
for (const line of failed) console.log(line);
process.exit(failed.length ? 1 : 0);
