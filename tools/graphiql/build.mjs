/* Bundles src/ and node_modules into graphql_app/static/graphiql/bundle: scripts, workers, style, fonts, manifest.json,
   LICENSES.txt. File names contain a hash of their content, so that browsers can cache them without limit. */
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const HERE = import.meta.dirname;
const OUT = process.argv[2] ?? join(HERE, '../../graphql_app/static/graphiql/bundle');
const WORKERS = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
};
const resolve = createRequire(join(HERE, 'package.json')).resolve;

const common = {
  absWorkingDir: HERE,
  bundle: true,
  minify: true,
  metafile: true,
  outdir: OUT,
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  assetNames: '[name]-[hash]',
  target: 'es2022',
  define: { 'process.env.NODE_ENV': '"production"' },
  alias: { 'prettier/parser-graphql': 'prettier/plugins/graphql' },
  legalComments: 'none',
  logLevel: 'warning',
};

const FONT = /@font-face\s*\{\s*font-family: (Roboto|'Fira Code');[^}]*\}/g;
const JSON_FORMAT = /async function formatJSONC\(content\) \{[\s\S]*?\n\}\n/;
const SMALL_JSON_FORMAT = `import { applyEdits, format } from 'jsonc-parser';
async function formatJSONC(content) {
  return applyEdits(content, format(content, undefined, { insertSpaces: true, tabSize: 2 }));
}
`;

/* Changes to three files of packages that make the bundle smaller. The build fails if a file no longer matches.
   Monaco's style is omitted, because graphiql/style.css contains it, too. The fonts in that file, which cover all
   scripts, are replaced by font files. JSON is formatted without Prettier, which would include all of Babel. */
const smaller = {
  name: 'smaller',
  setup(esbuild) {
    esbuild.onLoad({ filter: /node_modules\/monaco-editor\/.*\.css$/ }, () => ({ contents: '', loader: 'css' }));
    rewrite(esbuild, /node_modules\/graphiql\/dist\/style\.css$/, 'css', FONT, '');
    rewrite(esbuild, /@graphiql\/react\/dist\/utility\/jsonc\.js$/, 'js', JSON_FORMAT, SMALL_JSON_FORMAT);
  },
};

function rewrite(esbuild, filter, loader, pattern, replacement) {
  esbuild.onLoad({ filter }, ({ path }) => {
    const before = readFileSync(path, 'utf8');
    const contents = before.replace(pattern, replacement);
    if (contents === before) throw new Error(`${path} no longer contains ${pattern}.`);
    return { contents, loader };
  });
}

async function run() {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  const workers = await build({
    ...common,
    format: 'iife',
    entryPoints: Object.entries(WORKERS).map(([name, path]) => ({ in: resolve(path), out: `${name}.worker` })),
  });
  const names = Object.keys(workers.metafile.outputs).map((path) => basename(path));
  const named = Object.fromEntries(Object.keys(WORKERS).map((label) => [label, names.find((n) => n.startsWith(label))]));
  const page = await build({
    ...common,
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    loader: { '.ttf': 'file', '.woff2': 'file' },
    define: { ...common.define, WORKERS: JSON.stringify(named) },
    entryPoints: [{ in: 'src/main.jsx', out: 'explorer' }],
    plugins: [smaller],
  });
  const [script, entry] = Object.entries(page.metafile.outputs).find(([, output]) => output.entryPoint === 'src/main.jsx');
  const packages = bundled(workers.metafile, page.metafile);
  const manifest = {
    script: basename(script),
    style: basename(entry.cssBundle),
    sources: digest(),
    packages: Object.fromEntries(packages.map(({ name, version }) => [name, version])),
  };
  for (const file of readdirSync(OUT)) if (statSync(join(OUT, file)).size === 0) rmSync(join(OUT, file));
  writeFileSync(join(OUT, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
  writeFileSync(join(OUT, 'LICENSES.txt'), licences(packages));
}

/* Hash of the sources, by which a test detects a stale bundle. */
function digest() {
  const files = ['build.mjs', 'package-lock.json', ...readdirSync(join(HERE, 'src')).sort().map((name) => `src/${name}`)];
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(HERE, file)));
  return hash.digest('hex');
}

/* The packages that the output contains, sorted by name: the fields of their package.json and `folder`. */
function bundled(...metafiles) {
  const folders = new Set();
  for (const { outputs } of metafiles)
    for (const { inputs } of Object.values(outputs))
      for (const path of Object.keys(inputs)) {
        const folder = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0];
        if (folder) folders.add(join(HERE, folder));
      }
  return [...folders]
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/* Every licence text once, with the names of all packages that have exactly this text. */
function licences(packages) {
  const texts = new Map();
  for (const { name, version, license, author, folder } of packages) {
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice|third-?party-?notices)/i.test(file));
    const by = typeof author === 'string' ? author : (author?.name ?? 'its authors');
    const text =
      files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n') || `${license}, by ${by}.`;
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...texts].map(([text, names]) => `${names.join('\n')}\n${'-'.repeat(72)}\n${text}\n`);
  return `The explorer is built from these packages.\n\n${parts.join('\n\n')}`.replace(/\r\n/g, '\n').replace(/[ \t]+$/gm, '');
}

await run();
