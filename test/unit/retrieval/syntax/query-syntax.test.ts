import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rngFrom } from '../../../../src/base/rng.ts';
import { simplify } from '../../../../src/retrieval/syntax/query-rewrite.ts';
import type { Query } from '../../../../src/retrieval/syntax/query.ts';
import { parseQuery } from '../../../../src/retrieval/syntax/query-syntax.ts';
import { queryText } from '../../../../src/retrieval/syntax/query-text.ts';

function written(query: Query | undefined): string {
  return query ? queryText(query) : 'nothing';
}

function understood(text: string): string {
  const parsed = parseQuery(text);
  return parsed.kind === 'query' ? written(parsed.query) : parsed.kind;
}

function assertUnderstood(expected: Readonly<Record<string, string>>): void {
  for (const [text, query] of Object.entries(expected)) assert.equal(understood(text), query, text);
}

describe('The classic query syntax', () => {
  it('makes neighbours of AND required, and lets OR bind nothing', () => {
    assertUnderstood({
      'red AND shoe': '(+red +shoe)',
      'red && shoe || hat': '(+red +shoe hat)',
      'red OR shoe AND hat': '(red +shoe +hat)',
      'red shoe': '(red shoe)',
    });
  });

  it('marks single clauses with +, - and NOT', () => {
    assertUnderstood({
      '+red -shoe hat': '(+red -shoe hat)',
      'red AND NOT shoe': '(+red -shoe)',
      'red !shoe': '(red -shoe)',
      '-red': '(-red)',
      'red - shoe': '(red shoe)',
    });
  });

  it('groups with parentheses and weighs with ^', () => {
    assertUnderstood({
      '(red OR blue) AND shoe': '(+(red blue) +shoe)',
      '(red shoe)^2 hat^0.5': '((red shoe)^2 hat^0.5)',
      '((red))^3': 'red^3',
    });
  });

  it('reads phrases with gaps where stop words stood, and with slop', () => {
    assertUnderstood({
      '"red shoe"': '"red shoe"',
      '"state of the art"': '"state ? ? art"',
      '"the red shoe"~3^2': '"red shoe"~3^2',
      '"red"~3': 'red',
      '"red \\"shoe"': '"red shoe"',
    });
  });

  it('drops stop words with their clause, but not what their AND does', () => {
    assertUnderstood({ 'the': 'nothing', '+the red': '(red)', 'red AND the': 'red', 'the AND red': '(+red)', '-the': 'nothing' }); // prettier-ignore
  });

  it('takes a word that the analysis splits for optional words', () => {
    assertUnderstood({ 'wi-fi': '(wi fi)', 'wi-fi router': '(wi fi router)', '+wi-fi': '(+(wi fi))', '"wi-fi"': '"wi fi"' }); // prettier-ignore
  });

  it('takes a character after a backslash as it is', () => {
    assertUnderstood({ 'red\\-shoe': '(red shoe)', '\\(red\\)': 'red', '\\u0072ed': 'red', '\\u00': 'malformed' });
  });

  it('matches patterns and ranges with index terms', () => {
    assertUnderstood({ 'Run*': 'run*', 'r?n shoe': '(r?n shoe)', '[a TO c}': '[a TO c}', '*run': 'malformed' });
    const parsed = parseQuery('w*in?[a TO c}');
    assert.equal(parsed.kind, 'query');
    const [pattern, range] = (parsed.query as Extract<Query, { kind: 'boolean' }>).clauses.map(({ query }) => query);
    const has = (query: Query, term: string): boolean => query.kind === 'terms' && query.has(term);
    assert.deepEqual(['wind', 'window', 'wwins', 'win'].map((term) => has(pattern, term)), [true, false, true, false]); // prettier-ignore
    assert.deepEqual(['a', 'bz', 'c', ''].map((term) => has(range, term)), [true, true, false, false]); // prettier-ignore
  });

  it('says in a few words what is malformed', () => {
    const reasons: Readonly<Record<string, RegExp>> = {
      '"red shoe': /quotation mark is never closed/,
      '(red shoe': /parenthesis is never closed/,
      'red)': /closing parenthesis has none/,
      'red AND': /ends where a word is expected/,
      'AND red': /“AND” is not expected/,
      'red/blue': /slash stands alone/,
      'red^': /no number follows/,
      'what is this ?': /begins with “\?”/,
      '': /ends where/,
      [`red^${'9'.repeat(40)}`]: /boost is too large/,
    };
    for (const [text, reason] of Object.entries(reasons)) {
      const parsed = parseQuery(text);
      assert.equal(parsed.kind, 'malformed', text);
      assert.match(parsed.reason, reason);
    }
  });

  it('names what it does not support', () => {
    const reasons: Readonly<Record<string, RegExp>> = {
      'Zelda: Breath of the Wild': /field “Zelda:”/,
      'red /shoe/ hat': /regular expression between slashes, \/shoe\//,
      'red~ hat': /fuzzy word red~/,
      '*:*': /field “\*:”/,
    };
    for (const [text, reason] of Object.entries(reasons)) {
      const parsed = parseQuery(text);
      assert.equal(parsed.kind, 'unsupported', text);
      assert.match(parsed.reason, reason);
    }
    assert.equal(understood('contents:red'), 'red');
  });

  it('takes any text without an error, 10,000 of them', () => {
    const pieces = ['AND', 'OR', 'NOT', '&&', '||', '!', '+', '-', '(', ')', '"', '~', '~2', '^', '^3', '*', '?', ':', '/', '\\', '[', ']', '{', '}', 'TO', ' ', '\t', 'red', 'the', 'é', '漢', '😀', '\ud800', '\u0000', '1.5', '\\u', '\\u0041']; // prettier-ignore
    const rng = rngFrom(1, 'any text');
    for (let i = 0; i < 10_000; i++) {
      let text = '';
      for (let left = 1 + rng.below(30); left > 0; left--) text += pieces[rng.below(pieces.length)];
      const parsed = parseQuery(text);
      if (parsed.kind === 'query' && parsed.query) simplify(parsed.query);
    }
  });

  it('takes time in proportion to the length, and bounds its depth', () => {
    const long = [
      '('.repeat(100_000),
      `${'('.repeat(100_000)}red${')'.repeat(100_000)}`,
      `${'+('.repeat(400)}red${')'.repeat(400)}`,
      'red '.repeat(50_000),
      'red AND '.repeat(50_000) + 'red',
      Array.from({ length: 50_000 }, (_, i) => `+word${i}`).join(' '),
      '"'.repeat(100_001),
      '"red '.repeat(25_001),
      '/\\'.repeat(50_000),
      '['.repeat(100_000),
      '["a\\" '.repeat(20_000),
      'a*'.repeat(50_000),
      '\\'.repeat(100_001),
      'a~'.repeat(50_000),
    ];
    const started = performance.now();
    for (const text of long) {
      const parsed = parseQuery(text);
      if (parsed.kind === 'query' && parsed.query) simplify(parsed.query);
    }
    assert.ok(performance.now() - started < 5000);
  });
});

describe('A simplified query', () => {
  const simplified = (text: string): string => {
    const parsed = parseQuery(text);
    return written(parsed.kind === 'query' && parsed.query ? simplify(parsed.query) : undefined);
  };

  it('joins repeated clauses, adding their boosts', () => {
    assert.equal(simplified('red red^2 shoe'), '(red^3 shoe)');
    assert.equal(simplified('+red +red shoe'), '(+red^2 shoe)');
    assert.equal(simplified('(red shoe) (shoe red)'), '(red shoe)^2');
  });

  it('moves optional clauses up and unwraps single ones', () => {
    assert.equal(simplified('red (shoe (hat red))'), '(red^2 shoe hat)');
    assert.equal(simplified('+(+red)'), 'red');
    assert.equal(simplified('(red shoe)^2 hat'), '((red shoe)^2 hat)');
  });

  it('is nothing where nothing can be found', () => {
    assert.equal(simplified('-red'), 'nothing');
    assert.equal(simplified('+(-red) shoe'), 'nothing');
    assert.equal(simplified('(-red) shoe'), 'shoe');
  });
});
