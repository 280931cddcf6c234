import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCompletion } from '../../../src/data/answer.ts';
import { asCompletion, readPairs } from '../../../src/data/pairs.ts';
import type { Example } from '../../../src/data/task.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const EXAMPLE: Example = { id: 'q', query: 'q', relevant: new Map() };

/** The completions of every row. */
async function read(file: string, content: string, example = EXAMPLE): Promise<string[][]> {
  writeFileSync(file, content);
  const pairs: string[][] = [];
  for await (const { chosen, rejected, reasoning } of readPairs(file)) {
    const texts = rejected === undefined ? [chosen] : [chosen, rejected];
    pairs.push(texts.map((text) => asCompletion(text, reasoning, example)));
  }
  return pairs;
}

describe('readPairs', () => {
  it('writes bare rewrites as completions, with their reasoning before them', async (test) => {
    const file = join(temporaryFolder(test), 'pairs.csv');
    const pairs = await read(file, 'query,rewrite,reasoning\nred mug,crimson mug,It is a colour.\ntea,green tea,\n');
    assert.deepEqual(pairs, [
      ['It is a colour.</think><answer>{"query":"crimson mug"}</answer>'],
      ['</think><answer>{"query":"green tea"}</answer>'],
    ]);
    for (const [chosen] of pairs) assert.equal(parseCompletion(chosen, EXAMPLE).format, 'ok');
  });

  it('leaves whole completions as they are, but for the beginning that the prompt gives', async (test) => {
    const file = join(temporaryFolder(test), 'pairs.jsonl');
    const completion = 'x</think><answer>{"query":"a"}</answer>';
    const rows = [
      { query: 'q', completion: `<think>${completion}` },
      { query: 'q', chosen: completion, rejected: 'bare' },
    ];
    assert.deepEqual(await read(file, rows.map((row) => JSON.stringify(row)).join('\n')), [
      [completion],
      [completion, '</think><answer>{"query":"bare"}</answer>'],
    ]);
  });

  it('writes the order of a re-ranking as the list that its parser wants', async (test) => {
    const candidates = ['a', 'b'].map((id) => ({ id, text: id }));
    const example = { ...EXAMPLE, candidates };
    const file = join(temporaryFolder(test), 'pairs.jsonl');
    const [[chosen]] = await read(file, '{"query":"q","rewrite":"Item_2, Item_1"}', example);
    assert.deepEqual(parseCompletion(chosen, example), { format: 'ok', rewrite: 'Item_2, Item_1' });
  });

  it('refuses an answer that is no text, naming the line', async (test) => {
    const file = join(temporaryFolder(test), 'pairs.jsonl');
    await assert.rejects(read(file, '{"query":"q","rewrite":"ok"}\n{"query":"q","rewrite":["a"]}'), {
      name: 'UserError',
      message: /pairs\.jsonl, line 2: an answer must be text that is not empty, got \["a"\]/,
    });
  });
});
