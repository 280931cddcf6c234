/**
 * @file Checkpoints and recommenders that stay open between questions, so that a second question about either is answered at
 * once; those that were not asked for longest are closed when too many are open.
 */
import { BoundedCache } from '../base/bounded-cache.ts';
import { findCheckpoint } from '../runs/checkpoint.ts';
import { openBackend } from './parts.ts';
import { openRewriterFor, type Rewriter } from './rewrite.ts';
import { openRunSearch, type RunSearch } from './run-search.ts';
import { storedConfig } from './stored-config.ts';

/** Of the weights of all open checkpoints; one that is larger is open alone. */
const MAX_WEIGHT_BYTES = 2 ** 30;
/** Runs whose corpus and index are in memory. */
const MAX_SEARCHES = 2;

export class Rewriters {
  readonly #rewriters = new BoundedCache<Rewriter>(MAX_WEIGHT_BYTES);
  readonly #searches = new BoundedCache<RunSearch>(MAX_SEARCHES);

  /** One that is in use when the next is opened may be closed by that: ask one question after another. */
  async open(runDir: string, checkpoint?: string): Promise<Rewriter> {
    const name = checkpoint ?? (await findCheckpoint(runDir)).name;
    const key = JSON.stringify([runDir, name]);
    const opened = this.#rewriters.get(key);
    if (opened) return opened;
    // The engine starts its threads while the recommender counts its documents.
    const [, search] = await Promise.all([openBackend(storedConfig(runDir)), this.#search(runDir)]);
    const rewriter = await openRewriterFor(search, runDir, name);
    for (const closed of this.#rewriters.set(key, rewriter, rewriter.sizeBytes)) await closed.dispose();
    return rewriter;
  }

  async #search(runDir: string): Promise<RunSearch> {
    const opened = this.#searches.get(runDir);
    if (opened) return opened;
    const search = await openRunSearch(runDir);
    const closed = this.#searches.set(runDir, search);
    // A rewriter searches with what its run shares, so none outlives that.
    if (closed.length > 0) for (const rewriter of this.#rewriters.clear()) await rewriter.dispose();
    for (const { retriever } of closed) await retriever.dispose?.();
    return search;
  }
}
