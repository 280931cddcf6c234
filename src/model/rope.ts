/**
 * @file How fast each pair of dimensions turns with the position: rotary embedding and the ways in which Qwen and Llama
 * stretch it over longer texts, as transformers defines them (its `modeling_rope_utils.py`).
 *
 * YaRN: arXiv 2309.00071. Dynamic NTK depends on the length of the whole sequence once that exceeds what the model was
 * trained with; then a cache of earlier keys and a full pass disagree, so generation refuses such lengths.
 */
import type { ModelConfig } from './weights.ts';

export type RopeScaling =
  | { readonly kind: 'linear' | 'dynamic'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Positions before the stretching. */
      readonly originalPositions: number;
    }
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalPositions: number;
      /** Cosines and sines are multiplied by this. */
      readonly attentionFactor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** The range of the ramp is widened to whole dimensions. */
      readonly truncate: boolean;
    };

/** The same object for the same model and length: engines keep tables of cosines and sines for its frequencies. */
export interface Rotation {
  /** [E/2], radians for each position. */
  readonly frequencies: readonly number[];
  /** Cosines and sines are multiplied by this. */
  readonly scale: number;
}

const rotations = new Map<string, Rotation>();

/** The rotation of sequences of `length` tokens; only dynamic scaling depends on it, beyond the model's own positions. */
export function rotationOf(config: ModelConfig, length = config.maxPositions): Rotation {
  const { ropeTheta, headSize, ropeScaling, maxPositions } = config;
  const stretched = ropeScaling?.kind === 'dynamic' ? Math.max(length, maxPositions) : undefined;
  const key = JSON.stringify([ropeTheta, headSize, ropeScaling, maxPositions, stretched]);
  let rotation = rotations.get(key);
  if (!rotation) rotations.set(key, (rotation = scaled(config, stretched ?? maxPositions)));
  return rotation;
}

function scaled({ ropeTheta, headSize, ropeScaling, maxPositions }: ModelConfig, length: number): Rotation {
  const plain = inverseFrequencies(ropeTheta, headSize);
  if (!ropeScaling) return { frequencies: plain, scale: 1 };
  const { factor } = ropeScaling;
  switch (ropeScaling.kind) {
    case 'linear':
      return { frequencies: plain.map((f) => Math.fround(f / factor)), scale: 1 };
    case 'dynamic': {
      const stretch = (factor * length) / maxPositions - (factor - 1);
      return {
        frequencies: inverseFrequencies(ropeTheta * stretch ** (headSize / (headSize - 2)), headSize),
        scale: 1,
      };
    }
    case 'llama3':
      return { frequencies: plain.map((f) => llama3(f, ropeScaling)), scale: 1 };
    case 'yarn':
      return { frequencies: yarn(plain, ropeTheta, ropeScaling), scale: ropeScaling.attentionFactor };
    default:
      return ropeScaling satisfies never;
  }
}

/** theta^(-2i/E) for i < E/2, rounded to float32 at each step as the reference implementations round. */
export function inverseFrequencies(theta: number, headSize: number): readonly number[] {
  return Array.from({ length: headSize / 2 }, (_, i) =>
    Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / headSize))),
  );
}

/** Long waves are stretched by the factor, short ones left alone, those between blended. */
function llama3(frequency: number, scaling: Extract<RopeScaling, { kind: 'llama3' }>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const turns = (originalPositions * frequency) / (2 * Math.PI);
  if (turns > high) return frequency;
  if (turns < low) return Math.fround(frequency / factor);
  const kept = (turns - low) / (high - low);
  return Math.fround(((1 - kept) * frequency) / factor + kept * frequency);
}

/** Dimensions that turn often are left alone, those that turn less than once are stretched, a ramp lies between. */
function yarn(
  plain: readonly number[],
  theta: number,
  { factor, originalPositions, betaFast, betaSlow, truncate }: Extract<RopeScaling, { kind: 'yarn' }>,
): readonly number[] {
  const size = 2 * plain.length;
  /** The dimension that makes this many turns within the original positions. */
  const dimensionOf = (turns: number): number =>
    (size * Math.log(originalPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [dimensionOf(betaFast), dimensionOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, size - 1);
  const width = high === low ? 0.001 : high - low;
  return plain.map((frequency, i) => {
    const stretched = Math.min(1, Math.max(0, (i - low) / width));
    return Math.fround((frequency / factor) * stretched + frequency * (1 - stretched));
  });
}
