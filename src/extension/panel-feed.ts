/** @file From a run folder to the messages of its panel. Knows nothing of the editor, so it is tested without one. */
import type { RankingContext, RolloutKey, ToPanel } from '../../webview/protocol.ts';
import { messageOf } from '../base/errors.ts';
import type { RunReader } from '../runs/reader.ts';
import { watchRun, type RunWatch } from '../runs/watch.ts';
import { logTail } from '../worker/launch.ts';

export interface FeedOptions {
  readonly send: (message: ToPanel) => void;
  /** Whether a process is on its way that will make the run. */
  readonly isStarting: () => boolean;
}

export class PanelFeed {
  readonly #dir: string;
  readonly #options: FeedOptions;
  #watch: RunWatch | undefined;
  /** The runs that are laid over this one, by folder. */
  readonly #overlays = new Map<string, RunWatch>();
  /** The last comparison: dear to make, so it is told again when the panel was hidden. */
  #lasting: ToPanel | undefined;

  constructor(dir: string, options: FeedOptions) {
    this.#dir = dir;
    this.#options = options;
  }

  /** Tells everything, then what is new, until stopped. */
  start(): void {
    this.stop();
    let reset = true;
    this.#watch = watchRun(
      this.#dir,
      (change) => {
        const { send } = this.#options;
        send({ kind: 'run', ...change, reset });
        reset = false;
        if (change.info.state === 'failed') this.#sendProblem(change.info.message ?? 'The run failed.');
      },
      (error) => {
        this.#sendProblem(messageOf(error));
      },
    );
    if (!this.#watch.reader()) {
      if (this.#options.isStarting()) this.#options.send({ kind: 'starting' });
      else this.#sendProblem(`There is no run in ${this.#dir}.`);
    }
    if (this.#lasting) this.#options.send(this.#lasting);
  }

  stop(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    this.overlay([]);
  }

  /** Tells everything of these runs and no others, then what is new. */
  overlay(dirs: readonly string[]): void {
    for (const [dir, watch] of this.#overlays) {
      if (dirs.includes(dir)) continue;
      watch.stop();
      this.#overlays.delete(dir);
    }
    for (const dir of dirs) if (!this.#overlays.has(dir)) this.#overlays.set(dir, this.#follow(dir));
  }

  #follow(dir: string): RunWatch {
    let reset = true;
    return watchRun(
      dir,
      ({ info, events }) => {
        this.#options.send({ kind: 'other-run', info, events, reset });
        reset = false;
      },
      (error) => {
        this.#overlays.delete(dir);
        this.#sendProblem(messageOf(error));
      },
    );
  }

  /** The process that should have made the run is gone; where there is a run, its folder says why. */
  processEnded(reason: string): void {
    if (this.#watch && !this.#watch.reader()) this.#sendProblem(reason);
  }

  sendGroups(step: number): void {
    this.#answer((reader) => {
      const groups = reader.groups(step);
      const shown = groups.map(({ exampleId, baseline, rollouts }) => ({
        exampleId,
        ids: [baseline.top, ...rollouts.map(({ top }) => top)].flat(),
      }));
      return { kind: 'groups', step, groups, ...rankingContext(reader, shown) };
    });
  }

  sendTrace({ step, group, place }: RolloutKey): void {
    this.#answer((reader) => ({ kind: 'trace', step, group, place, trace: reader.trace(step, group, place) }));
  }

  sendRows(evaluation: number): void {
    this.#answer((reader) => {
      const rows = reader.evaluationRows(evaluation);
      const shown = rows.map(({ exampleId, top, baselineTop }) => ({ exampleId, ids: [...top, ...baselineTop] }));
      return { kind: 'rows', evaluation, rows, ...rankingContext(reader, shown) };
    });
  }

  /** Tells something now, and again when the panel comes back. */
  sendLasting(message: ToPanel): void {
    this.#lasting = message;
    this.#options.send(message);
  }

  #answer(make: (reader: RunReader) => ToPanel): void {
    const reader = this.#watch?.reader();
    if (!reader) return; // hidden meanwhile: the panel asks again
    try {
      this.#options.send(make(reader));
    } catch (error) {
      this.#sendProblem(messageOf(error));
    }
  }

  #sendProblem(message: string): void {
    this.#options.send({ kind: 'problem', message, log: logTail(this.#dir) });
  }
}

/** Titles and grades for some examples and the documents shown for them. */
export function rankingContext(
  reader: RunReader,
  shown: readonly { readonly exampleId: string; readonly ids: readonly string[] }[],
): RankingContext {
  const titles = reader.titles(new Set(shown.flatMap(({ ids }) => ids)));
  const grades = shown.map(({ exampleId }) => [exampleId, Object.fromEntries(reader.judgments(exampleId))] as const);
  return { titles: Object.fromEntries(titles), grades: Object.fromEntries(grades) };
}
