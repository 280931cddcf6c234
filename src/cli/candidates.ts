/** @file `rec-r1 candidates`: a re-ranking task out of a search task. */
import { configFrom, parseAssignments } from '../app/config.ts';
import { makeCandidates } from '../app/make-candidates.ts';
import { openRetriever } from '../app/open-retriever.ts';
import { openTaskOf } from '../app/task-of.ts';
import { SPLITS } from '../data/task.ts';
import { countOf, defineCommand, noPositionals, required } from './command.ts';
import { encodingNotes } from './encoding-notes.ts';
import { untilInterrupted } from './interrupt.ts';

/** As many as in the paper. */
const DEPTH = 16;

export const candidatesCommand = defineCommand({
  usage: ['candidates --task DIR|sample --out DIR [--depth 16] [--set NAME=VALUE]...'],
  about:
    'Makes a re-ranking task of a search task: each query with the best documents that the recommender finds for it, where at\n' +
    'least one of them is relevant. Train on it as on any task; the order of the retrieval is what there is to beat.',
  options: {
    task: { type: 'string', value: 'DIR', about: 'The search task.' },
    out: { type: 'string', value: 'DIR', about: 'The folder to write; it must be new or empty.' },
    depth: { type: 'string', value: 'N', about: `Candidates of each query; ${DEPTH} unless given.` },
    set: {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      about: 'A setting of the search, such as retriever=URL.',
    },
  },
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const task = required(values.task, '--task', 'tasks/esci');
    const out = required(values.out, '--out', 'tasks/esci-rerank');
    const depth = values.depth === undefined ? DEPTH : countOf(values.depth, '--depth');
    const config = configFrom({ ...parseAssignments(values.set ?? []), task }, '--set');
    const opened = await openTaskOf(config);
    const retriever = await openRetriever(opened, config, { onProgress: encodingNotes(output) });
    const summary = await untilInterrupted((signal) => makeCandidates(opened, retriever, depth, out, signal)).finally(
      async () => retriever.dispose?.(),
    );
    output.object(summary);
    output.line(`${summary.task}: ${summary.documents} documents, up to ${depth} candidates by ${retriever.name}`);
    for (const split of SPLITS) {
      const { examples, queries, originalOrder } = summary;
      const order = examples[split] > 0 ? `, NDCG@10 of their order ${originalOrder[split].toFixed(4)}` : '';
      output.line(`${split}: ${examples[split]} of ${queries[split]} queries have a relevant candidate${order}`);
    }
  },
});
