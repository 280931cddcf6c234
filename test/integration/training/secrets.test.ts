import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { requestControl } from '../../../src/runs/control.ts';
import { recR1 } from '../../fixtures/command-line.ts';
import { serveLoopback } from '../../fixtures/loopback-server.ts';
import { reaches, settings } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const PASSWORD = 'correct-horse-7481';
const LOGIN = `elastic:${PASSWORD}`;
const SHOWN = /security_exception: refused Basic \*\*\*, that is \*\*\*/;

/** The address of an Elasticsearch that refuses every search and repeats what it was sent, as a careless proxy would. */
async function gossip(test: TestContext): Promise<string> {
  const { url } = await serveLoopback(test, ({ body, headers }, response) => {
    assert.equal(headers.authorization, `Basic ${Buffer.from(LOGIN).toString('base64')}`);
    const error = { type: 'security_exception', reason: `refused ${headers.authorization}, that is ${LOGIN}` };
    const count = body.trimEnd().split('\n').length / 2;
    response.end(JSON.stringify({ responses: Array.from({ length: count }, () => ({ error, status: 403 })) }));
  });
  return url;
}

describe('the key of a recommender', () => {
  it('is in no file of a run and in nothing that is printed, even when the server tells it', async (test) => {
    const folder = temporaryFolder(test);
    const description = join(folder, 'shop.json');
    const spec = { kind: 'elasticsearch', index: 'shop', fields: ['title'], auth: { basic: 'SHOP_LOGIN' } };
    writeFileSync(description, JSON.stringify({ ...spec, url: await gossip(test) }));
    process.env['SHOP_LOGIN'] = LOGIN;
    test.after(() => {
      delete process.env['SHOP_LOGIN'];
    });

    const outputs = join(folder, 'answers.jsonl');
    writeFileSync(outputs, '{"_id":"Q0002","generated_text":"washable blanket"}\n');
    const sample = ['--task', join(packageRoot(), 'media/sample'), '--outputs', outputs, '--bare'];
    const scored = await recR1('score', ...sample, '--set', `retriever=${description}`, '--json');
    assert.match(scored.stdout, SHOWN);

    const runDir = join(folder, 'run');
    const training = recR1('train', '--run', runDir, '--json', ...settings({ retriever: description }));
    const { message } = await reaches(runDir, ({ state }) => state === 'paused');
    assert.match(message ?? '', SHOWN);
    requestControl(runDir, 'stop');
    const trained = await training;

    const files = readdirSync(runDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    assert.ok(files.some(({ name }) => name === 'run.sqlite'));
    const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
    for (const secret of [PASSWORD, Buffer.from(LOGIN).toString('base64')]) {
      for (const text of [scored.stdout, scored.stderr, trained.stdout, trained.stderr, ...texts]) {
        assert.ok(!text.includes(secret));
      }
    }
  });
});
