/** @file An answer of `rec-r1 search` for people and for programs. */
import type { SearchAnswer } from '../app/search.ts';
import type { Output } from './command.ts';

export function printAnswer(answer: SearchAnswer, output: Output): void {
  output.object(answer);
  for (const { rank, id, score } of answer.hits) {
    output.line(`${answer._id === undefined ? '' : `${answer._id}\t`}${rank}\t${id}\t${score.toFixed(4)}`);
  }
  if (answer.note !== undefined) output.note(`${answer.query}: ${answer.note}`);
  if (answer.hits.length === 0) output.note(`No document matches "${answer.query}".`);
}
