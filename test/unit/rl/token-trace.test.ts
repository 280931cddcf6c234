import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tokenTrace } from '../../../src/rl/token-trace.ts';

/** A byte-level tokenizer: each token is some bytes; token 0 ends a completion and is not shown. */
const BYTES = [[], [0x72, 0x65, 0x64], [0x20], [0xc3], [0xb6], [0xe2, 0x82], [0xac]];
const decode = (ids: readonly number[]): string => Buffer.from(ids.flatMap((id) => BYTES[id])).toString('utf8');
const piecesOf = (tokens: readonly number[]): readonly string[] => {
  const logProbs = tokens.map(() => -1);
  const completion = { tokens, text: decode(tokens), logProbs, samplingLogProbs: logProbs, ended: true };
  return tokenTrace(completion, { decode }, undefined).pieces;
};

describe('the pieces of a completion', () => {
  it('are what each token says by itself, nothing for an end token', () => {
    assert.deepEqual(piecesOf([1, 2, 1, 0]), ['red', ' ', 'red', '']);
  });

  it('give a character to the token that completes it', () => {
    assert.deepEqual(piecesOf([1, 3, 4, 5, 6, 0]), ['red', '', 'ö', '', '€', '']);
  });

  it('join up to the text also when it was cut inside a character', () => {
    const pieces = piecesOf([1, 3]);
    assert.equal(pieces.join(''), decode([1, 3]));
  });
});
