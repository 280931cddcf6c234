import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endsWithin, parseStops } from '../../../src/model/stops.ts';

describe('parseStops', () => {
  const written: readonly (readonly [string, ReturnType<typeof parseStops>])[] = [
    ['', { ids: [], texts: [] }],
    ['</answer>', { ids: [], texts: ['</answer>'] }],
    ['["</answer>", 7, "\\n\\n"]', { ids: [7], texts: ['</answer>', '\n\n'] }],
  ];
  for (const [text, stops] of written) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseStops(text, 'rollout.stop'), stops);
    });
  }

  for (const [text, message] of [
    ['[1.5]', /rollout\.stop lists 1\.5; a stop is a text/],
    ['[""]', /rollout\.stop lists ""/],
    ['[7', /no JSON list/],
  ] as const) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseStops(text, 'rollout.stop'), { name: 'UserError', message });
    });
  }
});

describe('endsWithin', () => {
  const pieces = ['<', '/answer>', '</', 'answer', '>', ' and more', '€'];
  const decode = (ids: readonly number[]): string => ids.map((id) => pieces[id]).join('');
  const ends = endsWithin(['</answer>'], decode);

  it('finds a text however it is cut into tokens', () => {
    assert.equal(ends([5, 0, 1]), true);
    assert.equal(ends([5, 2, 3, 4]), true);
  });

  it('goes on until the text is whole', () => {
    assert.equal(ends([5, 2, 3]), false);
    assert.equal(ends([]), false);
  });

  it('decodes no more than can matter', () => {
    let most = 0;
    const counted = endsWithin(['€'], (ids) => ((most = Math.max(most, ids.length)), decode(ids)));
    assert.equal(counted([...Array.from({ length: 100 }, () => 5), 6]), true);
    assert.equal(most, 4);
  });
});
