/** @file `rec-r1 index` */
import { indexCorpus } from '../app/index-corpus.ts';
import { defineCommand, noPositionals, required } from './command.ts';

export const indexCommand = defineCommand({
  usage: ['index --corpus FILE --out DIR [--positions]'],
  about: 'Builds a BM25 index with Lucene’s English analysis. k1 and b are chosen when it is searched.',
  options: {
    corpus: { type: 'string', value: 'FILE', about: 'JSON Lines with _id, title and text; also .gz.' },
    out: { type: 'string', value: 'DIR', about: 'The folder of the index.' },
    positions: { type: 'boolean', about: 'Also keep where words stand, for phrases (search --syntax lucene).' },
  },
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const corpus = required(values.corpus, '--corpus', 'corpus.jsonl');
    const out = required(values.out, '--out', 'index');
    const summary = await indexCorpus(corpus, out, { positions: values.positions });
    const { index, documents, terms, postings, sizeBytes, documentsPerSecond } = summary;
    output.object(summary);
    output.line(
      `${index}: ${documents} documents, ${terms} terms, ${postings} postings, ` +
        `${(sizeBytes / 1e6).toFixed(1)} MB, ${Math.round(documentsPerSecond)} documents/s`,
    );
  },
});
