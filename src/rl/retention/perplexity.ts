/** @file How surprising a policy finds texts that it was never trained on, in nats per token; e to that power is the perplexity. */
import type { HeldOutText } from '../../data/retention-items.ts';
import type { Policy } from '../../model/policy.ts';
import { logProbsOf } from '../log-probs.ts';
import type { TokenSequence } from '../token-batch.ts';
import type { ProbeOutcome, ProbeSettings } from './probe.ts';

/** Longer texts are read in pieces of this many tokens, each after the last token of the piece before. */
const WINDOW = 256;

/** The mean over a text's tokens of −log p, for each text. A text of a single token without a context says nothing: 0. */
export async function surprise(
  policy: Policy,
  texts: readonly HeldOutText[],
  { microBatchTokens, turn }: ProbeSettings,
): Promise<ProbeOutcome> {
  const windows = texts.map((text) => windowsOf(policy, text));
  const logProbs = await logProbsOf(policy, windows.flat(), { temperature: 1, microBatchTokens }, turn);
  let next = 0;
  const values = windows.map((parts) => {
    const found = parts.flatMap(() => logProbs[next++]);
    return found.length === 0 ? 0 : -found.reduce((sum, value) => sum + value, 0) / found.length;
  });
  return { values };
}

function windowsOf({ tokenizer }: Policy, { context = '', text }: HeldOutText): TokenSequence[] {
  const [before, ids] = [tokenizer.encode(context), tokenizer.encode(text)];
  // Without a context the first token is only read: there is nothing to predict it from.
  const all = before.length > 0 ? ids : ids.slice(1);
  const first = before.length > 0 ? before : ids.slice(0, 1);
  const windows: TokenSequence[] = [];
  for (let start = 0; start < all.length; start += WINDOW) {
    const promptIds = start === 0 ? first : [all[start - 1]];
    windows.push({ promptIds, tokens: all.slice(start, start + WINDOW) });
  }
  return windows;
}
