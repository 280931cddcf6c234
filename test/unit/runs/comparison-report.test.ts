import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareEvaluations } from '../../../src/runs/comparison.ts';
import { comparisonReport } from '../../../src/runs/comparison-report.ts';
import type { EvaluationRow } from '../../../src/runs/events.ts';

function row(query: string, ndcg: number, rewrite: string): EvaluationRow {
  const lists = { baseline: {}, top: [], baselineTop: [] };
  return { exampleId: query, query, rewrite, format: 'ok', metrics: { 'ndcg@10': ndcg }, ...lists };
}

const SIDES = {
  a: { name: 'raw', rows: [row('mug | glue', 0, 'mug | glue'), row('dog', 1, 'dog')], settings: { steps: 5 } },
  b: { name: 'step-000010', rows: [row('mug | glue', 1, 'ceramic\nadhesive'), row('dog', 0.5, 'leash')] },
};

describe('the report of a comparison', () => {
  const comparison = compareEvaluations(SIDES.a, SIDES.b, 'test', { metric: 'ndcg@10' });
  const { markdown, pictures } = comparisonReport([comparison], 'shop', 'report');

  it('has the means, the difference, and the queries of both ends', () => {
    assert.match(markdown, /^# shop: NDCG@10 on 2 test queries\n/);
    assert.match(
      markdown,
      /\| step-000010 \| 0\.750 \[0\.500, 1\.000\] \| \+0\.250 \[.*\] \| \d\.\d{3} \| 1 \/ 0 \/ 1 \|/,
    );
    assert.match(
      markdown,
      /### Gained most\n\n.*\n.*\n\| mug \\\| glue \| mug \\\| glue \| ceramic adhesive \| 0\.000 \| 1\.000 \| \+1\.000 \|/,
    );
    assert.match(markdown, /### Lost most\n\n.*\n.*\n\| dog \| dog \| leash \| 1\.000 \| 0\.500 \| −0\.500 \|/);
    assert.match(markdown, /\| steps \| 5 \| – \|/);
  });

  it('shows the pictures that come with it, and no others', () => {
    const shown = Array.from(markdown.matchAll(/!\[.*?\]\((.*?)\)/g), ([, name]) => name);
    assert.deepEqual(shown, ['report-means.svg', 'report-gains-1.svg']);
    assert.deepEqual(
      pictures.map(({ name }) => name),
      shown,
    );
    const bars = [...pictures[1].svg.matchAll(/<rect [^>]*height="([\d.]+)" fill="(#\w+)"/g)].slice(1);
    assert.deepEqual(
      bars.map(([, height, color]) => [Number(height), color]),
      [
        [70, '#388a34'],
        [35, '#d13438'],
      ],
    );
  });
});
