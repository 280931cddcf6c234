import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

describe('rec-r1 with a recommender of one’s own', () => {
  it('scores by what the server at the URL returns, and says when a search failed', async (test) => {
    const dir = temporaryFolder(test);
    mkdirSync(join(dir, 'qrels'));
    writeFileSync(join(dir, 'corpus.jsonl'), '{"_id":"d1","title":"Pan"}\n{"_id":"d2","title":"Lid"}\n');
    writeFileSync(join(dir, 'queries.jsonl'), '{"_id":"q1","text":"fry"}\n{"_id":"q2","text":"fry"}\n');
    writeFileSync(join(dir, 'qrels/test.tsv'), 'q1\td2\t1\nq2\td2\t1\n');
    const outputs = join(dir, 'answers.jsonl');
    writeFileSync(outputs, '{"_id":"q1","generated_text":"good"}\n{"_id":"q2","generated_text":"broken"}\n');
    const server = createServer((request, response) => {
      void json(request).then((body) => {
        const results = (body as { queries: string[] }).queries.map(
          (query) =>
          query === 'good' ? { hits: [{ id: 'd1', score: 2 }, { id: 'd2', score: 1 }] } : { error: 'no such index' }, // prettier-ignore
        );
        response.end(JSON.stringify({ results }));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    test.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const score = ['score', '--task', dir, '--outputs', outputs, '--bare', '--metric', 'mrr', '--set'];
    const [scoring] = await recR1Json(...score, `retriever=http://127.0.0.1:${port}/`);
    const { metrics, rows } = scoring as {
      metrics: Record<string, number>;
      rows: { reward: number | null; error?: string }[];
    };
    assert.equal(metrics['mrr'], 0.5);
    assert.equal(rows[1].reward, null);
    assert.match(rows[1].error!, /no such index/);
    const { status, stderr } = await recR1(...score, 'retriever=elastic');
    assert.deepEqual([status, /retriever is "elastic"; it must be bm25, a URL/.test(stderr)], [1, true]);
  });
});
