import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { httpRecommender } from '../../fixtures/http-recommender.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

describe('rec-r1 with a recommender of one’s own', () => {
  it('asks it from the command line, one query or a file of them', async (test) => {
    const recommender = await httpRecommender();
    test.after(() => {
      recommender.close();
    });
    const file = join(temporaryFolder(test), 'shop.recommender.json');
    writeFileSync(
      file,
      JSON.stringify({ kind: 'hybrid', parts: [{ kind: 'http', url: recommender.url }, { kind: 'bm25' }] }),
    );
    const sample = join(packageRoot(), 'media/sample');
    const alone = await recR1(...['search', '--retriever', file, 'lumbar cushion']);
    assert.match(alone.stderr, /searches the documents of a task; name it with --task DIR/);
    const search = ['search', '--retriever', file, '--task', sample, '-k', '3'];
    const [fused] = (await recR1Json(...search, 'lumbar cushion')) as { hits: { id: string }[] }[];
    const [single] = (await recR1Json('search', '--retriever', recommender.url, '-k', '3', 'lumbar cushion')) as { hits: { id: string }[] }[]; // prettier-ignore
    assert.equal(fused.hits.length, 3);
    assert.deepEqual(fused.hits.map(({ id }) => id), single.hits.map(({ id }) => id)); // prettier-ignore
    const answers = (await recR1Json(...search, '--queries', join(sample, 'queries.jsonl'))) as { _id: string }[];
    const lines = readFileSync(join(sample, 'queries.jsonl'), 'utf8').trim().split('\n');
    assert.equal(answers.length, lines.length);
  });

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
