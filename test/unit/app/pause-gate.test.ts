import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PauseGate } from '../../../src/app/pause-gate.ts';
import { StepAbandoned } from '../../../src/rl/trainer.ts';
import { requestControl } from '../../../src/runs/control.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const never = new AbortController().signal;

describe('PauseGate', () => {
  it('waits while the run folder asks for a pause, says so, and leaves the pause out of its clock', async (test) => {
    const dir = temporaryFolder(test);
    const gate = new PauseGate(dir, never, never);
    requestControl(dir, 'pause');
    const [clock, started] = [gate.now(), performance.now()];
    const changed = gate.changed();
    const turn = gate.turn();
    assert.deepEqual(await changed, { state: 'paused' });
    await sleep(300);
    requestControl(dir, 'run');
    assert.deepEqual(await gate.changed(), { state: 'running' });
    await turn;
    const waited = performance.now() - started;
    assert.ok(waited >= 300, `${waited} ms`);
    assert.ok(gate.now() - clock < waited - 250, 'the clock stood still');
  });

  it('pauses for a reason of the training’s own until somebody lets it go on, or gives up when it is stopped', async (test) => {
    const dir = temporaryFolder(test);
    const gate = new PauseGate(dir, never, never);
    const changed = gate.changed();
    const reason = { guard: 'retriever', message: 'The recommender is down.' } as const;
    const paused = gate.pauseFor(reason);
    assert.deepEqual(await changed, { state: 'paused', ...reason });
    requestControl(dir, 'run');
    await paused;
    const again = gate.pauseFor({ ...reason, message: 'It is down again.' });
    requestControl(dir, 'stop');
    await assert.rejects(again, StepAbandoned);
  });

  it('stops waiting when a stop is asked for, and throws when cancelled', async (test) => {
    const dir = temporaryFolder(test);
    requestControl(dir, 'pause');
    const gate = new PauseGate(dir, never, never);
    const turn = gate.turn();
    assert.deepEqual(await gate.changed(), { state: 'paused' });
    requestControl(dir, 'stop');
    await turn;
    assert.equal(gate.stop.aborted, true);

    const cancel = new AbortController();
    requestControl(dir, 'pause');
    const waiting = new PauseGate(dir, never, cancel.signal).turn();
    await sleep(20);
    cancel.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
  });

  it('lets work without turns stand still where it is, until somebody lets it go on or stops it', async (test) => {
    const dir = temporaryFolder(test);
    const gate = new PauseGate(dir, never, never);
    const told: string[] = [];
    const standsStill = (): boolean => gate.standsStill((state) => told.push(state));
    await gate.turn();
    requestControl(dir, 'pause');
    assert.equal(standsStill(), false, 'a turn may still come');
    await sleep(350);
    const clock = gate.now();
    assert.equal(standsStill(), true);
    await sleep(200);
    assert.equal(standsStill(), true);
    requestControl(dir, 'run');
    assert.equal(standsStill(), false);
    assert.deepEqual(told, ['paused', 'running']);
    assert.ok(gate.now() - clock < 150, 'the clock stood still');

    requestControl(dir, 'pause');
    await sleep(350);
    assert.equal(standsStill(), true);
    requestControl(dir, 'stop');
    assert.equal(standsStill(), false);
    assert.equal(gate.stop.aborted, true);
  });
});
