/**
 * @file Makes the starter policy in media/starter: a small Qwen2 with its own tokenizer, pre-trained on the sample's
 * catalogue and its unlabelled training queries. It never sees a judgment. Seeded: run it again and get the same model.
 *
 *     npm run build && node dist/make-starter.mjs [--steps N] [--out DIR]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../base/package-root.ts';
import { type Rng, rngFrom } from '../base/rng.ts';
import { openTask } from '../data/open-task.ts';
import { ANSWER_PREFIX } from '../data/answer.ts';
import { promptMessages } from '../data/prompt.ts';
import { createAdamW } from '../model/adamw.ts';
import { selectBackend } from '../model/backend.ts';
import { variable } from '../model/filled-variable.ts';
import { describeModel, saveWeights, tensorSources, weightsOf } from '../model/model-folder.ts';
import { parameterShapes } from '../model/parameter-shapes.ts';
import type { Policy } from '../model/policy.ts';
import { loadTokenizer } from '../model/tokenizer.ts';
import { sftStep } from '../rl/sft.ts';
import type { TokenSequence } from '../rl/token-batch.ts';
import { randomPair, readSources } from './starter/examples.ts';
import { trainBpe } from './starter/train-bpe.ts';

const SEED = 20250331; // the day the paper appeared
const BATCH = 64;
const PEAK_RATE = 3e-3;
const WARMUP = 100;
/** One prompt in this many is a training query, learned as text. */
const QUERY_SHARE = 8;

const CONFIG = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  hidden_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 384,
  vocab_size: 2048,
  max_position_embeddings: 512,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  hidden_act: 'silu',
  tie_word_embeddings: true,
  torch_dtype: 'float32',
};
const ADDED = [
  { content: '<|endoftext|>', special: true },
  { content: '<|im_start|>', special: true },
  { content: '<|im_end|>', special: true },
  ...['<think>', '</think>', '<answer>', '</answer>'].map((content) => ({ content, special: false })),
];
const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

const { values: options } = parseArgs({
  options: { steps: { type: 'string', default: '2600' }, out: { type: 'string' } },
});
const root = packageRoot();
const out = options.out ?? join(root, 'media', 'starter');
const steps = Number(options.steps);

const { description } = await selectBackend('auto');
console.log(`engine: ${description}`);
const task = await openTask(join(root, 'media', 'sample'));
const queries = task.examples.train.map(({ query }) => query); // the texts alone; judgments are never read
const sources = readSources(task.documents, queries);
await mkdir(out, { recursive: true });
await writeTokenizer();
const policy = await newPolicy();
await pretrain(policy);
await saveWeights(out, policy.raw, tensorSources(policy.parameters), 'F16');
console.log(`wrote ${out}`);

async function writeTokenizer(): Promise<void> {
  const rng = rngFrom(SEED, 'tokenizer');
  const samples = task.documents.flatMap(({ title, text }) => {
    const { query, completion } = randomPair(sources, rng);
    return [title.toLowerCase(), text.toLowerCase(), query, completion];
  });
  const tokenizer = trainBpe([...samples, ...queries], CONFIG.vocab_size, ADDED);
  const idOf = (content: string): number =>
    CONFIG.vocab_size - ADDED.length + ADDED.findIndex((token) => token.content === content);
  const write = (file: string, content: object): Promise<void> =>
    writeFile(join(out, file), JSON.stringify(content, null, 1) + '\n');
  await write('tokenizer.json', tokenizer);
  await write('tokenizer_config.json', {
    tokenizer_class: 'Qwen2Tokenizer',
    bos_token: null,
    eos_token: '<|im_end|>',
    pad_token: '<|endoftext|>',
    unk_token: null,
    model_max_length: CONFIG.max_position_embeddings,
    chat_template: CHAT_TEMPLATE,
  });
  await write('config.json', { ...CONFIG, eos_token_id: idOf('<|im_end|>'), bos_token_id: idOf('<|endoftext|>') });
}

/** Weights as Qwen2 starts: normal with deviation 0.02 (smaller into the residual stream), norms 1, biases 0. */
async function newPolicy(): Promise<Policy> {
  const model = await describeModel(out);
  const rng = rngFrom(SEED, 'weights');
  const parameters = new Map(
    [...parameterShapes(model.config)].map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const residual = /o_proj|down_proj/.test(name) ? 1 / Math.sqrt(2 * model.config.layers) : 1;
      const values = name.endsWith('norm.weight')
        ? new Float32Array(size).fill(1)
        : Float32Array.from({ length: size }, () => (name.endsWith('bias') ? 0 : 0.04 * residual * normal(rng)));
      return [name, variable(values, shape)] as const;
    }),
  );
  const tokenizer = await loadTokenizer(out, model.endIds, model.config.vocabularySize);
  return { ...model, weights: weightsOf(model.config, parameters), parameters, tokenizer, dir: out };
}

async function pretrain(policy: Policy): Promise<void> {
  const optimizer = createAdamW([...policy.parameters.values()]);
  const rng = rngFrom(SEED, 'pretraining');
  const started = performance.now();
  let smoothed = 0;
  for (let step = 1; step <= steps; step++) {
    const sequences = Array.from({ length: BATCH }, (): TokenSequence => {
      if (rng.below(QUERY_SHARE) === 0) return sequence(queries[rng.below(queries.length)], null);
      const { query, completion } = randomPair(sources, rng);
      return sequence(query, completion);
    });
    const { loss } = await sftStep(
      policy,
      optimizer,
      sequences,
      {
        learningRate: rate(step),
        weightDecay: 0.05,
        maxGradNorm: 1,
        microBatchTokens: 16_384,
        checkpointing: 'auto',
      },
      () => Promise.resolve(),
    );
    smoothed = step === 1 ? loss : 0.98 * smoothed + 0.02 * loss;
    if (step % 50 === 0 || step === steps) {
      const seconds = (performance.now() - started) / 1000;
      console.log(`step ${step} of ${steps}  loss ${smoothed.toFixed(3)}  ${(seconds / step).toFixed(2)} s/step`);
    }
  }
}

/** Learns the answer to a prompt or, where there is none, the query as text. */
function sequence(query: string, completion: string | null): TokenSequence {
  const { tokenizer } = policy;
  const prompt = tokenizer.renderChat(promptMessages({ query }, 'plain')) + ANSWER_PREFIX;
  if (completion !== null) {
    return { promptIds: tokenizer.encode(prompt), tokens: tokenizer.encode(`${completion}<|im_end|>`) };
  }
  const [head] = prompt.split(query);
  return { promptIds: tokenizer.encode(head), tokens: tokenizer.encode(query) };
}

/** Linear warm-up, then a cosine down to a tenth. */
function rate(step: number): number {
  const progress = Math.max(0, step - WARMUP) / Math.max(1, steps - WARMUP);
  return PEAK_RATE * Math.min(1, step / WARMUP) * (0.55 + 0.45 * Math.cos(Math.PI * progress));
}

/** Box–Muller. */
function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.next())) * Math.cos(2 * Math.PI * rng.next());
}
