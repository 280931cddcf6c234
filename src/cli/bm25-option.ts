/** @file The options with which commands choose BM25's parameters. */
import { UserError } from '../base/errors.ts';
import { ANSERINI_BM25, type Bm25Params, PAPER_BM25 } from '../retrieval/bm25/bm25.ts';
import type { Options } from './command.ts';

export const BM25_OPTIONS = {
  bm25: { type: 'string', value: 'K1,B', about: 'paper (1.2,0.75, the default), anserini (0.9,0.4), or two numbers.' },
  'paper-wrapper': {
    type: 'boolean',
    about: 'Send (contents:QUERY) as the paper’s code does, first word lost; only to reproduce its figures.',
  },
  syntax: {
    type: 'string',
    value: 'NAME',
    about: 'words (a bag of words, the default), or lucene (AND, OR, NOT, +, -, "phrases"~2, parentheses, boosts^2).',
  },
} as const satisfies Options;

export function bm25ParamsOf(text: string | undefined): Bm25Params {
  if (text === undefined || text === 'paper') return PAPER_BM25;
  if (text === 'anserini') return ANSERINI_BM25;
  const [k1, b] = (/^(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)$/.exec(text) ?? []).slice(1).map(Number);
  if (!(b <= 1)) {
    throw new UserError(`--bm25 is "${text}"; give paper, anserini, or k1 and b such as 1.2,0.75 (b at most 1).`);
  }
  return { k1, b };
}
