/**
 * @file `config.json` of the Qwen2, Qwen3 and Llama families, as transformers writes it now (`rope_parameters`,
 * `layer_types`) and wrote it before (`rope_theta`, `rope_scaling`, `max_window_layers`).
 *
 * What would be read wrongly is refused by name: another architecture, activation, quantization or rotary embedding.
 */
import { describe, isRow, type Row } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import type { RopeScaling } from './rope.ts';
import type { ModelConfig } from './weights.ts';

const ARCHITECTURES = ['Qwen2ForCausalLM', 'Qwen3ForCausalLM', 'LlamaForCausalLM'] as const;
type Architecture = (typeof ARCHITECTURES)[number];

/** Far more than any model has: a wrong number must not make a list of a billion names. */
const mostLayers = 1000;

/** The fields of an object in the file that `path` names. */
interface Fields {
  readonly raw: Row;
  readonly path: string;
}

/** @throws UserError naming the file and the field that makes no sense or is not supported. */
export function modelConfig(raw: Row, path: string): ModelConfig {
  const fields = { raw, path };
  const architecture = architectureOf(fields);
  refuseUnsupported(fields);
  const heads = size(fields, 'num_attention_heads');
  const maxPositions = size(fields, 'max_position_embeddings', 4096);
  const headSize = size(
    fields,
    'head_dim',
    architecture === 'Qwen3ForCausalLM' ? 128 : size(fields, 'hidden_size') / heads,
  );
  const keyValueHeads = size(fields, 'num_key_value_heads', heads);
  if (heads % keyValueHeads !== 0) throw wrong(fields, 'num_key_value_heads', `a divisor of the ${heads} heads`);
  if (headSize % 2 !== 0) throw wrong(fields, 'head_dim', 'even, for rotary positions turn pairs of dimensions');
  const layers = size(fields, 'num_hidden_layers');
  if (layers > mostLayers) throw wrong(fields, 'num_hidden_layers', `${mostLayers} at most`);
  const rope = ropeFields(fields);
  return {
    hiddenSize: size(fields, 'hidden_size'),
    layers,
    heads,
    keyValueHeads,
    headSize,
    feedForwardSize: size(fields, 'intermediate_size'),
    vocabularySize: size(fields, 'vocab_size'),
    ropeTheta: positive(rope, 'rope_theta', 10_000),
    ropeScaling: ropeScaling(rope, maxPositions),
    rmsNormEpsilon: positive(fields, 'rms_norm_eps', 1e-6),
    tiedEmbeddings: raw.tie_word_embeddings === true,
    maxPositions,
    attentionBias: architecture === 'Qwen2ForCausalLM' ? 'qkv' : raw.attention_bias === true ? 'all' : undefined,
    feedForwardBias: architecture === 'LlamaForCausalLM' && raw.mlp_bias === true,
    queryKeyNorm: architecture === 'Qwen3ForCausalLM',
    windows: architecture === 'LlamaForCausalLM' ? undefined : windows(fields, layers),
  };
}

function architectureOf({ raw, path }: Fields): Architecture {
  const named = Array.isArray(raw.architectures) ? (raw.architectures as unknown[])[0] : undefined;
  const architecture = ARCHITECTURES.find((known) => known === named);
  if (architecture) return architecture;
  throw new UserError(
    `${path}: architecture ${describe(named)} is not supported; use one of ${ARCHITECTURES.join(', ')}.`,
  );
}

function refuseUnsupported(fields: Fields): void {
  const { raw, path } = fields;
  if (isRow(raw.quantization_config)) {
    throw new UserError(`${path}: quantized weights are not supported; use the model's F32, F16 or BF16 folder.`);
  }
  if ((raw.hidden_act ?? 'silu') !== 'silu') throw wrong(fields, 'hidden_act', '"silu"');
  if ((raw.partial_rotary_factor ?? 1) !== 1) throw wrong(fields, 'partial_rotary_factor', '1');
}

/** Where the rotary embedding is described; what the older field says goes first, as in transformers. */
function ropeFields({ raw, path }: Fields): Fields {
  const described = [raw.rope_scaling, raw.rope_parameters].find(isRow) ?? {};
  return {
    raw: {
      rope_theta: raw.rope_theta,
      ...described,
      ...('original_max_position_embeddings' in raw && {
        original_max_position_embeddings: raw.original_max_position_embeddings,
      }),
    },
    path: `${path}: rope scaling`,
  };
}

function ropeScaling(fields: Fields, maxPositions: number): RopeScaling | undefined {
  const kind: unknown = fields.raw.rope_type ?? fields.raw.type ?? 'default';
  const originalPositions = (): number => positive(fields, 'original_max_position_embeddings', maxPositions);
  switch (kind) {
    case 'default':
      if (Object.values(fields.raw).some(isRow)) throw wrong(fields, 'rope_parameters', 'the same for all layers');
      return undefined;
    case 'linear':
    case 'dynamic':
      return { kind, factor: positive(fields, 'factor') };
    case 'llama3':
      return {
        kind,
        factor: positive(fields, 'factor'),
        lowFrequencyFactor: positive(fields, 'low_freq_factor'),
        highFrequencyFactor: positive(fields, 'high_freq_factor'),
        originalPositions: originalPositions(),
      };
    case 'yarn':
      return yarn(fields, originalPositions(), maxPositions);
    default:
      throw wrong(fields, 'rope_type', '"default", "linear", "dynamic", "llama3" or "yarn"');
  }
}

function yarn(fields: Fields, originalPositions: number, maxPositions: number): RopeScaling {
  const { raw } = fields;
  const factor = positive(fields, 'factor', maxPositions / originalPositions);
  const magnitude = (by: number): number => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  const ownMagnitudes = Boolean(raw.mscale) && Boolean(raw.mscale_all_dim);
  const usual = ownMagnitudes
    ? magnitude(positive(fields, 'mscale')) / magnitude(positive(fields, 'mscale_all_dim'))
    : magnitude(1);
  return {
    kind: 'yarn',
    factor,
    originalPositions,
    attentionFactor: positive(fields, 'attention_factor', usual),
    betaFast: positive(fields, 'beta_fast', 32),
    betaSlow: positive(fields, 'beta_slow', 1),
    truncate: raw.truncate !== false,
  };
}

/** How far each layer sees back; undefined where all see everything. */
function windows(fields: Fields, layers: number): readonly (number | undefined)[] | undefined {
  const { raw } = fields;
  if (raw.use_sliding_window !== true || raw.sliding_window === null || raw.sliding_window === undefined) {
    if (layerTypes(fields, layers)?.includes('sliding_attention')) {
      throw wrong(fields, 'use_sliding_window', 'true with a sliding_window, since layer_types asks for one');
    }
    return undefined;
  }
  const width = size(fields, 'sliding_window');
  const first = typeof raw.max_window_layers === 'number' ? raw.max_window_layers : 28;
  const types = layerTypes(fields, layers);
  const slides = (layer: number): boolean => (types ? types[layer] === 'sliding_attention' : layer >= first);
  const all = Array.from({ length: layers }, (_, layer) => (slides(layer) ? width : undefined));
  return all.some((window) => window !== undefined) ? all : undefined;
}

function layerTypes(fields: Fields, layers: number): readonly unknown[] | undefined {
  const types = fields.raw.layer_types ?? undefined;
  if (types === undefined) return undefined;
  const known = ['full_attention', 'sliding_attention'];
  if (Array.isArray(types) && types.length === layers && types.every((type) => known.includes(type as string))) {
    return types as unknown[];
  }
  throw wrong(fields, 'layer_types', `a list of "full_attention" or "sliding_attention" for each of ${layers} layers`);
}

/** A whole number that is not zero. */
function size(fields: Fields, name: string, fallback?: number): number {
  const value = fields.raw[name] ?? fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw wrong(fields, name, 'a positive whole number', value);
}

function positive(fields: Fields, name: string, fallback?: number): number {
  const value = fields.raw[name] ?? fallback;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw wrong(fields, name, 'a positive number', value);
}

function wrong({ raw, path }: Fields, name: string, expected: string, value = raw[name]): UserError {
  return new UserError(`${path}: ${name} is ${describe(value)}; it must be ${expected}.`);
}
