import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';

const dist = join(packageRoot(), 'dist');

/** A bundled file and all that it imports statically. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) .*?["'](\.{1,2}\/[^"']+)["'];$/gm)) {
    loadedWith(join(dirname(file), path), seen);
  }
  return seen;
}

describe('the bundle of the command line', () => {
  it('starts with a file that imports nothing of ours and says what to do on an old Node', () => {
    const main = readFileSync(join(dist, 'cli.mjs'), 'utf8');
    assert.match(main, /^#!\/usr\/bin\/env node\n/);
    assert.deepEqual([...loadedWith(join(dist, 'cli.mjs'))], [join(dist, 'cli.mjs')]);
    assert.match(main, /needs Node 22\.13 or newer/);
  });

  it('loads no tensor code for what only searches', () => {
    const chunks = readdirSync(join(dist, 'chunks')).filter((name) => name.endsWith('.mjs'));
    for (const command of ['import', 'candidates', 'index', 'search', 'score', 'measure']) {
      const source = `// src/cli/${command}.ts\n`;
      const chunk = chunks.find((name) => readFileSync(join(dist, 'chunks', name), 'utf8').includes(source));
      assert.ok(chunk, command);
      for (const file of loadedWith(join(dist, 'chunks', chunk))) {
        assert.doesNotMatch(
          readFileSync(file, 'utf8'),
          /^\/\/ .*(node_modules\/@tensorflow|src\/(model|runs))\//m,
          `${command}: ${file}`,
        );
        assert.ok(statSync(file).size < 200_000, `${command}: ${file}`);
      }
    }
  });
});
