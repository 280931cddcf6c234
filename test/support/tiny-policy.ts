/** @file A policy of a few hundred random weights and a tokenizer of bytes: everything real but the training. */
import { rngFrom } from '../../src/base/rng.ts';
import { parameterShapes, variable, weightsOf } from '../../src/model/model-folder.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { Tokenizer } from '../../src/model/tokenizer.ts';
import type { ModelConfig } from '../../src/model/weights.ts';

export const TINY: ModelConfig = {
  hiddenSize: 12,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 6,
  feedForwardSize: 20,
  vocabularySize: 128,
  ropeTheta: 10_000,
  rmsNormEpsilon: 1e-6,
  tiedEmbeddings: true,
  maxPositions: 64,
};

/** ASCII codes as ids; 0 ends a completion. */
export const byteTokenizer: Tokenizer = {
  encode: (text) => Array.from(text, (char) => char.charCodeAt(0) % 128),
  decode: (ids) => String.fromCharCode(...ids.filter((id) => id !== 0)),
  renderChat: (messages) => messages.map(({ content }) => `${content}\n`).join(''),
  endIds: [0],
};

/** Dispose with `disposePolicy`. */
export function tinyPolicy(seed = 1, config: ModelConfig = TINY): Policy {
  const rng = rngFrom(seed, 'tiny');
  const parameters = new Map(
    [...parameterShapes(config, true)].map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from(
        { length: size },
        () => (name.includes('norm') ? 1 : 0) + (rng.next() - 0.5) * 0.6,
      );
      return [name, variable(values, shape)] as const;
    }),
  );
  return {
    config,
    raw: {},
    endIds: [0],
    weights: weightsOf(config, parameters),
    parameters,
    tokenizer: byteTokenizer,
    dir: '',
  };
}
