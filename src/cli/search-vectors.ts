/** @file `rec-r1 search --dense` and `--hybrid`: an index that was made with --encoder. */
import { openIndex } from '../app/index-corpus.ts';
import { type FusedAnswer, searchFile, searchFused, searchOne } from '../app/search.ts';
import { openVectorFolder } from '../app/vector-folder.ts';
import { UserError } from '../base/errors.ts';
import { QUERY_SYNTAXES, bm25Retriever } from '../retrieval/bm25/bm25-retriever.ts';
import { DEVICES } from '../retrieval/dense/encoder.ts';
import { FUSIONS, hybridRetriever } from '../retrieval/hybrid.ts';
import { BM25_OPTIONS, bm25ParamsOf } from './bm25-option.ts';
import { type Options, type Output, type Values, optionalOneOf } from './command.ts';
import { printAnswer } from './print-answer.ts';

export const VECTOR_SEARCH_OPTIONS = {
  dense: { type: 'boolean', about: 'Search the documents’ vectors, which index --encoder made.' },
  hybrid: { type: 'boolean', about: 'Fuse the rankings of BM25 and of the vectors.' },
  fusion: { type: 'string', value: 'NAME', about: `With --hybrid: ${FUSIONS.join(', ')}; the first unless given.` },
  weights: { type: 'string', value: 'A,B', about: 'With --hybrid: what BM25 and the vectors weigh; 1,1 unless given.' },
  encoder: { type: 'string', value: 'DIR', about: 'Where the encoder’s folder is now, when it has moved.' },
  device: { type: 'string', value: 'NAME', about: 'What runs the encoder: cpu or webgpu; cpu unless given.' },
} as const satisfies Options;

type VectorValues = Values<typeof VECTOR_SEARCH_OPTIONS & typeof BM25_OPTIONS>;

export interface SearchRequest {
  readonly dir: string;
  readonly query: string;
  /** The file of queries, in place of one query. */
  readonly queries: string | undefined;
  readonly limit: number;
  readonly explain: boolean;
}

export async function searchVectors(request: SearchRequest, values: VectorValues, output: Output): Promise<void> {
  const { dir, query, queries, limit } = request;
  if (values.dense && values.hybrid) throw new UserError('--dense and --hybrid exclude each other; give one of them.');
  if (request.explain && !values.hybrid)
    throw new UserError('--explain does not work with --dense: a product has no parts.');
  const device = optionalOneOf(DEVICES, values.device, '--device');
  const dense = await openVectorFolder(dir, { encoder: values.encoder, device });
  try {
    if (!values.hybrid) {
      if (queries === undefined) printAnswer(await searchOne(dense, query, limit), output);
      else for await (const answer of searchFile(dense, queries, limit)) printAnswer(answer, output);
      return;
    }
    const index = await openIndex(dir, bm25ParamsOf(values.bm25));
    const syntax = optionalOneOf(QUERY_SYNTAXES, values.syntax, '--syntax');
    const bm25 = bm25Retriever(index, { syntax, paperWrapper: values['paper-wrapper'] });
    const fusion = optionalOneOf(FUSIONS, values.fusion, '--fusion');
    const hybrid = hybridRetriever([bm25, dense], { fusion, weights: weightsOf(values.weights) });
    if (request.explain) printFused(await searchFused(hybrid, query, limit), output);
    else if (queries === undefined) printAnswer(await searchOne(hybrid, query, limit), output);
    else for await (const answer of searchFile(hybrid, queries, limit)) printAnswer(answer, output);
  } finally {
    await dense.dispose?.();
  }
}

function weightsOf(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const weights = text.split(',').map(Number);
  if (weights.length === 2 && weights.every((weight) => weight >= 0)) return weights;
  throw new UserError(`--weights is "${text}"; give two numbers of at least 0, such as 1,0.5.`);
}

function printFused(answer: FusedAnswer, output: Output): void {
  printAnswer(answer, output);
  for (const { id, parts } of answer.hits) {
    output.line(`\n${id}`);
    for (const { retriever, rank, score, contribution } of parts) {
      output.line(`  ${contribution.toFixed(4)}  ${retriever}: rank ${rank}, score ${score.toFixed(4)}`);
    }
  }
}
