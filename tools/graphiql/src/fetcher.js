/* Executes operations: queries and mutations over HTTP, subscriptions over WebSocket. */
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { getIntrospectionQuery } from 'graphql';

/* GraphiQL's own introspection query omits @oneOf, which the documentation and the editor's validation need. */
const INTROSPECTION = getIntrospectionQuery({
  schemaDescription: true,
  specifiedByUrl: true,
  inputValueDeprecation: true,
  oneOf: true,
});

export function createFetcher(url) {
  /* With a URL instead of a client, the toolkit opens a WebSocket for each subscription and sends the editor's headers,
     including Authorization, as payload of connection_init. */
  const fetcher = createGraphiQLFetcher({
    url,
    subscriptionUrl: url.replace(/^http/, 'ws'),
    enableIncrementalDelivery: false,
  });
  return (operation, options) =>
    fetcher(operation.operationName === 'IntrospectionQuery' ? { ...operation, query: INTROSPECTION } : operation, options);
}
