/** @file From a run folder to the messages of its panel. Knows nothing of the editor, so it is tested without one. */
import type { RankingContext, RolloutKey, RunMessage, ToPanel } from '../../webview/protocol.ts';
import { messageOf, UserError } from '../base/errors.ts';
import { openRunReader, type RunReader } from '../runs/reader.ts';
import { changeSince, type RunChange, type RunWatch, watchRun } from '../runs/watch.ts';
import { logTail } from '../worker/launch.ts';
import { packed } from './pack-events.ts';

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

  /** Tells a page that is only being made the run as it is now; nothing where there is none, or it cannot be read. */
  tellEarly(): void {
    try {
      const reader = openRunReader(this.#dir);
      try {
        this.#options.send(runMessage(changeSince(reader, 0), true));
      } finally {
        reader.close();
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // `start` says why
    }
  }

  /** Tells everything after the event with id `known`, then what is new, until stopped. */
  start(known = 0): void {
    this.stop();
    let reset = known === 0;
    this.#watch = watchRun(
      this.#dir,
      (change) => {
        this.#options.send(runMessage(change, reset));
        reset = false;
        if (change.info.state === 'failed') this.#sendProblem(change.info.message ?? 'The run failed.');
      },
      (error) => {
        this.#sendProblem(messageOf(error));
      },
      known,
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
        this.#options.send({ kind: 'other-run', info, ...packed(events), reset });
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

  sendTitles(ids: readonly string[]): void {
    this.#answer((reader) => {
      const titles = reader.titles(ids);
      return { kind: 'titles', titles: Object.fromEntries(ids.map((id) => [id, titles.get(id) ?? id])) };
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

function runMessage({ info, checkpoints, events }: RunChange, reset: boolean): RunMessage {
  return { kind: 'run', info, checkpoints, ...packed(events), reset };
}

/** The grades of some examples, and the titles of what is judged among the documents shown for them. */
function rankingContext(
  reader: RunReader,
  shown: readonly { readonly exampleId: string; readonly ids: readonly string[] }[],
): RankingContext {
  const judged = shown.map(({ exampleId, ids }) => ({ exampleId, ids, grades: reader.judgments(exampleId) }));
  const titles = reader.titles(new Set(judged.flatMap(({ ids, grades }) => ids.filter((id) => grades.has(id)))));
  const grades = judged.map((example) => [example.exampleId, Object.fromEntries(example.grades)] as const);
  return { titles: Object.fromEntries(titles), grades: Object.fromEntries(grades) };
}
