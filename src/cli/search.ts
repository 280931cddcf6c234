/** @file `rec-r1 search` */
import { openIndex } from '../app/index-corpus.ts';
import { type ExplainedAnswer, explainAnswer, searchFile, searchOne } from '../app/search.ts';
import { UserError } from '../base/errors.ts';
import { QUERY_SYNTAXES, bm25Retriever } from '../retrieval/bm25/bm25-retriever.ts';
import type { MovedDocument } from '../retrieval/bm25/explain.ts';
import { BM25_OPTIONS, bm25ParamsOf } from './bm25-option.ts';
import { type Output, countOf, defineCommand, noPositionals, optionalOneOf, required } from './command.ts';
import { printAnswer } from './print-answer.ts';
import { RECOMMENDER_OPTIONS, searchRecommender } from './search-recommender.ts';
import { VECTOR_SEARCH_OPTIONS, searchVectors } from './search-vectors.ts';

export const searchCommand = defineCommand({
  usage: [
    'search --index DIR "QUERY" [-k N] [--syntax lucene] [--explain [--original QUERY]]',
    'search --index DIR --queries FILE [-k N] [--syntax lucene]',
    'search --index DIR --dense|--hybrid "QUERY" [-k N] [--explain]',
    'search --retriever FILE|URL [--task DIR] "QUERY" [-k N]',
  ],
  about:
    'Ranks the documents of an index. A query is a bag of words, a repeated word weighing more, unless --syntax lucene gives it operators.',
  options: {
    index: { type: 'string', value: 'DIR', about: 'The folder that rec-r1 index wrote.' },
    queries: { type: 'string', value: 'FILE', about: 'JSON Lines with _id and text; one answer per row.' },
    limit: { type: 'string', short: 'k', value: 'N', about: 'How many documents per query; 10 unless given.' },
    explain: { type: 'boolean', about: 'Show what each term adds to the score of each hit.' },
    original: { type: 'string', value: 'QUERY', about: 'With --explain: what QUERY changed against this one.' },
    ...BM25_OPTIONS,
    ...VECTOR_SEARCH_OPTIONS,
    ...RECOMMENDER_OPTIONS,
  },
  async run({ values, positionals }, output) {
    const limit = countOf(values.limit ?? '10', '-k');
    const [query, ...others] = positionals;
    noPositionals(values.queries === undefined ? others : positionals);
    if (values.queries === undefined && positionals.length === 0) {
      throw new UserError('The query is missing; give it in quotes, or a file of queries with --queries FILE.');
    }
    if (values.explain && (values.queries ?? values.retriever ?? values['paper-wrapper'])) {
      throw new UserError('--explain works on one plain query; leave out --queries, --retriever and --paper-wrapper.');
    }
    const { retriever: recommender, task, queries } = values;
    if (recommender !== undefined) {
      await searchRecommender({ retriever: recommender, task, query, queries, limit }, output);
      return;
    }
    const dir = required(values.index, '--index', 'index');
    if (values.dense || values.hybrid) {
      await searchVectors({ dir, query, queries, limit, explain: values.explain ?? false }, values, output);
      return;
    }
    const index = await openIndex(dir, bm25ParamsOf(values.bm25));
    const syntax = optionalOneOf(QUERY_SYNTAXES, values.syntax, '--syntax');
    const retriever = bm25Retriever(index, { syntax, paperWrapper: values['paper-wrapper'] });
    if (queries !== undefined) {
      for await (const answer of searchFile(retriever, queries, limit)) printAnswer(answer, output);
      return;
    }
    const answer = await searchOne(retriever, query, limit);
    if (values.explain)
      printExplained(explainAnswer(index, answer, { original: values.original, syntax, limit }), output);
    else printAnswer(answer, output);
  },
});

function printExplained(answer: ExplainedAnswer, output: Output): void {
  printAnswer(answer, output);
  for (const { id, terms } of answer.hits) {
    output.line(`\n${id}`);
    for (const { term, score, frequency, documentFrequency } of terms) {
      const times = Number.isInteger(frequency) ? `${frequency} times` : `${frequency.toFixed(2)} times, inexactly,`;
      output.line(`  ${score.toFixed(4)}  ${term} (${times} here, in ${documentFrequency} documents)`);
    }
  }
  if (!answer.rewrite) return;
  output.line('\nAgainst the original query:');
  for (const { term, change, before, after } of answer.rewrite.terms)
    output.line(`  ${change} ${term} (${before} → ${after})`);
  for (const document of answer.rewrite.documents) output.line(`  ${movedLine(document)}`);
}

function movedLine({ id, rankBefore, rankAfter, by, excludedBy }: MovedDocument): string {
  const reasons = by.slice(0, 5).map(({ term, score }) => `${term} ${score > 0 ? '+' : ''}${score.toFixed(4)}`);
  const parts = [`${id}: rank ${rankBefore ?? 'none'} → ${rankAfter ?? 'none'}`];
  if (excludedBy)
    parts.push(excludedBy.rule === 'forbidden' ? `it has ${excludedBy.clause}, which is forbidden` : `it lacks ${excludedBy.clause}, which is required`); // prettier-ignore
  else if (reasons.length > 0) parts.push(`by ${reasons.join(', ')}`);
  return parts.join(', ');
}
