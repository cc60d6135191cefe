/* An operation → its answer from our endpoint: HTTP for queries and mutations, a WebSocket for subscriptions. */
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { getIntrospectionQuery } from 'graphql';

/* GraphiQL's own introspection leaves out @oneOf, and then neither the docs nor the editor's checks know of it. */
const INTROSPECTION = getIntrospectionQuery({
  schemaDescription: true,
  specifiedByUrl: true,
  inputValueDeprecation: true,
  oneOf: true,
});

export function createFetcher(url) {
  /* Given a URL rather than a client, the toolkit opens a socket for each subscription, and the editor's headers,
     Authorization among them, become the payload of its connection_init. */
  const ask = createGraphiQLFetcher({
    url,
    subscriptionUrl: url.replace(/^http/, 'ws'),
    enableIncrementalDelivery: false,
  });
  return (operation, options) =>
    ask(operation.operationName === 'IntrospectionQuery' ? { ...operation, query: INTROSPECTION } : operation, options);
}
