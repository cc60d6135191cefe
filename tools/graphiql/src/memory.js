/* What the browser stores between visits: tabs, history, layout. With a namespace, because all programs that are
   developed on the same host and port share one localStorage. Never headers, because they contain API keys. */
import { createLocalStorage } from '@graphiql/toolkit';

const TABS = 'graphiql:tabState';
const HEADERS = 'graphiql:headers';
const HISTORY = ['graphiql:queries', 'graphiql:favorites'];

/* Returns a Storage for GraphiQL, or null if the browser forbids storage. */
export function browserMemory() {
  const local = createLocalStorage({ namespace: 'shipments' });
  try {
    local.getItem(TABS);
  } catch {
    return null;
  }
  return {
    getItem: (key) => local.getItem(key),
    removeItem: (key) => local.removeItem(key),
    clear: () => local.clear(),
    get length() {
      return local.length;
    },
    /* The history plugin stores the headers of every operation, regardless of `shouldPersistHeaders`. */
    setItem: (key, value) => key !== HEADERS && local.setItem(key, HISTORY.includes(key) ? withoutHeaders(value) : value),
  };
}

/* Initial values of the editors. GraphiQL uses them instead of the values of the tab that it opens; if they differ from
   that tab's, it opens one more tab on each visit. */
export function firstValues(memory, examples) {
  const stored = storedTab(memory);
  const { query, variables } = stored ?? examples[0];
  return { initialQuery: query ?? '', initialVariables: variables ?? '' };
}

function storedTab(memory) {
  try {
    const { tabs, activeTabIndex } = JSON.parse(memory.getItem(TABS));
    return tabs[activeTabIndex];
  } catch {
    return undefined;
  }
}

function withoutHeaders(json) {
  return JSON.stringify(JSON.parse(json, (key, value) => (key === 'headers' ? undefined : value)));
}
