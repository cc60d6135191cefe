// Each client library executes a query, then receives two changes, and prints one line of JSON with its results.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client/core/index.js";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions/index.js";
import { Client, fetchExchange } from "@urql/core";
import { OperationTypeNode } from "graphql";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import { createHash } from "node:crypto";
import WebSocket from "ws";

const [url, after] = process.argv.slice(2);
const socketUrl = url.replace("http", "ws");
const query = "query { viewer { account } }";
const subscription =
  "subscription ($after: String) { shipmentChanged(after: $after) { cursor op shipment { number } } }";
const variables = { after };
const print = (name, data, changes) => console.log(JSON.stringify({ name, data, changes }));

async function firstTwo(iterable) {
  const cursors = [];
  for await (const { data, errors } of iterable) {
    if (errors) throw new Error(JSON.stringify(errors));
    cursors.push(data.shipmentChanged.cursor);
    if (cursors.length === 2) break;
  }
  return cursors;
}

function firstTwoOf(subscribe) {
  return new Promise((resolve, reject) => {
    const cursors = [];
    const handle = subscribe((result) => {
      if (result.error) return reject(result.error);
      cursors.push(result.data.shipmentChanged.cursor);
      if (cursors.length === 2) setTimeout(() => (handle.unsubscribe(), resolve(cursors)));
    }, reject);
  });
}

const ws = createWsClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
let result;
for await (const { data } of ws.iterate({ query })) result = data;
print("graphql-ws", result, await firstTwo(ws.iterate({ query: subscription, variables })));

// A persisted query: graphql-ws always sends a query, here an empty one.
const sha256Hash = createHash("sha256").update(subscription).digest("hex");
const extensions = { persistedQuery: { version: 1, sha256Hash } };
await firstTwo(ws.iterate({ query: subscription, variables, extensions }));
print("graphql-ws, persisted", result, await firstTwo(ws.iterate({ query: "", variables, extensions })));

const sse = createSseClient({ url, retryAttempts: 0 });
for await (const { data } of sse.iterate({ query })) result = data;
print("graphql-sse", result, await firstTwo(sse.iterate({ query: subscription, variables })));

const urql = new Client({ url, exchanges: [fetchExchange], fetchSubscriptions: true, preferGetMethod: false });
result = (await urql.query(query, {}).toPromise()).data;
print("urql", result, await firstTwoOf((next) => urql.subscription(subscription, variables).subscribe(next)));

const link = ApolloLink.split(
  ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
  new GraphQLWsLink(ws),
  new HttpLink({ uri: url }),
);
const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
result = (await apollo.query({ query: gql(query) })).data;
print(
  "apollo",
  result,
  await firstTwoOf((next, error) => apollo.subscribe({ query: gql(subscription), variables }).subscribe({ next, error })),
);
const multipart = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() });
result = (await multipart.query({ query: gql(query) })).data;
print(
  "apollo, multipart",
  result,
  await firstTwoOf((next, error) =>
    multipart.subscribe({ query: gql(subscription), variables }).subscribe({ next, error }),
  ),
);
await ws.dispose();
process.exit(0);
