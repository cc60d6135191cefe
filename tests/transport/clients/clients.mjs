// Each client library asks a question, then follows two changes, and says what it got: one line of JSON each.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client/core/index.js";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions/index.js";
import { Client, fetchExchange } from "@urql/core";
import { OperationTypeNode } from "graphql";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

const [url, after] = process.argv.slice(2);
const socketUrl = url.replace("http", "ws");
const question = "query { viewer { account } }";
const subscription =
  "subscription ($after: String) { shipmentChanged(after: $after) { cursor op shipment { number } } }";
const variables = { after };
const say = (name, answer, changes) => console.log(JSON.stringify({ name, answer, changes }));

async function two(iterable) {
  const found = [];
  for await (const { data, errors } of iterable) {
    if (errors) throw new Error(JSON.stringify(errors));
    found.push(data.shipmentChanged.cursor);
    if (found.length === 2) break;
  }
  return found;
}

function twoOf(subscribe) {
  return new Promise((resolve, reject) => {
    const found = [];
    const handle = subscribe((result) => {
      if (result.error) return reject(result.error);
      found.push(result.data.shipmentChanged.cursor);
      if (found.length === 2) setTimeout(() => (handle.unsubscribe(), resolve(found)));
    }, reject);
  });
}

const ws = createWsClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
let answer;
for await (const { data } of ws.iterate({ query: question })) answer = data;
say("graphql-ws", answer, await two(ws.iterate({ query: subscription, variables })));

const sse = createSseClient({ url, retryAttempts: 0 });
say("graphql-sse", answer, await two(sse.iterate({ query: subscription, variables })));

const urql = new Client({ url, exchanges: [fetchExchange], fetchSubscriptions: true, preferGetMethod: false });
answer = (await urql.query(question, {}).toPromise()).data;
say("urql", answer, await twoOf((next) => urql.subscription(subscription, variables).subscribe(next)));

const link = ApolloLink.split(
  ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
  new GraphQLWsLink(ws),
  new HttpLink({ uri: url }),
);
const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
answer = (await apollo.query({ query: gql(question) })).data;
say(
  "apollo",
  answer,
  await twoOf((next, error) => apollo.subscribe({ query: gql(subscription), variables }).subscribe({ next, error })),
);
await ws.dispose();
