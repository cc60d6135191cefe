/* Renders GraphiQL into #explorer with the configuration in #config (endpoint, title, examples). Contacts no other host. */
import { createRoot } from 'react-dom/client';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { examplesPlugin } from './examples.jsx';
import { createFetcher } from './fetcher.js';
import { FollowSystem } from './follow_system.jsx';
import { browserMemory, firstValues } from './memory.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './style.css';

const config = JSON.parse(document.getElementById('config').textContent);

/* Web workers are separate files; the build replaces WORKERS by their file names. */
globalThis.MonacoEnvironment = {
  getWorker: (_, label) => new Worker(new URL(WORKERS[label] ?? WORKERS.editor, import.meta.url)),
};

const memory = browserMemory();
createRoot(document.getElementById('explorer')).render(
  <GraphiQL
    fetcher={createFetcher(new URL(config.endpoint, location.href).href)}
    storage={memory}
    plugins={[examplesPlugin(config.examples), { ...explorerPlugin(), title: 'Query builder' }, HISTORY_PLUGIN]}
    defaultTabs={config.examples.map(({ query, variables }) => ({ query, variables }))}
    {...firstValues(memory, config.examples)}
    defaultEditorToolsVisibility="variables"
    shouldPersistHeaders={false}
    schemaDescription
    inputValueDeprecation
  >
    <GraphiQL.Logo>{config.title}</GraphiQL.Logo>
    <FollowSystem />
  </GraphiQL>,
);
