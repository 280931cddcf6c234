/**
 * @file Where a training stands still while it is paused: between two small pieces of work, with everything in memory.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { StepAbandoned } from '../rl/trainer.ts';
import { type ControlCommand, readControl, requestControl } from '../runs/control.ts';
import type { GuardName, RunState } from '../runs/events.ts';

/** How often the run folder is asked. */
const POLL_MILLIS = 100;
/** Work without a turn for so long is asked to stand still where it is. */
const TURN_IS_LATE_MILLIS = 300;

/** Why the training paused itself; the message is whole sentences. */
export interface PauseReason {
  readonly guard: GuardName;
  readonly message: string;
}

/** A change between running and paused, with its reason where it was not somebody's wish; or news without a change. */
export interface StateChange {
  readonly state: RunState;
  readonly message?: string;
  readonly guard?: GuardName;
}

/** Turns what readers write into the run folder's `control.json` into waiting and stopping. */
export class PauseGate {
  readonly #runDir: string;
  readonly #cancel: AbortSignal;
  readonly #stop = new AbortController();
  #polledAt = 0;
  #pausedMillis = 0;
  /** Since when work without turns stands still; undefined: it does not. */
  #stillSince: number | undefined;
  #state: RunState = 'running';
  #reason: PauseReason | undefined;
  #announce = Promise.withResolvers<StateChange>();

  /** @param stop the caller's own wish to stop; @param cancel ends even a wait. */
  constructor(runDir: string, stop: AbortSignal, cancel: AbortSignal) {
    this.#runDir = runDir;
    this.#cancel = cancel;
    const forward = (): void => {
      this.#stop.abort();
    };
    if (stop.aborted) forward();
    else stop.addEventListener('abort', forward, { once: true });
  }

  /** Aborted when training should end after the step in progress. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Resolves at the next change between running and paused. */
  changed(): Promise<StateChange> {
    return this.#announce.promise;
  }

  /** Lets those who wait for a change know how far something long has come. */
  say(message: string): void {
    this.#tell({ state: this.#state, message });
  }

  /** Monotonic milliseconds without those spent paused: a step is not slow because somebody paused it. */
  now(): number {
    return performance.now() - this.#pausedMillis;
  }

  /** Lets the event loop turn; while paused, waits. Throws when cancelled. */
  async turn(): Promise<void> {
    await nextTurn();
    this.#cancel.throwIfAborted();
    if (Date.now() - this.#polledAt < POLL_MILLIS) return;
    const arrived = performance.now();
    while (this.#shallWait()) {
      this.#become('paused');
      await sleep(POLL_MILLIS, undefined, { signal: this.#cancel });
    }
    if (this.#state === 'paused') this.#pausedMillis += performance.now() - arrived;
    this.#become('running');
  }

  /**
   * Whether work that has no turn for long shall stand still where it is; to be asked until it shall not. Since nothing is awaited
   * there, `record` is told of both changes instead of those who wait for them.
   */
  standsStill(record: (state: RunState) => void): boolean {
    const wasStill = this.#stillSince !== undefined;
    if (!wasStill && Date.now() - this.#polledAt < TURN_IS_LATE_MILLIS) return false;
    const isStill = this.#shallWait();
    if (isStill === wasStill) return isStill;
    const now = performance.now();
    this.#pausedMillis += now - (this.#stillSince ?? now);
    this.#stillSince = isStill ? now : undefined;
    record(isStill ? 'paused' : 'running');
    return isStill;
  }

  /**
   * Pauses for a reason of the training's own, as if somebody had asked for it, until somebody lets it go on.
   *
   * @throws StepAbandoned when it is stopped instead.
   */
  async pauseFor(reason: PauseReason): Promise<void> {
    requestControl(this.#runDir, 'pause');
    this.#reason = reason;
    this.#polledAt = 0;
    await this.turn();
    if (this.#stop.signal.aborted) throw new StepAbandoned(reason.message);
  }

  #shallWait(): boolean {
    return this.#poll() === 'pause' && !this.#stop.signal.aborted;
  }

  #poll(): ControlCommand {
    this.#polledAt = Date.now();
    const command = readControl(this.#runDir);
    if (command === 'stop') this.#stop.abort();
    return command;
  }

  #become(state: RunState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell({ state, ...(state === 'paused' && this.#reason) });
    if (state === 'running') this.#reason = undefined;
  }

  #tell(change: StateChange): void {
    this.#announce.resolve(change);
    this.#announce = Promise.withResolvers<StateChange>();
  }
}
