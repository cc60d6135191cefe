/* A plugin with the list of examples, from which a closed tab can be opened again. */
import { pick, UnStyledButton, useGraphiQL, useGraphiQLActions } from '@graphiql/react';

export function examplesPlugin(examples) {
  return { title: 'Examples', icon: Icon, content: () => <Examples examples={examples} /> };
}

function Examples({ examples }) {
  const { addTab, changeTab } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(pick('tabs', 'queryEditor', 'variableEditor'));
  function open({ query, variables }) {
    const index = tabs.findIndex((tab) => tab.query === query);
    if (index >= 0) return changeTab(index);
    addTab();
    queryEditor.setValue(query);
    variableEditor.setValue(variables ?? '');
  }
  return (
    <section className="examples" aria-label="Examples">
      <div className="examples-title">Examples</div>
      {examples.map((example) => (
        <UnStyledButton type="button" key={example.title} onClick={() => open(example)}>
          <strong>{example.title}</strong>
          <span>{example.about}</span>
        </UnStyledButton>
      ))}
    </section>
  );
}

function Icon(props) {
  return (
    <svg height="1em" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" {...props}>
      <path d="M4 6h16M4 12h16M4 18h10" strokeLinecap="round" />
    </svg>
  );
}
