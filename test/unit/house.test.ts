import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';

const root = packageRoot();

/** What each folder of `src` may import at run time, as drawn in `src/README.md`. */
const ALLOWED: Readonly<Partial<Record<string, readonly string[]>>> = {
  base: [],
  data: ['base'],
  retrieval: ['base', 'data'],
  model: ['base', 'data'],
  rl: ['base', 'data', 'retrieval', 'model'],
  runs: ['base', 'data', 'model'],
  app: ['base', 'data', 'retrieval', 'model', 'rl', 'runs'],
  worker: ['base', 'data', 'runs', 'app'],
  cli: ['base', 'data', 'retrieval', 'model', 'rl', 'runs', 'app'],
  extension: ['base', 'data', 'runs', 'worker'],
};

/** Tables without a resource or an algorithm that the extension may have in its bundle. */
const TABLES = ['src/app/config.ts', 'src/app/presets.ts', 'src/app/settings.ts', 'src/rl/choices.ts'];

interface Import {
  readonly file: string;
  /** A path from the root for our own files, otherwise the package. */
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(pattern: string): readonly Import[] {
  return globSync(pattern, { cwd: root, exclude: ['src/model/engine/kernels/**'] }).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const found = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^;']*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm);
    return [...found].map((match): Import => {
      const [, type, name, dynamic] = match as readonly (string | undefined)[];
      const target = name ?? dynamic ?? '';
      const path = target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
      return { file, target: path, typeOnly: type !== undefined };
    });
  });
}

const folderOf = (path: string): string => path.split('/')[1];

describe('the house', () => {
  it('imports only downward at run time', () => {
    const imports = importsOf('src/**/*.ts').filter(({ target, typeOnly }) => target.startsWith('src/') && !typeOnly);
    assert.ok(imports.length > 100, `only ${imports.length} imports were found: is the pattern right?`);
    const upward = imports.filter(({ file, target }) => {
      const [from, to] = [folderOf(file), folderOf(target)];
      const isTable = from === 'extension' && TABLES.includes(target);
      return from !== 'tools' && from !== to && !isTable && !ALLOWED[from]?.includes(to);
    });
    assert.deepEqual(upward, []);
  });

  it('keeps the editor in extension/ and tensors in model/, rl/ and the checkpoints', () => {
    const of = (name: RegExp): string[] => [
      ...new Set(
        importsOf('src/**/*.ts')
          .filter(({ target, typeOnly }) => name.test(target) && !typeOnly)
          .map(({ file }) => (file === 'src/runs/checkpoint.ts' ? file : folderOf(file))),
      ),
    ];
    assert.deepEqual(of(/^vscode$/), ['extension']);
    assert.deepEqual(of(/^@tensorflow\//).sort(), ['model', 'rl', 'src/runs/checkpoint.ts']);
  });

  it('lets the webview reach the rest through the types of its protocol only', () => {
    const reaching = importsOf('webview/**/*.ts').filter(({ target }) => target.startsWith('src/'));
    assert.ok(reaching.length > 0);
    for (const { file, typeOnly } of reaching) assert.deepEqual([file, typeOnly], ['webview/protocol.ts', true]);
  });

  it('has a small extension bundle without tensors, search or training, and loads SQLite only when it is used', () => {
    const meta = JSON.parse(readFileSync(join(root, 'dist/extension.meta.json'), 'utf8')) as {
      readonly inputs: Readonly<Record<string, unknown>>;
      readonly outputs: Readonly<
        Record<string, { readonly bytes: number; readonly imports: readonly { path: string }[] }>
      >;
    };
    const forbidden = Object.keys(meta.inputs).filter(
      (path) => /^src\/(model|rl|retrieval|app|cli)\/|node_modules/.test(path) && !TABLES.includes(path),
    );
    assert.deepEqual(forbidden, []);
    const output = meta.outputs['dist/extension.cjs'];
    assert.ok(output.bytes < 115_000, `dist/extension.cjs has ${output.bytes} bytes`);
    assert.ok(!output.imports.some(({ path }) => path === 'node:sqlite'));
  });
});
