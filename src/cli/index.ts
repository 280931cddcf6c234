/** @file `rec-r1 index` */
import { indexCorpus } from '../app/index-corpus.ts';
import { indexVectors } from '../app/vector-folder.ts';
import { type Output, defineCommand, noPositionals, required } from './command.ts';
import { ENCODER_OPTIONS, type EncodeOptions, vectorOptionsOf } from './encoder-option.ts';
import { encodingNotes } from './encoding-notes.ts';

export const indexCommand = defineCommand({
  usage: ['index --corpus FILE --out DIR [--positions] [--encoder DIR]'],
  about:
    'Builds a BM25 index with Lucene’s English analysis, and with --encoder the documents’ vectors. k1 and b are chosen when it is searched.',
  options: {
    corpus: { type: 'string', value: 'FILE', about: 'JSON Lines with _id, title and text; also .gz.' },
    out: { type: 'string', value: 'DIR', about: 'The folder of the index.' },
    positions: { type: 'boolean', about: 'Also keep where words stand, for phrases (search --syntax lucene).' },
    ...ENCODER_OPTIONS,
  },
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const vectorOptions = vectorOptionsOf(values);
    const corpus = required(values.corpus, '--corpus', 'corpus.jsonl');
    const out = required(values.out, '--out', 'index');
    const summary = await indexCorpus(corpus, out, { positions: values.positions });
    const { index, documents, terms, postings, sizeBytes, documentsPerSecond } = summary;
    output.object(summary);
    output.line(
      `${index}: ${documents} documents, ${terms} terms, ${postings} postings, ` +
        `${(sizeBytes / 1e6).toFixed(1)} MB, ${Math.round(documentsPerSecond)} documents/s`,
    );
    if (vectorOptions) await encode(corpus, out, vectorOptions, output);
  },
});

async function encode(corpus: string, out: string, options: EncodeOptions, output: Output): Promise<void> {
  const onProgress = encodingNotes(output);
  const summary = await indexVectors(corpus, out, options.encoder, { ...options, onProgress });
  const { vectors, documents, dimensions, sizeBytes, documentsPerSecond } = summary;
  output.object(summary);
  output.line(
    `${vectors}: ${documents} vectors of ${dimensions}, ${(sizeBytes / 1e6).toFixed(1)} MB, ` +
      `${Math.round(documentsPerSecond)} documents/s`,
  );
}
