/** @file A completion token by token, for people to look at: what each token added to the text, and how likely it was. */
import type { Tokenizer } from '../model/tokenizer.ts';
import type { TokenTrace } from '../runs/events.ts';
import type { SampledCompletion } from './rollout.ts';

/** Stands in a decoded text where a token ends in the middle of a character. */
const INCOMPLETE = /\uFFFD+$/;

/** @param reference of each token under the start policy, where it was asked. */
export function tokenTrace(
  { tokens, text, logProbs }: SampledCompletion,
  tokenizer: Pick<Tokenizer, 'decode'>,
  reference: readonly number[] | undefined,
): TokenTrace {
  return { pieces: piecesOf(tokens, text, tokenizer), logProbs, ...(reference && { reference }) };
}

/** One by one where that gives the text, which is the rule; otherwise what each adds to the ones before it. */
function piecesOf(tokens: readonly number[], text: string, { decode }: Pick<Tokenizer, 'decode'>): string[] {
  const single = tokens.map((token) => decode([token]));
  if (single.join('') === text) return single;
  let shown = 0;
  return tokens.map((_, i) => {
    const isLast = i === tokens.length - 1;
    const known = isLast ? text : decode(tokens.slice(0, i + 1)).replace(INCOMPLETE, '');
    const piece = text.slice(shown, Math.max(shown, known.length));
    shown += piece.length;
    return piece;
  });
}
