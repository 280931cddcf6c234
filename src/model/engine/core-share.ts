/**
 * @file Whether helper threads are worth waking: not when something of higher priority has taken their cores.
 *
 * Beside such a program the operating system puts all our threads on the cores that are left. On a single one they take turns, and
 * each turn costs a switch, so that several threads are slower than one. The process shows it: while the caller works on jobs
 * or waits for them, it uses no more than the time of one core. Among equals that is a passing state, and helpers pay in the long run.
 */
import { getPriority } from 'node:os';

/** Shorter ones would ask for the processor's time too often, longer ones would contain what is not our work. */
const spanMillis = 20;
/** How long is measured before helpers are sent away; the system moves threads between cores in tenths of a second. */
const windowMillis = 100;
/** How long they are away at first, at most, and what makes it longer each time. */
const leastAway = 250;
const mostAway = 4000;
const growth = 4;
/** Cores that the process uses when its helpers add nothing: the caller's, and what the system and the runtime's own threads blur. */
const oneCore = 1.1;

/** What the system says of this process. */
export interface ProcessState {
  /** The processor's time that all its threads have used so far (ms). */
  readonly usedMillis: () => number;
  /** Its niceness: above 0 others go first. */
  readonly priority: () => number;
}

const thisProcess: ProcessState = {
  usedMillis: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  priority: getPriority,
};

export class CoreShare {
  readonly #process: ProcessState;
  /** A span of time, in most of which the caller should have worked or waited. */
  #span = { from: 0, used: 0, busy: 0 };
  /** Sums over the spans of a window. */
  #window = { wall: 0, used: 0 };
  /** How long helpers are away, or were before they were tried again, and how much of that is left. */
  #away = 0;
  #left = 0;

  constructor(state = thisProcess) {
    this.#process = state;
  }

  /** Whether helpers should work; to be asked after each time (ms) in which the caller worked on jobs or waited for them. */
  helps(from: number, to: number): boolean {
    if (this.#left > 0) {
      this.#left -= to - from;
      if (this.#left > 0) return false;
      this.#left = 0;
      this.#beginSpan(to);
      return true;
    }
    this.#span.busy += to - from;
    if (to - this.#span.from >= spanMillis) this.#endSpan(to);
    if (this.#window.wall >= windowMillis) this.#endWindow();
    return this.#left === 0;
  }

  #beginSpan(from: number): void {
    this.#span = { from, used: this.#process.usedMillis(), busy: 0 };
  }

  #endSpan(to: number): void {
    const { from, used, busy } = this.#span;
    this.#beginSpan(to);
    if (busy < (to - from) / 2) return;
    this.#window.wall += to - from;
    this.#window.used += this.#span.used - used;
  }

  /** Helpers that were of no use once more are away for longer. */
  #endWindow(): void {
    const { wall, used } = this.#window;
    this.#window = { wall: 0, used: 0 };
    const isCrowded = this.#process.priority() > 0 && used <= oneCore * wall;
    this.#away = isCrowded ? Math.min(mostAway, Math.max(leastAway, growth * this.#away)) : 0;
    this.#left = this.#away;
  }
}
