/**
 * @file The runs that the window knows: those in the runs folder, and which of them is the current one. The current run is
 * followed while it trains, for the status bar and the view.
 */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { listRuns, type RunListing } from '../runs/reader.ts';
import type { RunInfo, RecordedEvent } from '../runs/records.ts';
import { watchRun, type RunWatch } from '../runs/watch.ts';
import { showError } from './notify.ts';
import { runsFolder } from './settings.ts';

/** How often the view follows the steps of the current run. */
const REFRESH_MILLIS = 2000;

/** What the status bar shows. */
export interface CurrentRun {
  readonly dir: string;
  /** Null while its process starts. */
  readonly info: RunInfo | null;
  /** Mean reward of the newest step. */
  readonly reward: number | null;
  /** What its guards said, oldest first. */
  readonly guards: readonly GuardEvent[];
}

type GuardEvent = Extract<RecordedEvent, { readonly kind: 'guard' }>;

export class Runs implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #output: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #currentChanged = new vscode.EventEmitter<CurrentRun | null>();
  #current: CurrentRun | null = null;
  #watch: RunWatch | undefined;
  #refreshTimer: NodeJS.Timeout | undefined;

  constructor(context: vscode.ExtensionContext, output: vscode.LogOutputChannel) {
    this.#context = context;
    this.#output = output;
  }

  /** Fires when the list, a state or a checkpoint changed. */
  readonly onDidChange = this.#changed.event;
  readonly onDidChangeCurrent = this.#currentChanged.event;

  get current(): CurrentRun | null {
    return this.#current;
  }

  folder(): string {
    return runsFolder(this.#context);
  }

  /** All runs, newest first. Takes up the one that trains as the current one. */
  list(): readonly RunListing[] {
    const listings = listRuns(this.folder());
    const live = listings.find((item) => item.kind === 'run' && isLive(item.info));
    if (live?.kind === 'run' && !(this.#current?.info && isLive(this.#current.info))) this.follow(live.info.dir);
    return listings;
  }

  /** Makes a run the current one, also one whose process has yet to make it. */
  follow(dir: string): void {
    if (this.#current?.dir === dir && this.#watch) return;
    this.#watch?.stop();
    this.#setCurrent({ dir, info: null, reward: null, guards: [] });
    let shape = '';
    this.#watch = watchRun(
      dir,
      ({ info, events, checkpoints }) => {
        const { reward = null, guards = [] } = this.#current ?? {};
        this.#setCurrent({
          dir,
          info,
          reward: newestReward(events) ?? reward,
          guards: [...guards, ...events.filter((event): event is GuardEvent => event.kind === 'guard')],
        });
        const newShape = `${info.state}/${checkpoints.length}`;
        if (newShape === shape) this.#refreshSoon();
        else this.refresh();
        shape = newShape;
      },
      (error) => {
        this.#watch = undefined;
        void showError(this.#output, error);
      },
    );
  }

  /** Lets go of a run that is about to be deleted. */
  forget(dir: string): void {
    if (this.#current?.dir !== dir) return;
    this.#watch?.stop();
    this.#watch = undefined;
    this.#setCurrent(null);
  }

  /** The list may have changed. */
  refresh(): void {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = undefined;
    this.#changed.fire();
  }

  dispose(): void {
    clearTimeout(this.#refreshTimer);
    this.#watch?.stop();
    this.#changed.dispose();
    this.#currentChanged.dispose();
  }

  /** A step more: worth a look at the list once in a while, since that opens every run. */
  #refreshSoon(): void {
    this.#refreshTimer ??= setTimeout(() => {
      this.refresh();
    }, REFRESH_MILLIS);
  }

  #setCurrent(current: CurrentRun | null): void {
    this.#current = current;
    this.#currentChanged.fire(current);
  }
}

/** Whether a process works on it. */
export function isLive({ state }: RunInfo): boolean {
  return state === 'running' || state === 'paused';
}

/** What a run is called before it can be asked. */
export function runName(dir: string): string {
  return basename(dir);
}

function newestReward(events: readonly RecordedEvent[]): number | null {
  const step = events.findLast((event) => event.kind === 'step');
  return step?.kind === 'step' ? step.metrics.reward : null;
}
