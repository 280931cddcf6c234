/** @file A ranking in the form of the golden files. */
import { createHash } from 'node:crypto';
import type { Hit } from '../../src/retrieval/retriever.ts';
import type { GoldenAnswer } from './retrieval-sets.ts';

export function answerOf(hits: readonly Hit[]): GoldenAnswer {
  const scores = Buffer.alloc(hits.length * 4);
  hits.forEach(({ score }, i) => scores.writeFloatBE(score, i * 4));
  return { count: hits.length, ids: hash(hits.map(({ id }) => id).join('\n')), scores: hash(scores) };
}

function hash(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12);
}
