import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { readJson } from '../../../src/base/json-file.ts';
import { packageRoot } from '../../../src/base/package-root.ts';
import { sampleRows, type SamplingOptions } from '../../../src/model/sample-tokens.ts';

/** Made by make_sampling.py with the logits processors of Hugging Face's transformers. */
interface Golden {
  readonly logits: readonly number[];
  readonly before: readonly number[];
  readonly cases: readonly {
    readonly setting: Readonly<Record<string, number>>;
    /** Of the tokens that are left. */
    readonly probabilities: Readonly<Record<string, number>>;
  }[];
}

/** Enough numbers, evenly spread, that every token with a chance is drawn. */
const draws = 1 << 14;

describe('the sampling distribution', () => {
  let golden: Golden;
  before(async () => {
    golden = (await readJson(join(packageRoot(), 'test/golden/model/sampling.json'))) as Golden;
  });

  it('is that of transformers under every setting', () => {
    for (const { setting, probabilities } of golden.cases) {
      const options: SamplingOptions = {
        temperature: setting.temperature,
        topK: setting.top_k,
        topP: setting.top_p,
        minP: setting.min_p,
        repetitionPenalty: setting.repetition_penalty,
      };
      const uniforms = Float32Array.from({ length: draws }, (_, i) => (i + 0.5) / draws);
      const logits = Float32Array.from({ length: draws * 40 }, (_, i) => golden.logits[i % 40]);
      const seen = Array.from({ length: draws }, () => golden.before);
      const { tokens, samplingLogProbs } = sampleRows(logits, 40, uniforms, options, seen);
      const counts = new Map<number, number>();
      for (const [i, token] of tokens.entries()) {
        counts.set(token, (counts.get(token) ?? 0) + 1);
        const expected = probabilities[token];
        const actual = Math.exp(samplingLogProbs[i]);
        assert.ok(
          Math.abs(actual - expected) < 1e-6,
          `${JSON.stringify(setting)}: ${token} has ${actual}, ${expected}`,
        );
      }
      for (const [token, probability] of Object.entries(probabilities)) {
        const share = (counts.get(Number(token)) ?? 0) / draws;
        assert.ok(Math.abs(share - probability) <= 1 / draws, `${JSON.stringify(setting)}: ${token} is drawn ${share}`);
      }
    }
  });
});
