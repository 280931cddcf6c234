import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completionOf, parseCompletion, promptMessages } from '../../../src/data/prompt.ts';

const answer = (json: string): string => `thinking</think>\n<answer>${json}</answer>`;

describe('parseCompletion', () => {
  it('reads the rewrite of a well-formed answer', () => {
    assert.deepEqual(parseCompletion(answer(' {"query": "lumbar cushion"} ')), {
      format: 'ok',
      rewrite: 'lumbar cushion',
    });
  });

  it('reads back what completionOf writes, quotes and backslashes included', () => {
    const rewrite = '5" pot \\ lid';
    assert.equal(parseCompletion(completionOf('pots', rewrite)).rewrite, rewrite);
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
      assert.equal(parseCompletion(completion).format, format);
    });
  }
});

describe('promptMessages', () => {
  it('numbers the titles of a history in the paper’s style', () => {
    const [, user] = promptMessages('Nail polish\nTop coat', 'sequence', 'paper');
    assert.match(user.content, /Item 1: Nail polish\nItem 2: Top coat/);
  });

  it('sends the query alone in the plain style', () => {
    assert.deepEqual(promptMessages('warm hat', 'search', 'plain'), [{ role: 'user', content: 'warm hat' }]);
  });
});
