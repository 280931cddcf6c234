/** @file `rec-r1 search` */
import { openIndex } from '../app/index-corpus.ts';
import { type SearchAnswer, searchFile, searchOne } from '../app/search.ts';
import { UserError } from '../base/errors.ts';
import { bm25Retriever } from '../retrieval/bm25.ts';
import { BM25_OPTIONS, bm25ParamsOf } from './bm25-option.ts';
import { type Output, countOf, defineCommand, noPositionals, required } from './command.ts';

export const searchCommand = defineCommand({
  usage: ['search --index DIR "QUERY" [-k N]', 'search --index DIR --queries FILE [-k N]'],
  about: 'Ranks the documents of an index. A query is a bag of words: no operators, a repeated word weighs more.',
  options: {
    index: { type: 'string', value: 'DIR', about: 'The folder that rec-r1 index wrote.' },
    queries: { type: 'string', value: 'FILE', about: 'JSON Lines with _id and text; one answer per row.' },
    limit: { type: 'string', short: 'k', value: 'N', about: 'How many documents per query; 10 unless given.' },
    ...BM25_OPTIONS,
  },
  async run({ values, positionals }, output) {
    const limit = countOf(values.limit ?? '10', '-k');
    const [query, ...others] = positionals;
    noPositionals(values.queries === undefined ? others : positionals);
    if (values.queries === undefined && positionals.length === 0) {
      throw new UserError('The query is missing; give it in quotes, or a file of queries with --queries FILE.');
    }
    const index = await openIndex(required(values.index, '--index', 'index'), bm25ParamsOf(values.bm25));
    const retriever = bm25Retriever(index, { paperWrapper: values['paper-wrapper'] });
    if (values.queries === undefined) print(await searchOne(retriever, query, limit), output);
    else for await (const answer of searchFile(retriever, values.queries, limit)) print(answer, output);
  },
});

function print(answer: SearchAnswer, output: Output): void {
  output.object(answer);
  for (const { rank, id, score } of answer.hits) {
    output.line(`${answer._id === undefined ? '' : `${answer._id}\t`}${rank}\t${id}\t${score.toFixed(4)}`);
  }
  if (answer.hits.length === 0) output.note(`No document matches "${answer.query}".`);
}
