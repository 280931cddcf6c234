/** @file Instruction checks against IFEval's own; `ifeval/make.py` made the verdicts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Row } from '../../src/base/checks.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { follows, followsLoosely } from '../../src/rl/retention/instruction-checks.ts';

interface Verdict {
  readonly id: string;
  readonly arguments: Row;
  readonly response: string;
  readonly strict: boolean;
  readonly loose: boolean;
}

const { verdicts } = JSON.parse(readFileSync(join(packageRoot(), 'test/golden/ifeval/ifeval.json'), 'utf8')) as {
  readonly verdicts: readonly Verdict[];
};

/** IFEval reads “C++” as a regular expression, and NaN as JSON. */
const DEPARTURES = ['C+ kettle', 'NaN'];

describe('instructions are judged as IFEval judges them', () => {
  for (const [id, all] of Map.groupBy(verdicts, (verdict) => verdict.id)) {
    const some = all.filter(({ response }) => !DEPARTURES.includes(response));
    it(`${id}, in ${some.length} responses`, () => {
      const ours = some.map(({ arguments: args, response }) => ({ response, strict: follows(response, id, args), loose: followsLoosely(response, id, args) })); // prettier-ignore
      assert.deepEqual(ours, some.map(({ response, strict, loose }) => ({ response, strict, loose }))); // prettier-ignore
    });
  }

  it('but for what its checkers let pass by accident', () => {
    for (const { id, arguments: args, response, strict } of verdicts) {
      if (DEPARTURES.includes(response)) assert.deepEqual([follows(response, id, args), strict], [false, true]);
    }
  });
});
