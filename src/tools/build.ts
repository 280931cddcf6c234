/**
 * @file `npm run build`: everything under dist/. With `--tests` also the tests, bundled like the product: TensorFlow.js
 * registers its gradients only in its ES modules, which Node does not load without a bundler.
 */
import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { buildKernels } from './build-kernels.ts';
import { packageReadme } from './package-readme.ts';

const root = join(import.meta.dirname, '../..');
const withTests = process.argv.includes('--tests');
const at = (...parts: string[]): string => join(root, ...parts);

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  sourcemap: true,
  logLevel: 'warning',
  target: 'es2024',
  legalComments: 'linked',
};

const nodeModules: BuildOptions = {
  ...common,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  splitting: true,
  mainFields: ['module', 'main'],
  external: [
    '@tensorflow/tfjs-node',
    '@tensorflow/tfjs-node-gpu',
    'webgpu',
    'esbuild',
    'typescript',
    'playwright-core',
    '@vscode/test-electron',
    'node-fetch', // of TensorFlow.js, for a Node without fetch; it would load all that Node has for networks at every start
  ],
  // CommonJS dependencies inside an ES module bundle still call require.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
};

/** The product's ES modules for Node: the command line, the worker process, and the helper threads of engine and search. */
async function buildNode(): Promise<void> {
  const entryPoints = {
    cli: 'src/cli/main.ts',
    worker: 'src/worker/main.ts',
    thread: 'src/model/engine/thread.ts',
    'bm25-thread': 'src/retrieval/bm25/bm25-thread.ts',
    'reward-thread': 'src/app/reward-thread.ts',
    'statistics-thread': 'src/runs/statistics-thread.ts',
    'make-starter': 'src/tools/make-starter.ts',
    'make-starter-text': 'src/tools/make-starter-text.ts',
  };
  const existing = Object.entries(entryPoints).filter(([, file]) => existsSync(at(file)));
  await build({ ...nodeModules, entryPoints: Object.fromEntries(existing), outdir: at('dist') });
}

/** The tests, in chunks of their own: what ships must not depend on whether tests were built. */
async function buildTests(): Promise<void> {
  const entryPoints = globSync('test/{unit,integration,real,golden,native,bench,vscode}/**/*.ts', { cwd: root });
  await build({ ...nodeModules, entryPoints, outbase: at('test'), outdir: at('dist/test') });
}

/** The extension host's bundle. No tensor code may get in: a test reads what esbuild says is inside. */
async function buildExtension(): Promise<void> {
  const entry = 'src/extension/main.ts';
  if (!existsSync(at(entry))) return;
  const { metafile } = await build({
    ...common,
    entryPoints: [entry],
    outfile: at('dist/extension.cjs'),
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    minify: true,
    metafile: true,
  });
  writeFileSync(at('dist/extension.meta.json'), JSON.stringify(metafile));
}

async function buildWebview(): Promise<void> {
  await build({
    ...common,
    entryPoints: { webview: 'webview/main.ts', playground: 'webview/playground-main.ts' },
    outdir: at('dist'),
    platform: 'browser',
    format: 'esm',
    loader: { '.css': 'css' },
    minify: true,
  });
}

rmSync(at('dist'), { recursive: true, force: true });
mkdirSync(at('dist'));
writeFileSync(at('dist/README.md'), packageReadme(root));
await Promise.all([
  buildKernels(at('dist/kernels')),
  buildNode(),
  buildExtension(),
  buildWebview(),
  ...(withTests ? [buildTests()] : []),
]);
