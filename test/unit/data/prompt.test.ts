import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Asked, PROMPT_STYLES, promptMessages, promptOf } from '../../../src/data/prompt.ts';
import type { Candidate } from '../../../src/data/task.ts';
import { encodePrompt } from '../../../src/model/policy.ts';
import { byteTokenizer } from '../../fixtures/tiny-policy.ts';

const HISTORY: Asked = { query: 'Nail polish\nTop coat', history: ['a', 'b'] };
const candidates: readonly Candidate[] = ['lid', 'iron pan', 'wok'].map((text) => ({ id: text, text }));
const RERANK: Asked = { query: 'to fry in', candidates };
const CUSTOM: Asked = {
  query: 'warm hat',
  custom: {
    template: { system: 'Shop of {shop}.', user: 'Find {text}: {"query": "…"}', answerKey: 'query' },
    fields: { shop: 'Oslo', text: 'a warm hat' },
  },
};
const user = (asked: Asked, style: (typeof PROMPT_STYLES)[number] = 'paper'): string =>
  promptMessages(asked, style).at(-1)!.content;

describe('promptMessages', () => {
  it('numbers the titles of a history in the paper’s style', () => {
    assert.match(user(HISTORY), /Item 1: Nail polish\nItem 2: Top coat/);
  });

  it('sends the input alone in the plain style', () => {
    assert.deepEqual(promptMessages({ query: 'warm  hat ' }, 'plain'), [{ role: 'user', content: 'warm  hat ' }]);
    assert.equal(user(RERANK, 'plain'), 'Item_1: lid\nItem_2: iron pan\nItem_3: wok\n\nto fry in');
  });

  it('asks for Boolean operators, for meanings and for a review by styles of their own', () => {
    const asks = (style: (typeof PROMPT_STYLES)[number]): boolean[] =>
      [/AND and OR/, /meanings/, /review/].map((pattern) => pattern.test(user({ query: 'hat' }, style)));
    assert.deepEqual(asks('paper'), [false, false, false]);
    assert.deepEqual(asks('paper-boolean'), [true, false, false]);
    assert.deepEqual(asks('paper-dense'), [false, true, false]);
    assert.deepEqual(asks('paper-review'), [false, false, true]);
    assert.match(user(HISTORY, 'paper-boolean'), /AND and OR/);
  });

  it('shows candidates by name, then the request, and no order that could be copied', () => {
    assert.match(user(RERANK), /Item_1: lid\nItem_2: iron pan\nItem_3: wok\n```[^]*```\nto fry in\n```/);
    const [, rules] = user(RERANK).split('to fry in');
    assert.match(rules, /all 3 products/);
    assert.doesNotMatch(rules, /Item_/);
  });

  it('fills the fields of the task’s own prompt, in whatever style, and leaves other braces alone', () => {
    for (const style of PROMPT_STYLES) {
      assert.deepEqual(promptMessages(CUSTOM, style), [
        { role: 'system', content: 'Shop of Oslo.' },
        { role: 'user', content: 'Find a warm hat: {"query": "…"}' },
      ]);
    }
  });
});

describe('encodePrompt', () => {
  const read = (asked: Asked, maxTokens: number): readonly [string, boolean] => {
    const { ids, cut } = encodePrompt(byteTokenizer, promptOf(asked, 'plain'), maxTokens);
    return [byteTokenizer.decode(ids), cut];
  };

  it('leaves a prompt whole that just fits', () => {
    assert.deepEqual(read({ query: 'warm hat' }, 16), ['warm hat\n<think>', false]);
  });

  it('cuts the last words of a query', () => {
    assert.deepEqual(read({ query: 'warm hat' }, 15), ['warm\n<think>', true]);
  });

  it('cuts inside a text without spaces', () => {
    assert.deepEqual(read({ query: 'x'.repeat(40) }, 41), [`${'x'.repeat(32)}\n<think>`, true]);
  });

  it('drops the oldest titles of a history, and words of the newest alone at last', () => {
    const history = { query: 'old red hat\nnew blue hat', history: [] };
    assert.deepEqual(read(history, 31), ['new blue hat\n<think>', true]);
    assert.deepEqual(read(history, 17), ['new blue\n<think>', true]);
  });

  it('cuts long candidates and leaves short ones whole', () => {
    const texts = ['lid', 'a large iron pan', 'wok'].map((text) => ({ id: text, text }));
    const [text] = read({ query: 'fry in', candidates: texts }, 59);
    assert.equal(text, 'Item_1: lid\nItem_2: a large\nItem_3: wok\n\nfry in\n<think>');
  });

  it('never cuts instructions, and says so when they leave no room', () => {
    const [text, cut] = read(CUSTOM, 52);
    assert.deepEqual([text, cut], ['Shop of Oslo.\nFind a warm: {"query": "&"}\n<think>', true]);
    assert.throws(
      () => read(CUSTOM, 40),
      /takes 39 tokens before anything of the query .*maxPromptTokens=40 leaves no room; raise/,
    );
  });
});
