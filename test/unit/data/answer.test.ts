import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completionOf, orderOf, parseCompletion } from '../../../src/data/answer.ts';
import type { Candidate } from '../../../src/data/task.ts';

const answer = (json: string): string => `thinking</think>\n<answer>${json}</answer>`;

describe('parseCompletion', () => {
  it('reads the rewrite of a well-formed answer', () => {
    assert.deepEqual(parseCompletion(answer(' {"query": "lumbar cushion"} '), {}), {
      format: 'ok',
      rewrite: 'lumbar cushion',
    });
  });

  it('reads back what completionOf writes, quotes and backslashes included', () => {
    const rewrite = '5" pot \\ lid';
    assert.equal(parseCompletion(completionOf('pots', rewrite), {}).rewrite, rewrite);
  });

  // The edge cases of the released reward, in the fact sheet's order; where it crashed or gave 0, a format failure here.
  const cases: readonly (readonly [string, string, string])[] = [
    ['a missing </think>', 'thinking <answer>{"query": "a"}</answer>', 'tags'],
    ['a second <think>', `<think>${answer('{"query": "a"}')}`, 'tags'],
    ['two answer blocks', answer('{"query": "a"}') + '<answer>{"query": "b"}</answer>', 'tags'],
    ['a tag quoted in the reasoning', `the <answer> tag ${answer('{"query": "a"}')}`, 'tags'],
    ['blocks in the wrong order', '<answer>{"query": "a"}</answer></think>', 'tags'],
    ['text after </answer>', answer('{"query": "a"}') + ' bye', 'ok'],
    ['further keys', answer('{"query": "a", "why": 1}'), 'ok'],
    ['a fenced block', answer('```json\n{"query": "a"}\n```'), 'not-json'],
    ['a raw newline inside the string', answer('{"query": "a\nb"}'), 'not-json'],
    ['an empty answer', answer(''), 'not-json'],
    ['an object without query', answer('{"terms": "a"}'), 'no-query'],
    ['a list', answer('["query"]'), 'not-an-object'],
    ['a string', answer('"query"'), 'not-an-object'],
    ['a number', answer('5'), 'not-an-object'],
    ['true', answer('true'), 'not-an-object'],
    ['null', answer('null'), 'not-an-object'],
    ['a query that is a list', answer('{"query": ["a"]}'), 'no-query'],
    ['a query that is a number', answer('{"query": 5}'), 'no-query'],
    ['a query that is null', answer('{"query": null}'), 'no-query'],
    ['an empty query', answer('{"query": "  "}'), 'empty-query'],
    ['a chat header in the text', 'Assistant: ' + answer('{"query": "a"}'), 'ok'],
    ['an inherited key', answer('{"__proto__": {"query": "a"}}'), 'no-query'],
  ];
  for (const [name, completion, format] of cases) {
    it(`says ${format} for ${name}`, () => {
      assert.equal(parseCompletion(completion, {}).format, format);
    });
  }
});

describe('an answer under a key of the task’s own', () => {
  const custom = { template: { user: '{text}', answerKey: 'search' }, fields: { text: 'x' } };

  it('is read and written there and nowhere else', () => {
    assert.equal(parseCompletion(completionOf('', 'warm hat', { custom }), { custom }).rewrite, 'warm hat');
    assert.equal(parseCompletion(answer('{"query": "warm hat"}'), { custom }).format, 'no-query');
  });
});

describe('an order of candidates', () => {
  const candidates: readonly Candidate[] = ['lid', 'pan', 'wok'].map((id) => ({ id, text: id }));
  const list = (items: unknown): string => answer(JSON.stringify({ reranked_items: items }));

  it('is read as the names in their order, and names documents in the order of their retrieval', () => {
    const parsed = parseCompletion(list(['Item_3', 'Item_1', 'Item_2']), { candidates });
    assert.deepEqual(parsed, { format: 'ok', rewrite: 'Item_3, Item_1, Item_2' });
    assert.deepEqual(orderOf(parsed.rewrite, candidates), ['wok', 'lid', 'pan']);
    assert.deepEqual(parseCompletion(completionOf('', parsed.rewrite, { candidates }), { candidates }), parsed);
  });

  it('stays as retrieved for a text that names none, and is empty for an empty one', () => {
    assert.deepEqual(orderOf('something to fry in', candidates), ['lid', 'pan', 'wok']);
    assert.deepEqual(orderOf('Item_1, Item_2', candidates), ['lid', 'pan', 'wok']);
    assert.deepEqual(orderOf('', candidates), []);
  });

  // The released evaluation checked the length alone, so that repeated names pushed NDCG above 1.
  const wrong: readonly (readonly [string, string, string])[] = [
    ['one is missing', list(['Item_3', 'Item_1']), 'not-a-permutation'],
    ['one is named twice', list(['Item_3', 'Item_1', 'Item_1']), 'not-a-permutation'],
    ['one is unknown', list(['Item_3', 'Item_1', 'Item_4']), 'not-a-permutation'],
    ['one is named twice besides all', list(['Item_3', 'Item_1', 'Item_2', 'Item_1']), 'not-a-permutation'],
    ['a name is spelt otherwise', list(['item_3', 'Item_1', 'Item_2']), 'not-a-permutation'],
    ['places stand for names', list([3, 1, 2]), 'not-a-permutation'],
    ['an element is a list, on which the released file crashed', list([['Item_3'], 'Item_1', 'Item_2']), 'not-a-permutation'], // prettier-ignore
    ['the list is empty', list([]), 'not-a-permutation'],
    ['there is a text in place of the list', list('Item_3, Item_1, Item_2'), 'no-list'],
    ['the list is under another key', answer('{"query": ["Item_3", "Item_1", "Item_2"]}'), 'no-list'],
    ['the JSON is the list itself', answer('["Item_3", "Item_1", "Item_2"]'), 'not-an-object'],
  ];
  for (const [name, completion, format] of wrong) {
    it(`is ${format} when ${name}`, () => {
      assert.deepEqual(parseCompletion(completion, { candidates }), { format, rewrite: null });
    });
  }
});
