import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readItems } from '../../../src/app/retention-items.ts';
import { readChoices, readInstructions, readNumbers, readTexts } from '../../../src/data/retention-items.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function file(t: TestContext, name: string, content: string): string {
  const path = join(temporaryFolder(t), name);
  writeFileSync(path, content);
  return path;
}
const all = { shots: 0, limit: Infinity };

describe('the items of a retention suite', () => {
  it('are texts: paragraphs, or rows with a context', async (t) => {
    assert.deepEqual(await readTexts(file(t, 'a.txt', 'one\ntwo\n\n\n three\n')), [
      { text: 'one\ntwo' },
      { text: ' three' },
    ]);
    assert.deepEqual(await readTexts(file(t, 'a.jsonl', '{"text":"b","context":"a"}\n{"text":"c"}')), [
      { context: 'a', text: 'b' },
      { text: 'c' },
    ]);
  });

  it('are questions in MMLU’s and GSM8K’s layouts', async (t) => {
    assert.deepEqual(await readChoices(file(t, 'a.csv', '"Which, of these?",a,"b ""c""",d,e,B\n')), [
      { question: 'Which, of these?', choices: ['a', 'b "c"', 'd', 'e'], answer: 1 },
    ]);
    const row = JSON.stringify({ question: 'How many?', answer: '2 x 600 = <<2*600=1200>>1200\n#### 1,200' });
    assert.deepEqual(await readNumbers(file(t, 'a.jsonl', row)), [{ question: 'How many?', answer: 1200 }]);
  });

  it('are prompts in IFEval’s layout, of which those with an unknown instruction are left out and counted', async (t) => {
    const rows = [
      { key: 1, prompt: 'p', instruction_id_list: ['punctuation:no_comma', 'poetry:rhyme'], kwargs: [{}, null] },
      { key: 2, prompt: 'q', instruction_id_list: ['punctuation:no_comma'], kwargs: [{}] },
    ];
    const path = file(t, 'a.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    assert.equal((await readInstructions(path)).length, 2);
    const { instructions } = await readItems({ ...all, files: { instructions: path } });
    assert.deepEqual(instructions, {
      items: [{ prompt: 'q', instructions: [{ id: 'punctuation:no_comma', args: {} }] }],
      source: 'a.jsonl',
      skipped: [{ id: 'poetry:rhyme', prompts: 1 }],
    });
  });

  it('built in are thirty to sixty of each, all of which can be checked', async () => {
    const items = await readItems({ ...all, files: {} });
    for (const { items: some, source } of [items.text, items.instructions, items.choices, items.numbers]) {
      assert.ok(some.length >= 30 && some.length <= 60, String(some.length));
      assert.equal(source, 'built-in');
    }
    assert.deepEqual(items.instructions.skipped, []);
    const letters = [0, 1, 2, 3].map((place) => items.choices.items.filter(({ answer }) => answer === place).length);
    assert.deepEqual(letters, [10, 10, 10, 10]); // naming one letter always is right in a quarter
  });

  it('shown as examples are not asked', async () => {
    const { choices } = await readItems({ shots: 3, limit: 5, files: {} });
    assert.deepEqual([choices.shots.length, choices.items.length], [3, 5]);
    assert.ok(!choices.items.includes(choices.shots[0]));
    await assert.rejects(readItems({ shots: 40, limit: 5, files: {} }), /--shots is 40, but there are 40/);
  });

  it('that are wrong are named', async (t) => {
    await assert.rejects(readChoices(file(t, 'a.csv', 'q,a,b,c,d,E\n')), /a\.csv, line 1: expected a question/);
    await assert.rejects(
      readNumbers(file(t, 'a.jsonl', '{"question":"q","answer":"#### many"}')),
      /must end with ####/,
    );
    await assert.rejects(readTexts(file(t, 'a.txt', '\n')), /holds no item/);
    const row = '{"prompt":"p","instruction_id_list":["a"],"kwargs":[]}';
    await assert.rejects(readInstructions(file(t, 'a.jsonl', row)), /lists of the same length/);
  });
});
