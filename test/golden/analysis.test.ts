import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { analyze } from '../../src/retrieval/analysis/analyzer.ts';
import { characterTexts, stemmerTexts } from './analysis-texts.ts';

/** Hashes of Lucene's terms, first of the character texts, then of the stemmer's. */
const golden = JSON.parse(readFileSync(join(packageRoot(), 'test/golden/analysis.json'), 'utf8')) as string[];

function hashes(texts: readonly string[]): string[] {
  return texts.map((text) => createHash('sha256').update(analyze(text).join('\n')).digest('hex').slice(0, 12));
}

describe('analysis equals Lucene’s', () => {
  it('on every character of planes 0 and 1 between letters, digits, kana, emoji and marks', () => {
    const texts = characterTexts();
    assert.deepEqual(hashes(texts), golden.slice(0, texts.length));
  });

  it('on 50,000 words made of the suffixes that the stemmer knows', () => {
    const texts = stemmerTexts();
    assert.deepEqual(hashes(texts), golden.slice(-texts.length));
  });
});
