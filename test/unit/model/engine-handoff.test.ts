import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Handoff } from '../../../src/model/engine/handoff.ts';
import { hasEnded } from '../../../src/model/engine/pool.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';

/** Blocks that a helper serves one after another, and how many it has left. */
interface Served {
  readonly blocks: readonly SharedArrayBuffer[];
  readonly left: Int32Array;
}

if (isMainThread) tests();
else if ('blocks' in workerData) {
  const { blocks, left } = workerData as Served;
  for (const block of blocks) {
    new Handoff(block).serve([]);
    Atomics.add(left, 0, 1);
    Atomics.notify(left, 0);
  }
} else {
  // A helper whose only kernel ends the thread, as an exhausted memory would, while it holds a part of a job.
  setImmediate(() => {
    parentPort!.postMessage('ready');
    new Handoff(workerData as SharedArrayBuffer).serve([() => process.exit(3)]);
  });
}

function tests(): void {
  describe('a helper thread that ends', () => {
    after(async () => {
      (await activateEmbedded({ threads: 2 })).dispose();
    });

    it('in the middle of a job does not leave the caller waiting', async () => {
      const handoff = new Handoff();
      const helper = new Worker(new URL(import.meta.url), { workerData: handoff.shared });
      await once(helper, 'message');
      assert.equal(hasEnded(helper), false);
      handoff.publish({ kernel: 0, total: 2, grain: 1, args: [] });
      const slow = (): number => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
        return 0;
      };
      assert.throws(() => {
        handoff.workUntil(0, [slow], () => {
          if (hasEnded(helper)) throw new Error('it has ended');
        });
      }, /it has ended/);
    });

    it('between jobs makes the next one say so, and a new pool works', async () => {
      const started: Worker[] = [];
      const remember = (worker: Worker): void => void started.push(worker);
      process.on('worker', remember);
      const broken = await activateEmbedded({ threads: 3 });
      process.off('worker', remember);
      await started[0].terminate();
      assert.throws(() => {
        broken.pool.run('fill', 1 << 12, 16, [0, 65536]);
      }, /helper thread .* has ended/);
      const { pool, shared } = await activateEmbedded({ threads: 2 });
      const address = shared.heap.allocate(1 << 16);
      pool.run('fill', 1 << 12, 16, [7, address]);
      assert.ok(shared.floats(address, 1 << 14).every((value) => value === 7));
      shared.heap.free(address);
    });
  });

  describe('threads that are asked to stand still', () => {
    it('use no processor until they may go on, and what was under way comes out as ever', async () => {
      const backend = await activateEmbedded({ threads: 3 });
      const a = tf.randomUniform([512, 512], -1, 1, 'float32', 1);
      const products = (): Float32Array => {
        const chain = Array.from({ length: 30 }).reduce<tf.Tensor>((x) => tf.div(tf.matMul(x, a), 16), a);
        return chain.dataSync<'float32'>();
      };
      const expected = tf.tidy(products);
      let asked = 0;
      const used: { readonly at: number; readonly millis: number }[] = [];
      backend.pool.standsStill = () => {
        asked++;
        const { user, system } = process.cpuUsage();
        used.push({ at: performance.now(), millis: (user + system) / 1000 });
        return asked >= 10 && asked < 20;
      };
      assert.deepEqual(tf.tidy(products), expected);
      backend.pool.standsStill = undefined;
      assert.ok(asked > 50, `asked ${asked} times`);
      const [settled, last] = [used[11], used[19]]; // after the chunks in hand
      const [wall, processor] = [last.at - settled.at, last.millis - settled.millis];
      assert.ok(wall > 700 && processor < wall / 4, `${processor} of ${wall} ms`);
      backend.dispose();
    });
  });

  describe('a helper thread that is told to stop', () => {
    it('does so at any moment: between jobs, while it looks for one, and asleep', async () => {
      const handoffs = Array.from({ length: 200 }, () => new Handoff());
      const left = new Int32Array(new SharedArrayBuffer(4));
      const workerData: Served = { blocks: handoffs.map(({ shared }) => shared), left };
      const helper = new Worker(new URL(import.meta.url), { workerData });
      const end = once(helper, 'exit');
      await once(helper, 'online');
      for (const [i, handoff] of handoffs.entries()) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, i / 1000); // up to twice as long as it looks for work
        handoff.stop();
        const heard = Atomics.wait(left, 0, i, 10_000);
        if (heard === 'timed-out') await helper.terminate();
        assert.notEqual(heard, 'timed-out', `stop ${i}`);
      }
      await end;
    });
  });
}
