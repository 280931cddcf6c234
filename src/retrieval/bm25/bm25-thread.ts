/** @file Entry of a helper thread: ranks what it is sent, over an index in shared memory. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { addScores, type JudgedNumbers, type QueryTerm, type Scoring, takeStandings } from './bm25.ts';
import { ScoreBoard } from './score-board.ts';
import type { Standings } from './standings.ts';

/** What the pool gives each helper. */
export interface ThreadData {
  readonly scoring: Scoring;
  /** All documents, also those without a word. */
  readonly documents: number;
}

/** A search for ranks alone, all in numbers. */
export interface RankJob extends Omit<JudgedNumbers, 'ids'> {
  readonly terms: readonly QueryTerm[];
}

/** What the pool sends: jobs that are answered together, in their order. */
export interface RankRequest {
  readonly jobs: readonly RankJob[];
  readonly limit: number;
  /** Where the standings of the jobs are sent. */
  readonly reply: MessagePort;
}

const { scoring, documents } = workerData as ThreadData;
const board = new ScoreBoard(documents);

function rank(job: RankJob, limit: number): Standings {
  addScores(scoring, board, job);
  return takeStandings(board, job, limit);
}

parentPort!.on('message', ({ jobs, limit, reply }: RankRequest) => {
  reply.postMessage(jobs.map((job) => rank(job, limit)));
});
