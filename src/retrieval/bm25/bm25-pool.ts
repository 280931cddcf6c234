/**
 * @file Large batches over large indexes, ranked by all cores: the caller and helper threads over one index in shared memory.
 * Only numbers travel. Results do not depend on how many helpers there are.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { packageRoot } from '../../base/package-root.ts';
import { addScores, type Bm25Index, postingsOf, type Scoring, takeStandings } from './bm25.ts';
import type { RankJob, RankRequest, ThreadData } from './bm25-thread.ts';
import type { Standings } from './standings.ts';

/** More threads than this wait for memory more than they add. */
const MOST_THREADS = 8;
/**
 * Postings and documents that a batch goes through, below which the caller is done before helpers have begun: about 30 ms.
 * A corpus of some ten thousand documents stays below it with a usual batch.
 */
const MIN_WORK = 2e7;

export class RankPool {
  readonly #index: Bm25Index;
  readonly #helperCount: number;
  readonly #minWork: number;
  /** Started when the first large batch comes. */
  #helpers: Worker[] = [];

  constructor(index: Bm25Index, helpers = Math.min(MOST_THREADS, availableParallelism()) - 1, minWork = MIN_WORK) {
    this.#index = index;
    this.#helperCount = helpers;
    this.#minWork = minWork;
  }

  /** Whether a batch is large enough for helpers to pay. */
  pays(queries: readonly Pick<RankJob, 'terms'>[]): boolean {
    const total = queries.reduce((sum, query) => sum + this.#workOf(query), 0);
    return this.#helperCount > 0 && queries.length > 1 && total >= this.#minWork;
  }

  /** The standings of each job, in their order. */
  async rank(jobs: readonly RankJob[], limit: number): Promise<readonly Standings[]> {
    this.#start();
    const work = jobs.map((job) => this.#workOf(job));
    const [own, ...others] = cut(work, this.#helperCount + 1).map(([start, end]) => jobs.slice(start, end));
    const answers = others.map((part, i) => ask(this.#helpers[i], part, limit));
    return [this.#rankHere(own, limit), ...(await Promise.all(answers))].flat();
  }

  /** Ends the helpers; they also end with the process. */
  async dispose(): Promise<void> {
    await Promise.all(this.#helpers.map((helper) => helper.terminate()));
    this.#helpers = [];
  }

  #workOf(query: Pick<RankJob, 'terms'>): number {
    return postingsOf(this.#index, query) + this.#index.postings.ids.length;
  }

  #rankHere(jobs: readonly RankJob[], limit: number): Standings[] {
    const index = this.#index;
    return jobs.map((job) => {
      addScores(index, index.board, job);
      return takeStandings(index.board, job, limit);
    });
  }

  #start(): void {
    const { postings, divisors, scores } = this.#index;
    const { offsets, documents, documentCount } = postings;
    const scoring: Scoring = { postings: { offsets, documents, documentCount }, divisors, scores };
    const workerData: ThreadData = { scoring, documents: postings.ids.length };
    while (this.#helpers.length < this.#helperCount) {
      const file = pathToFileURL(join(packageRoot(), 'dist/bm25-thread.mjs'));
      const helper = new Worker(file, { workerData, execArgv: [] });
      helper.unref();
      this.#helpers.push(helper);
    }
  }
}

/** At most `count` ranges [start, end) of about equal work. */
function cut(work: readonly number[], count: number): [number, number][] {
  const share = work.reduce((sum, amount) => sum + amount, 0) / count;
  const ranges: [number, number][] = [];
  let [start, sum] = [0, 0];
  work.forEach((amount, i) => {
    sum += amount;
    const isLast = i + 1 === work.length;
    if (!isLast && (ranges.length + 1 === count || sum < share * (ranges.length + 1))) return;
    ranges.push([start, i + 1]);
    start = i + 1;
  });
  return ranges;
}

/** The answer comes through a channel of its own, so that several batches may be under way. */
async function ask(helper: Worker, jobs: readonly RankJob[], limit: number): Promise<readonly Standings[]> {
  const { port1: answer, port2: reply } = new MessageChannel();
  helper.postMessage({ jobs, limit, reply } satisfies RankRequest, [reply]);
  return new Promise((resolve, reject) => {
    answer.once('message', (standings: readonly Standings[]) => {
      resolve(standings);
      answer.close();
    });
    answer.once('close', () => {
      reject(new Error('a thread ended before it had ranked'));
    }); // no effect after an answer
  });
}
