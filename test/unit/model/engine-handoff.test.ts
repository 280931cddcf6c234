import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Handoff } from '../../../src/model/engine/handoff.ts';
import { hasEnded } from '../../../src/model/engine/pool.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';

if (isMainThread) tests();
else {
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
}
