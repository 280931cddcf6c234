import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { loadTokenizer } from '../../../src/model/tokenizer.ts';

const dir = join(packageRoot(), 'test/golden/tokenizer');
const read = (name: string): unknown => JSON.parse(readFileSync(join(dir, name), 'utf8'));

/** Made by make_tokenizers.py with Python's tokenizers. */
interface Golden {
  readonly strings: string;
  /** For each block of strings a hash of its ids and one of the texts they decode to. */
  readonly kinds: Readonly<Record<string, readonly (readonly [string, string])[]>>;
}

interface Alphabet {
  readonly ranges: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly pieces: readonly string[];
}

const block = 100;

/** The strings of make_tokenizers.py, by the same steps. */
function strings(seed: number, count: number): string[] {
  const { ranges, pieces } = read('alphabet.json') as Alphabet;
  const scripts = Object.values(ranges);
  let state = seed;
  const below = (n: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  const characters = (): string => {
    const script = scripts[below(scripts.length)];
    let text = '';
    for (let left = 1 + below(8); left > 0; left--) {
      const [low, high] = script[below(script.length)];
      text += String.fromCodePoint(low + below(high - low + 1));
    }
    return text;
  };
  const piece = (): string => (below(3) === 0 ? pieces[below(pieces.length)] : characters());
  return Array.from({ length: count }, () => Array.from({ length: below(12) }, piece).join(''));
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** Texts as bytes, for JSON writes them differently in the two languages. */
function bytes(texts: readonly string[]): number[][] {
  return texts.map((text) => [...Buffer.from(text)]);
}

const golden = read('golden.json') as Golden;
const texts = strings(1, 10_000);

it('has the strings that Python was given', () => {
  assert.equal(digest(bytes(texts)), golden.strings);
});

for (const [kind, blocks] of Object.entries(golden.kinds)) {
  describe(`a tokenizer of the ${kind} kind`, () => {
    it('gives the ids of Python for 10,000 strings in many scripts, and the texts they decode to', async () => {
      const tokenizer = await loadTokenizer(join(dir, kind), [], 2000);
      for (const [i, [ids, decoded]] of blocks.entries()) {
        const rows = texts.slice(i * block, (i + 1) * block).map((text) => tokenizer.encode(text));
        assert.equal(digest(rows), ids, `ids of block ${i}`);
        assert.equal(digest(bytes(rows.map((row) => tokenizer.decode(row)))), decoded, `texts of block ${i}`);
      }
    });

    it('decodes back what has no special token', async () => {
      const tokenizer = await loadTokenizer(join(dir, kind), [], 2000);
      for (const text of texts.filter((one) => !/<\|/.test(one))) {
        assert.equal(tokenizer.decode(tokenizer.encode(text)), kind === 'qwen2' ? text.normalize('NFC') : text);
      }
    });
  });
}
