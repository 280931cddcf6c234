import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { CoreShare } from '../../../src/model/engine/core-share.ts';
import { Handoff } from '../../../src/model/engine/handoff.ts';

/** Chunks that the helper and the caller did. */
interface Shared {
  readonly handoff: SharedArrayBuffer;
  readonly counts: Int32Array;
  /** Whether the caller has begun the current job. */
  readonly begun: Int32Array;
}

if (isMainThread) tests();
else {
  const { handoff, counts, begun } = workerData as Shared;
  setImmediate(() => {
    parentPort!.postMessage('ready');
    new Handoff(handoff).serve([
      () => {
        Atomics.add(counts, 0, 1);
        Atomics.notify(counts, 0);
        Atomics.wait(begun, 0, 0); // all chunks done before the caller came would leave it nothing to measure
        return 0;
      },
    ]);
  });
}

/** A process of 1 ms jobs that uses `cores` at each moment, and how its helpers fare in each of the next `count` jobs. */
class Simulated {
  cores = 1;
  priority = 10;
  #used = 0;
  #now = 1000;
  readonly #share = new CoreShare({ usedMillis: () => this.#used, priority: () => this.priority });

  idle(millis: number, cores = 0): void {
    this.#now += millis;
    this.#used += millis * cores;
  }

  work(count: number): boolean[] {
    return Array.from({ length: count }, () => {
      const from = this.#now;
      this.idle(1, this.cores);
      return this.#share.helps(from, this.#now);
    });
  }
}

/** Lengths of the stretches of equal answers. */
function stretches(answers: readonly boolean[]): number[] {
  const starts = answers.flatMap((answer, i) => (answer === answers[i - 1] ? [] : i));
  return starts.map((start, i) => (starts[i + 1] ?? answers.length) - start);
}

function tests(): void {
  describe('helpers that have no core of their own', () => {
    it('stand aside, are tried again, and stay away for longer each time, but not for ever', () => {
      const lengths = stretches(new Simulated().work(20000));
      const [helping, aside] = [0, 1].map((odd) => lengths.slice(0, -1).filter((_, i) => i % 2 === odd));
      assert.ok(
        helping.every((length) => length >= 100 && length < 150),
        String(helping),
      );
      assert.deepEqual(aside, [250, 1000, 4000, 4000, 4000, 4000]);
    });

    it('work again once they have one, and begin anew with short absences', () => {
      const simulated = new Simulated();
      simulated.work(3000);
      simulated.cores = 1.8;
      const answers = simulated.work(6000);
      assert.ok(stretches(answers).length === 2 && answers.at(-1));
      simulated.cores = 1;
      const again = stretches(simulated.work(2000));
      assert.equal(again[1], 250);
    });

    it('do not stand aside where two threads run at once, at normal priority, or for what the caller does by itself', () => {
      const parallel = new Simulated();
      parallel.cores = 1.2;
      assert.ok(parallel.work(5000).every(Boolean));
      const normal = new Simulated();
      normal.priority = 0;
      assert.ok(normal.work(5000).every(Boolean));
      const mostlyAlone = new Simulated();
      for (let i = 0; i < 2000; i++) {
        assert.ok(mostlyAlone.work(1)[0]);
        mostlyAlone.idle(3, 1);
      }
    });
  });

  describe('a hand-off whose helpers stand aside', () => {
    const counts = new Int32Array(new SharedArrayBuffer(8));
    const begun = new Int32Array(new SharedArrayBuffer(4));
    let helps = true;
    const share = new CoreShare();
    share.helps = () => helps;
    const handoff = new Handoff(undefined, share);
    const helper = new Worker(new URL(import.meta.url), {
      workerData: { handoff: handoff.shared, counts, begun } satisfies Shared,
    });
    before(() => once(helper, 'message'));
    after(async () => {
      const end = once(helper, 'exit');
      handoff.stop();
      await end; // it has heard of it, standing aside or not
    });

    /** Runs a job; the caller's first chunk waits up to `millis` for the helper to do one. */
    const run = (chunks: number, millis: number): void => {
      const before = Atomics.load(counts, 0);
      Atomics.store(begun, 0, 0);
      handoff.publish({ kernel: 0, total: chunks, grain: 1, args: [] });
      const kernel = (): number => {
        Atomics.store(begun, 0, 1);
        Atomics.notify(begun, 0);
        if (Atomics.load(counts, 0) === before) Atomics.wait(counts, 0, before, millis);
        return Atomics.add(counts, 1, 1);
      };
      handoff.workUntil(0, [kernel], () => undefined);
    };

    it('does all jobs on the caller, and shares them again later', async () => {
      run(4, 10_000);
      assert.ok(counts[0] > 0 && counts[0] + counts[1] === 4, String(counts));
      assert.equal(handoff.isAside, false);
      helps = false;
      run(4, 10_000);
      assert.equal(handoff.isAside, true);
      await sleep(50); // until the helper sleeps
      counts.fill(0);
      run(100, 1);
      assert.deepEqual([...counts], [0, 100]);
      helps = true;
      run(2, 1);
      assert.equal(handoff.isAside, false);
      counts.fill(0);
      run(4, 10_000);
      assert.ok(counts[0] > 0 && counts[0] + counts[1] === 4, String(counts));
      helps = false;
      run(2, 10_000);
      await sleep(50);
    });
  });
}
