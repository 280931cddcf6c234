/**
 * @file A recommender that is down should cost time and not the training: when too many searches of one call fail, the call
 * waits until somebody has looked, and only what failed is searched again.
 */
import type { Retriever } from './retriever.ts';

export interface Patience {
  /** Share of the searches of one call that may fail; at 0 every outcome is a ranking. */
  readonly maxFailed: number;
  /** Resolves when searching should go on; throws to give up. The reason is a whole sentence. */
  readonly wait: (reason: string) => Promise<void>;
}

/** The same recommender, whose calls wait instead of ending with too many failures. */
export function patientRetriever(retriever: Retriever, patience: Patience): Retriever {
  const { rankJudged } = retriever;
  return {
    ...retriever,
    search: (queries, limit, signal) => persist(queries, (some) => retriever.search(some, limit, signal), patience),
    ...(rankJudged && {
      rankJudged: (queries, limit, signal) => persist(queries, (some) => rankJudged(some, limit, signal), patience),
    }),
  };
}

/** A query as it is searched for, or with what is looked for in its ranking. */
type Asked = string | { readonly query: string };
type Outcome = { readonly kind: string } | { readonly kind: 'failed'; readonly message: string };

async function persist<Q extends Asked, O extends Outcome>(
  queries: readonly Q[],
  ask: (queries: readonly Q[]) => Promise<readonly O[]>,
  { maxFailed, wait }: Patience,
): Promise<readonly O[]> {
  const outcomes = [...(await ask(queries))];
  for (;;) {
    const failed = outcomes.flatMap((outcome, i) => (outcome.kind === 'failed' ? [i] : []));
    if (failed.length <= maxFailed * queries.length) return outcomes;
    const [first] = failed;
    const { message } = outcomes[first] as Outcome & { readonly kind: 'failed'; readonly message: string };
    const searches = `${failed.length} of ${queries.length} searches failed`;
    await wait(`${searches}, the first (“${queryOf(queries[first])}”) with: ${message.replace(/\.$/, '')}.`);
    const again = await ask(failed.map((i) => queries[i]));
    failed.forEach((i, at) => (outcomes[i] = again[at]));
  }
}

function queryOf(asked: Asked): string {
  return typeof asked === 'string' ? asked : asked.query;
}
