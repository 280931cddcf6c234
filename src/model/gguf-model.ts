/**
 * @file A whole model as a GGUF file for llama.cpp: what its hyperparameters and tensors are called there.
 *
 * llama.cpp turns neighbouring dimensions together for Llama, where Hugging Face's layout turns the first half of a head
 * with the second; the rows of Llama's queries and keys are put in that order here. Vectors stay float32.
 */
import { UserError } from '../base/errors.ts';
import { type GgufTensor, type GgufValue, writeGguf } from './gguf.ts';
import { tokenizerMetadata } from './gguf-tokenizer.ts';
import type { ModelDescription } from './model-folder.ts';
import { inverseFrequencies, type RopeScaling, rotationOf } from './rope.ts';
import type { DType, TensorSource } from './safetensors.ts';
import type { ModelConfig } from './weights.ts';

/** llama.cpp's numbers for what most of a file's tensors are. */
const FILE_TYPE: Readonly<Record<DType, number>> = { F32: 0, F16: 1, BF16: 32 };

/** Hugging Face's names of the parts of a layer, and llama.cpp's. */
const PARTS: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

export interface GgufModel extends Pick<ModelDescription, 'config' | 'raw'> {
  readonly tensors: ReadonlyMap<string, TensorSource>;
  /** The folder of the tokenizer. */
  readonly dir: string;
}

/**
 * Writes a model and its tokenizer to one file.
 *
 * @throws UserError for what llama.cpp cannot compute: sliding windows, dynamic rotary scaling, unknown tokenizers.
 */
export async function writeGgufModel(path: string, model: GgufModel, name: string, dtype: DType): Promise<void> {
  const architecture = String(model.raw.model_type);
  refuse(model.config, model.dir);
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: name }],
    ['general.file_type', { type: 'uint32', value: FILE_TYPE[dtype] }],
    ...hyperparameters(model.config).map(([key, value]) => [`${architecture}.${key}`, value] as const),
    ...(await tokenizerMetadata(model.dir, model.config.vocabularySize)),
  ]);
  await writeGguf(path, metadata, tensorsOf(model, architecture === 'llama', dtype));
}

function refuse({ windows, ropeScaling }: ModelConfig, dir: string): void {
  if (windows?.some((window) => window !== undefined)) {
    throw new UserError(
      `${dir}: llama.cpp has no sliding windows for this family; export the model as merged instead.`,
    );
  }
  if (ropeScaling?.kind === 'dynamic' || (ropeScaling?.kind === 'yarn' && !isPlainYarn(ropeScaling))) {
    throw new UserError(`${dir}: llama.cpp has no such rotary scaling; export the model as merged instead.`);
  }
}

/** llama.cpp knows YaRN as the paper has it, without the numbers that a configuration may change. */
function isPlainYarn(scaling: Extract<RopeScaling, { kind: 'yarn' }>): boolean {
  const { factor, attentionFactor, betaFast, betaSlow, truncate } = scaling;
  return (
    truncate && betaFast === 32 && betaSlow === 1 && Math.abs(attentionFactor - (0.1 * Math.log(factor) + 1)) < 1e-6
  );
}

function hyperparameters(config: ModelConfig): (readonly [string, GgufValue])[] {
  const whole = (value: number): GgufValue => ({ type: 'uint32', value });
  const real = (value: number): GgufValue => ({ type: 'float32', value });
  return [
    ['vocab_size', whole(config.vocabularySize)],
    ['context_length', whole(config.maxPositions)],
    ['embedding_length', whole(config.hiddenSize)],
    ['block_count', whole(config.layers)],
    ['feed_forward_length', whole(config.feedForwardSize)],
    ['attention.head_count', whole(config.heads)],
    ['attention.head_count_kv', whole(config.keyValueHeads)],
    ['attention.key_length', whole(config.headSize)],
    ['attention.value_length', whole(config.headSize)],
    ['attention.layer_norm_rms_epsilon', real(config.rmsNormEpsilon)],
    ['rope.dimension_count', whole(config.headSize)],
    ['rope.freq_base', real(config.ropeTheta)],
    ...ropeScaling(config),
  ];
}

/** Llama 3's is a tensor of its own. */
function ropeScaling({ ropeScaling: scaling }: ModelConfig): (readonly [string, GgufValue])[] {
  if (scaling?.kind !== 'linear' && scaling?.kind !== 'yarn') return [];
  const keys: (readonly [string, GgufValue])[] = [
    ['rope.scaling.type', { type: 'string', value: scaling.kind }],
    ['rope.scaling.factor', { type: 'float32', value: scaling.factor }],
  ];
  if (scaling.kind === 'yarn') {
    keys.push(['rope.scaling.original_context_length', { type: 'uint32', value: scaling.originalPositions }]);
  }
  return keys;
}

function tensorsOf({ config, tensors }: GgufModel, turnsNeighbours: boolean, dtype: DType): Map<string, GgufTensor> {
  const written = new Map<string, GgufTensor>();
  if (config.ropeScaling?.kind === 'llama3') written.set('rope_freqs.weight', frequencyFactors(config));
  for (const [name, source] of tensors) {
    const heads = /q_proj/.test(name) ? config.heads : /k_proj/.test(name) ? config.keyValueHeads : undefined;
    const values = async (): Promise<Float32Array> => {
      const stored = await source.values();
      return turnsNeighbours && heads !== undefined ? interleaved(stored, heads, config.headSize) : stored;
    };
    const { shape } = source;
    written.set(ggufName(name), { shape, dtype: shape.length === 1 ? 'F32' : dtype, values });
  }
  return written;
}

function ggufName(name: string): string {
  if (name === 'model.embed_tokens.weight') return 'token_embd.weight';
  if (name === 'model.norm.weight') return 'output_norm.weight';
  if (name === 'lm_head.weight') return 'output.weight';
  const [, layer, part, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name)!;
  return `blk.${layer}.${PARTS[part]}.${kind}`;
}

/** Rows (or single values) of each head in the order 0, E/2, 1, E/2 + 1, … */
function interleaved(values: Float32Array, heads: number, headSize: number): Float32Array {
  const row = values.length / (heads * headSize);
  const half = headSize / 2;
  const turned = new Float32Array(values.length);
  for (let to = 0; to < heads * headSize; to++) {
    const within = to % headSize;
    const from = to - within + (within >> 1) + (within % 2) * half;
    turned.set(values.subarray(from * row, (from + 1) * row), to * row);
  }
  return turned;
}

/** By how much each frequency is divided [E/2]. */
function frequencyFactors(config: ModelConfig): GgufTensor {
  const { frequencies } = rotationOf(config, 1);
  const plain = inverseFrequencies(config.ropeTheta, config.headSize);
  const factors = Float32Array.from(plain, (frequency, i) => frequency / frequencies[i]);
  return { shape: [factors.length], dtype: 'F32', values: () => factors };
}
