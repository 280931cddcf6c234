import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Example } from '../../../src/data/task.ts';
import type { Arm } from '../../../src/rl/arms.ts';
import { coOccurrenceArm, popularityArm } from '../../../src/rl/item-arms.ts';
import { sequencesOf } from '../../../src/rl/purchases.ts';

const bought = (id: string, history: string, target: string): Example => ({
  id,
  query: '',
  history: history.split(''),
  relevant: new Map([[target, 1]]),
});

/** What four shoppers bought: abc (in two rows), bc, bd, e. */
const TRAIN = [bought('1', 'a', 'b'), bought('1#2', 'ab', 'c'), bought('2', 'b', 'c'), bought('3', 'b', 'd')];

async function rankingOf(arm: Arm, history: string, k: number): Promise<string> {
  const [answer] = await arm.answer([bought('x', history, 'z')], { k, turn: () => Promise.resolve() });
  return answer.kind === 'ranking' ? answer.ids.join('') : assert.fail(answer.kind);
}

describe('sequencesOf', () => {
  it('takes rows of a shopper that go on from each other for one sequence', () => {
    const sequences = sequencesOf(TRAIN).map((sequence) => sequence.join(''));
    assert.deepEqual(sequences, ['abc', 'bc', 'bd']);
  });

  it('keeps rows of one shopper that begin otherwise, and takes what is relevant to a query for a sequence', () => {
    assert.equal(sequencesOf([bought('1', 'a', 'b'), bought('1#2', 'x', 'y')]).length, 2);
    const query: Example = { id: 'q#1', query: 'mug', relevant: new Map(['m', 'n'].map((id) => [id, 1])) };
    assert.deepEqual(sequencesOf([query]), [['m', 'n']]);
  });
});

describe('popularityArm', () => {
  it('ranks what most shoppers bought, equal ones by id, with room for what is owned', async () => {
    const arm = popularityArm(TRAIN); // b 3, c 2, a 1, d 1
    assert.equal(await rankingOf(arm, 'b', 2), 'bca');
    assert.equal(await rankingOf(arm, 'b', 9), 'bcad');
  });

  it('says how many items it cannot know', () => {
    const note = popularityArm(TRAIN).note!([bought('x', 'a', 'c'), bought('y', 'a', 'new')]);
    assert.match(note, /^3 training sequences; 1 of 2 examples have a relevant item that occurs in them/);
  });
});

describe('coOccurrenceArm', () => {
  it('ranks what goes with the history by the cosine of their buyers, then what is popular', async () => {
    const arm = coOccurrenceArm(TRAIN);
    // With a: b 1/√(1·3) = 0.577, c 1/√(1·2) = 0.707. Then, by popularity, b and c again, a, d.
    assert.equal(await rankingOf(arm, 'a', 9), 'cbad');
    // With a and d: b 0.577 + 1/√(1·3) = 1.155, c 0.707.
    assert.equal(await rankingOf(arm, 'ad', 2), 'bcad');
  });

  it('falls back to popularity for a history that it has never seen', async () => {
    assert.equal(await rankingOf(coOccurrenceArm(TRAIN), 'z', 3), 'bcad');
  });
});
