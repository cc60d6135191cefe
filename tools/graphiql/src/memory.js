/* What the browser keeps between visits: tabs, history, layout. Under a name of our own, since every program that was
   ever developed on this host and port shares one localStorage; and never a header, since headers hold API keys. */
import { createLocalStorage } from '@graphiql/toolkit';

const TABS = 'graphiql:tabState';
const HEADERS = 'graphiql:headers';
const HISTORY = ['graphiql:queries', 'graphiql:favorites'];

/* A Storage for GraphiQL; null where the browser forbids any. */
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
    /* The history plugin notes the headers of every operation, whatever `shouldPersistHeaders` says. */
    setItem: (key, value) => key !== HEADERS && local.setItem(key, HISTORY.includes(key) ? withoutHeaders(value) : value),
  };
}

/* GraphiQL fills its first editors from these, and not from the variables of the tab that it opens; given others than
   that tab's, it opens one more tab on each visit. */
export function firstValues(memory, examples) {
  const kept = keptTab(memory);
  const { query, variables } = kept ?? examples[0];
  return { initialQuery: query ?? '', initialVariables: variables ?? '' };
}

function keptTab(memory) {
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
