import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { PanelFeed } from '../../../src/extension/panel-feed.ts';
import { openRunWriter } from '../../../src/runs/store.ts';
import type { ToPanel } from '../../../webview/protocol.ts';
import { missing } from '../../../webview/questions.ts';
import { initialState, type PanelAction, reduce, traceKey } from '../../../webview/state.ts';
import { DEMO_TASK, writeDemoRun } from '../../fixtures/demo-run.ts';
import { stepEvent } from '../../fixtures/run-events.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function feedOf(t: TestContext, dir: string, isStarting = false): { feed: PanelFeed; sent: ToPanel[] } {
  const sent: ToPanel[] = [];
  const feed = new PanelFeed(dir, { send: (message) => sent.push(message), isStarting: () => isStarting });
  t.after(() => {
    feed.stop();
  });
  return { feed, sent };
}

/** What crosses to a webview is JSON. */
const asSent = <M>(messages: readonly M[]): M[] => JSON.parse(JSON.stringify(messages)) as M[];

describe('the feed of a panel', () => {
  it('shows the same to a panel that watched from the start as to one that opens later', async (t) => {
    const dir = join(temporaryFolder(t), 'run');
    const early = feedOf(t, dir, true);
    early.feed.start();
    assert.deepEqual(early.sent, [{ kind: 'starting' }]);

    const writer = writeDemoRun(dir, 12, 100);
    t.after(() => {
      writer.close();
    });
    await waitFor(() => early.sent.some((message) => message.kind === 'run'));
    writer.discardAfter(10);
    writer.append(stepEvent(11));
    await waitFor(() => early.sent.at(-1)?.kind === 'run' && reduceAll(early.sent).info?.step === 11);

    const late = feedOf(t, dir);
    late.feed.start();
    assert.equal(late.sent.length, 1);
    const state = reduceAll(late.sent);
    assert.deepEqual(reduceAll(early.sent), state);
    assert.equal(state.steps.length, 11);
    assert.equal(state.discarded.length, 2);
  });

  it('goes on where the page already is', (t) => {
    const dir = join(temporaryFolder(t), 'run');
    const writer = writeDemoRun(dir, 2, 10);
    t.after(() => {
      writer.close();
    });
    const { feed, sent } = feedOf(t, dir);
    feed.tellEarly();
    const [first] = sent;
    assert.ok(first.kind === 'run');
    writer.append(stepEvent(3));
    feed.start(first.events.at(-1)!.id);
    assert.equal(sent.length, 2);
    const whole = feedOf(t, dir);
    whole.feed.start();
    assert.deepEqual(reduceAll(sent), reduceAll(whole.sent));
    assert.equal(reduceAll(sent).steps.length, 3);
    const none = feedOf(t, join(dir, 'none'));
    none.feed.tellEarly();
    assert.deepEqual(none.sent, []);
  });

  it('answers for a step with grades and the titles of what is judged, and with the other titles on demand', (t) => {
    const dir = join(temporaryFolder(t), 'run');
    const writer = writeDemoRun(dir, 1);
    t.after(() => {
      writer.close();
    });
    const { feed, sent } = feedOf(t, dir);
    feed.start();
    feed.sendGroups(1);
    const answer = sent.at(-1);
    assert.ok(answer?.kind === 'groups');
    const judged = answer.groups.flatMap(({ exampleId, baseline, rollouts }) =>
      [baseline, ...rollouts].flatMap(({ top }) => top).filter((id) => id in answer.grades[exampleId]),
    );
    assert.deepEqual(Object.keys(answer.titles).toSorted(), [...new Set(judged)].toSorted());
    const [example] = DEMO_TASK.examples.train;
    assert.deepEqual(answer.grades[example.id], Object.fromEntries(example.relevant));

    const key = traceKey({ step: 1, group: 0, place: 1 });
    const open = reduceAll([...sent, { kind: 'toggle', key }]);
    const [question] = missing(open);
    assert.ok(question.kind === 'titles');
    feed.sendTitles([...question.ids, 'constructor']);
    assert.deepEqual(missing(reduceAll([...sent, { kind: 'toggle', key }])), []);
    const { titles } = reduceAll(sent);
    for (const id of answer.groups[0].baseline.top) {
      assert.equal(titles[id], DEMO_TASK.documents.find((document) => document.id === id)!.title);
    }
    assert.equal(titles['constructor'], 'constructor', 'what nobody has a title for stands for itself');
  });

  it('says why there is no run, with the end of the log', (t) => {
    const dir = temporaryFolder(t);
    writeFileSync(join(dir, 'worker.log'), 'The corpus is empty.\n');
    const { feed, sent } = feedOf(t, dir, true);
    feed.start();
    feed.processEnded('The training process ended with exit code 1.');
    assert.deepEqual(sent.at(-1), {
      kind: 'problem',
      message: 'The training process ended with exit code 1.',
      log: 'The corpus is empty.\n',
    });
  });

  it('says that a run failed when its process died without a word', (t) => {
    const dir = join(temporaryFolder(t), 'run');
    writeDemoRun(dir, 2, 10).close();
    const { feed, sent } = feedOf(t, dir);
    feed.start();
    assert.deepEqual(
      sent.map(({ kind }) => kind),
      ['run', 'problem'],
    );
    assert.equal(reduceAll(sent).info?.state, 'failed');
    openRunWriter(dir).close(); // and it can be taken up again
  });

  it('tells a comparison again to a panel that was hidden', (t) => {
    const dir = join(temporaryFolder(t), 'run');
    writeDemoRun(dir, 1).close();
    const { feed, sent } = feedOf(t, dir);
    feed.start();
    feed.sendLasting({ kind: 'comparison-failed', message: 'no' });
    feed.stop();
    sent.length = 0;
    feed.start();
    assert.equal(sent.at(-1)?.kind, 'comparison-failed');
  });
});

function reduceAll(messages: readonly (ToPanel | PanelAction)[]): ReturnType<typeof reduce> {
  return asSent(messages).reduce(reduce, initialState);
}

async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited 5 seconds in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
