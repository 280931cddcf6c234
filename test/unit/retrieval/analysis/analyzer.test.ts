import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyze } from '../../../../src/retrieval/analysis/analyzer.ts';
import { porterStem } from '../../../../src/retrieval/analysis/porter.ts';
import { forEachToken } from '../../../../src/retrieval/analysis/tokenizer.ts';

function tokens(text: string): string[] {
  const found: string[] = [];
  forEachToken(text, (start, end) => found.push(text.slice(start, end)));
  return found;
}

describe('tokenizer', () => {
  it('joins letters at colons, full stops, apostrophes and underscores', () => {
    assert.deepEqual(tokens("contents:oculus example.com don't a_b"), [
      'contents:oculus',
      'example.com',
      "don't",
      'a_b',
    ]);
  });

  it('joins digits at commas and full stops, and letters at neither comma nor hyphen nor slash', () => {
    assert.deepEqual(tokens('1,000.50 a,b wi-fi and/or'), ['1,000.50', 'a', 'b', 'wi', 'fi', 'and', 'or']);
  });

  it('takes Han and Hiragana one by one and Katakana as a run', () => {
    assert.deepEqual(tokens('日本ひらカタカナ'), ['日', '本', 'ひ', 'ら', 'カタカナ']);
  });

  it('keeps a Thai run whole', () => {
    assert.deepEqual(tokens('ภาษาไทย'), ['ภาษาไทย']);
  });

  it('keeps emoji with modifiers, joiners, keycaps and flags as one word each', () => {
    assert.deepEqual(tokens('👍🏽 👩‍👩‍👧 1️⃣ 🇩🇪!'), ['👍🏽', '👩‍👩‍👧', '1️⃣', '🇩🇪']);
  });

  it('cuts a word after 255 units and goes on with the rest', () => {
    assert.deepEqual(
      tokens('a'.repeat(600)).map(({ length }) => length),
      [255, 255, 90],
    );
  });

  it('never cuts a surrogate pair', () => {
    const letters = `a${'𝒜'.repeat(200)}`;
    assert.deepEqual(
      tokens(letters).map(({ length }) => length),
      [255, 146],
    );
    assert.equal(tokens(`aa${'𝒜'.repeat(200)}`)[0].length, 254);
  });
});

describe('analyzer', () => {
  it('strips possessives, lowers, drops stop words and stems', () => {
    assert.deepEqual(analyze("The Women's RUNNING shoes AND (Nike OR adidas)"), [
      'women',
      'run',
      'shoe',
      'nike',
      'adida',
    ]);
    assert.deepEqual(analyze('dog’s cat＇S it’s'), ['dog', 'cat']);
  });

  it('lowers each code point by itself: a final sigma stays σ and İ becomes i', () => {
    assert.deepEqual(analyze('ΟΔΟΣ İZMİR'), ['οδοσ', 'izmir']);
  });

  it('loses the first word behind the paper’s wrapper, unless a quote protects it', () => {
    assert.deepEqual(analyze('(contents:oculus rift)'), ['contents:oculu', 'rift']);
    assert.deepEqual(analyze('(contents:"oculus rift")'), ['content', 'oculu', 'rift']);
  });

  it('finds nothing in an empty text and in one of stop words', () => {
    assert.deepEqual(analyze(''), []);
    assert.deepEqual(analyze('to be or not to be'), []);
  });
});

describe('porterStem', () => {
  const examples: readonly [word: string, stem: string][] = [
    ['caresses', 'caress'],
    ['ponies', 'poni'],
    ['ties', 'ti'],
    ['feed', 'feed'],
    ['agreed', 'agre'],
    ['hopping', 'hop'],
    ['hoping', 'hope'],
    ['falling', 'fall'],
    ['happy', 'happi'],
    ['sky', 'sky'],
    ['relational', 'relat'],
    ['conformabli', 'conform'],
    ['generalization', 'gener'],
    ['electrical', 'electr'],
    ['adoption', 'adopt'],
    ['controlling', 'control'],
    ['rate', 'rate'],
    ['ion', 'ion'],
    ['is', 'is'],
  ];
  for (const [word, stem] of examples) {
    it(`takes ${word} to ${stem}`, () => {
      assert.equal(porterStem(word), stem);
    });
  }
});
