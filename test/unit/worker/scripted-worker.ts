/** @file A worker process that does what a test asks of it by the words of the query. */
import type { FromWorker, ToWorker } from '../../../src/worker/protocol.ts';

const say = (message: FromWorker): void => {
  process.send?.(message);
};
const open = new Set<number>();

process.on('message', (message: ToWorker) => {
  if (message.kind === 'cancel') {
    if (open.delete(message.id)) say({ id: message.id, kind: 'error', message: 'Cancelled.', byUser: true });
    return;
  }
  if (message.kind !== 'rewrite') return;
  const { id } = message;
  const [query] = message.ask.queries;
  if (query === 'die') process.exit(7);
  if (query === 'user error') say({ id, kind: 'error', message: 'The query is empty.', byUser: true });
  else if (query === 'bug') say({ id, kind: 'error', message: 'undefined is not a function', byUser: false });
  else if (query === 'wait') open.add(id);
  else {
    console.log(`asked for ${query}`);
    const rewrite = query === 'environment' ? (process.env.ELECTRON_RUN_AS_NODE ?? 'unset') : `${query}!`;
    // Later questions are answered sooner.
    setTimeout(() => {
      say({
        id,
        kind: 'answer',
        answer: [{ query, rewrite, format: 'ok', completion: String(process.pid), hits: [], baselineHits: [] }],
      });
    }, 40 / id);
  }
});
process.once('disconnect', () => {
  process.exit(0);
});
