/**
 * @file Every setting of a run: its name, default, bounds and meaning in one table, which the command line, configuration files
 * and the editor's settings share. How a configuration is made of them is in config.ts, what presets make of them in presets.ts.
 *
 * Departures from the paper's recipe are for a model of a few million parameters on a CPU: small batches, a larger learning
 * rate, and temperature 1 with full support. paper.ts has the recipe, and the reason for each default that differs.
 */
import { PROMPT_STYLES } from '../data/prompt.ts';
import {
  ADVANTAGES,
  AGGREGATIONS,
  CHECKPOINTING,
  CORRECTIONS,
  EQUAL_GROUPS,
  KL_ESTIMATORS,
  METHODS,
  RATIO_LEVELS,
} from '../rl/choices.ts';

export interface NumberSetting {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer?: true;
  readonly about: string;
}
interface ChoiceSetting {
  readonly default: string;
  readonly choices: readonly string[];
  readonly about: string;
}
interface TextSetting {
  readonly default: string;
  readonly mayBeEmpty?: true;
  readonly about: string;
}
export type Setting = NumberSetting | ChoiceSetting | TextSetting;

const count = (value: number, max: number, about: string): NumberSetting => ({
  default: value,
  min: 1,
  max,
  integer: true,
  about,
});
const between = (value: number, min: number, max: number, about: string): NumberSetting => ({
  default: value,
  min,
  max,
  about,
});

export const SETTINGS = {
  task: { default: 'sample', about: 'Folder of the task, or "sample" for the bundled one.' },
  model: {
    default: 'starter',
    about: 'Folder of the start policy in Hugging Face layout, or "starter" for the bundled one.',
  },
  backend: {
    default: 'auto',
    choices: ['auto', 'embedded', 'node-gpu', 'node', 'webgpu', 'cpu'],
    about: 'Where tensors are computed. "auto" takes a GPU that works, otherwise the embedded engine.',
  },
  threads: {
    default: 0,
    min: 0,
    max: 64,
    integer: true,
    about: 'Threads of the embedded engine; 0 takes one for each core, 16 at most.',
  },
  priority: {
    default: 'low',
    choices: ['low', 'normal'],
    about: 'How the processor is shared: with "low" everything else on the machine goes first.',
  },
  seed: { default: 1, min: 0, max: 2 ** 31 - 1, integer: true, about: 'Everything random follows from it.' },
  steps: count(160, 1_000_000, 'Optimizer steps.'),
  method: {
    default: 'grpo',
    choices: METHODS,
    about:
      'What a step is: “grpo” and its relatives learn from rewards; “sft” from pairs of query and rewrite, “rejection” from the policy’s own best rewrites, and “dpo” from its best and worst.',
  },
  'pairs.file': {
    default: '',
    mayBeEmpty: true,
    about:
      'A table of pairs (.csv, .tsv, .jsonl, .parquet): “query”, and “rewrite” with or without “reasoning”, or “completion”; for dpo also “rejected”.',
  },
  'pairs.run': {
    default: '',
    mayBeEmpty: true,
    about: 'A run whose stored rewrites are taken, in place of sampling some from the start policy.',
  },
  'pairs.queries': {
    default: 0,
    min: 0,
    max: 10_000_000,
    integer: true,
    about: 'For how many training queries rewrites are sampled to make pairs; 0 is all of them.',
  },
  'pairs.minNdcg': between(0, 0, 1, 'A best rewrite becomes a pair when its NDCG is above this …'),
  'pairs.minGain': between(0, -1, 1, '… and above that of the raw query by more than this.'),
  'pairs.reasoning': {
    default: 'keep',
    choices: ['keep', 'drop'],
    about: 'Whether the reasoning before an answer is learnt too.',
  },
  'dpo.beta': between(0.1, 0.0001, 100, 'DPO: how much a change from the start policy counts.'),
  promptStyle: {
    default: 'auto',
    choices: ['auto', ...PROMPT_STYLES],
    about:
      'How the query is put to the model: the paper’s instructions for a recommender that matches words (with Boolean operators or without), compares meanings or was trained on reviews; or the query alone (what the starter was made for). A prompt.json of the task goes first.',
  },
  'sequence.owned': {
    default: 'excluded',
    choices: ['excluded', 'included'],
    about: 'Whether what a shopper owns already is left out of rankings, or stays in them as in the paper.',
  },
  'rollout.prompts': count(16, 4096, 'Queries per step.'),
  'rollout.groupSize': count(8, 1024, 'Rewrites sampled per query.'),
  'rollout.temperature': between(1, 0.01, 10, 'Sampling temperature.'),
  'rollout.topP': between(1, 0.01, 1, 'Nucleus sampling: the smallest set of tokens with this probability.'),
  'rollout.topK': {
    default: 0,
    min: 0,
    max: 10_000_000,
    integer: true,
    about: 'Only this many of the most likely tokens are sampled from; 0 is no limit.',
  },
  'rollout.minP': between(0, 0, 1, 'Only tokens at least this many times as likely as the likeliest are sampled from.'),
  'rollout.repetitionPenalty': between(
    1,
    0.01,
    10,
    'Above 1, tokens that prompt or completion has already become less likely; the trained distribution is without it.',
  ),
  'rollout.stop': {
    default: '',
    mayBeEmpty: true,
    about: 'What ends a completion besides the model’s end token: a text, or a JSON list of texts and token ids.',
  },
  'rollout.maxPromptTokens': count(
    256,
    100_000,
    'Longer prompts are cut inside the query, the history or the candidates, and counted.',
  ),
  'rollout.maxNewTokens': count(48, 100_000, 'Tokens of a completion at most.'),
  'rollout.traceTokens': {
    default: 'on',
    choices: ['on', 'off'],
    about: 'Whether the run keeps the log-probability of each token, for the panel’s colours: about 12 bytes a token.',
  },
  'reward.preset': {
    default: 'paper',
    choices: ['paper', 'paper-multi', 'additive'],
    about:
      'Sets what the settings of the reward below are unless they are given: the paper’s, the one that also pays 0.2 for the right category, or one that pays for the right format whether or not anything is found.',
  },
  'reward.k': count(100, 100_000, 'Cut-off of the NDCG that is the reward. The paper trains with 1000.'),
  'reward.malformed': between(-2, -100, 100, 'Reward of an answer in the wrong format.'),
  'reward.miss': between(0, -100, 100, 'Reward of a well-formed answer that finds nothing relevant.'),
  'reward.format': between(0.1, -100, 100, 'Added to the NDCG of a well-formed answer that finds something relevant.'),
  'reward.ndcg': between(1, -100, 100, 'Weight of the NDCG.'),
  'reward.recall': between(0, -100, 100, 'Weight of the recall of the first reward.k ranks.'),
  'reward.reciprocalRank': between(0, -100, 100, 'Weight of 1 / rank of the first relevant document.'),
  'reward.category': between(
    0,
    -100,
    100,
    'Weight of the share of the best ten documents with the category of the first relevant one, once that is found. The corpus needs a "category".',
  ),
  'reward.length': between(0, 0, 100, 'Taken off for each word of the rewrite.'),
  'reward.repetition': between(0, 0, 100, 'Weight of the share of repeated words, which is taken off.'),
  'reward.module': {
    default: '',
    mayBeEmpty: true,
    about:
      'A JavaScript module whose default export is called with each well-formed answer and gives its reward in place of the sum of the terms.',
  },
  'reward.moduleSeconds': between(5, 0.01, 3600, 'An answer that the module takes longer for has no reward.'),
  'lora.rank': {
    default: 0,
    min: 0,
    max: 4096,
    integer: true,
    about:
      'Rank of the LoRA adapters, which then train alone and are all that a checkpoint holds; 0 trains every weight.',
  },
  'lora.alpha': between(32, 0.001, 1e6, 'An adapter’s change is multiplied with alpha / rank.'),
  'lora.dropout': between(0, 0, 0.95, 'Share of an adapter’s inputs that is dropped while its gradient is computed.'),
  'lora.targets': {
    default: 'all-linear',
    about: 'Which matrices get an adapter: “all-linear”, or a list such as “q_proj,v_proj”.',
  },
  'lora.rs': {
    default: 'off',
    choices: ['off', 'on'],
    about: 'Rank-stabilised LoRA: alpha / √rank instead of alpha / rank.',
  },
  'grpo.variant': {
    default: 'rec-r1',
    choices: ['rec-r1', 'grpo', 'dr-grpo', 'dapo', 'gspo', 'rloo', 'reinforce++', 'reinforce++-baseline'],
    about:
      'Sets what the settings below are unless they are given: GRPO with a mean over all tokens (Rec-R1), GRPO as first published, or one of its relatives.',
  },
  'grpo.advantage': {
    default: 'grpo',
    choices: ADVANTAGES,
    about:
      'What a reward is compared with: mean and deviation of its group, the mean alone (Dr. GRPO), the mean of the others (RLOO), the whole batch (REINFORCE++), or the group’s mean and then the whole batch (its variant with a baseline).',
  },
  'grpo.aggregation': {
    default: 'tokens',
    choices: AGGREGATIONS,
    about:
      'The loss is a mean over all tokens (DAPO), a mean over completions of the mean over their tokens (GRPO), or a sum over a constant length (Dr. GRPO).',
  },
  'grpo.ratio': {
    default: 'token',
    choices: RATIO_LEVELS,
    about:
      'What is compared with its old probability: each token, a completion by the geometric mean of its tokens (GSPO), or by their product (RLOO).',
  },
  'grpo.clip': between(0.2, 0, 10, 'The ratio of new to old probability is clipped to 1 ± this.'),
  'grpo.clipHigh': between(0, 0, 10, 'The ratio is clipped to 1 + this above; 0 takes grpo.clip.'),
  'grpo.dualClip': between(
    0,
    0,
    1000,
    'The ratio of a completion that did worse than its siblings counts this much at most; 0 is no limit. verl takes 3.',
  ),
  'grpo.kl': between(0.001, 0, 10, 'Weight of the estimated KL divergence to the start policy.'),
  'grpo.klEstimator': {
    default: 'k3',
    choices: KL_ESTIMATORS,
    about: 'How the divergence is estimated: k1 is unbiased, k3 too and of low variance, k2 has the right gradient.',
  },
  'grpo.klPlace': {
    default: 'loss',
    choices: ['loss', 'reward'],
    about: 'Whether the divergence is added to the loss or taken off the reward.',
  },
  'grpo.klSign': {
    default: 'penalty',
    choices: ['penalty', 'paper'],
    about: '“paper” repeats a mistake of the paper’s code, which rewarded the divergence.',
  },
  'grpo.entropy': between(0, 0, 10, 'Weight of the entropy bonus.'),
  'grpo.epochs': count(1, 100, 'Passes over each batch of rollouts.'),
  'grpo.miniBatches': count(1, 4096, 'Parts of the rollouts in a pass, with an optimizer step for each.'),
  'grpo.correction': {
    default: 'off',
    choices: CORRECTIONS,
    about:
      'Truncated importance sampling, for rollouts that were drawn from another distribution than the trained one (top-p, top-k): a weight for each token, or one for each completion.',
  },
  'grpo.correctionCap': between(2, 0.001, 1000, 'The largest weight of the correction.'),
  'grpo.overlong': {
    default: 'keep',
    choices: ['keep', 'mask'],
    about: '“mask” does not learn from completions that the token limit cut; they still count in their group.',
  },
  'grpo.equalGroups': {
    default: 'keep',
    choices: EQUAL_GROUPS,
    about:
      'Groups whose rewards are all equal teach nothing: keep them in the mean over tokens, drop them, or sample other queries in their place (DAPO).',
  },
  'grpo.resampleTries': count(3, 100, 'How often other queries are sampled in a step.'),
  'optimizer.learningRate': between(
    3e-4,
    0,
    1,
    'Learning rate of AdamW; dpo takes 1e-4 unless one is given. The paper uses 1e-6 for 3 billion parameters.',
  ),
  'optimizer.warmup': {
    default: 5,
    min: 0,
    max: 1_000_000,
    integer: true,
    about: 'Steps over which the rate rises from 0.',
  },
  'optimizer.decay': {
    default: 'cosine',
    choices: ['constant', 'cosine'],
    about: 'What the rate does after the warm-up: stay (the paper), or fall to 0 along a cosine.',
  },
  'optimizer.weightDecay': between(0.01, 0, 1, 'Decoupled weight decay.'),
  'optimizer.maxGradNorm': between(1, 0.0001, 1e9, 'The gradient is scaled down to this norm.'),
  'optimizer.microBatchTokens': count(
    2048,
    10_000_000,
    'Padded tokens per forward and backward pass, at most; bounds memory, and how soon a pause acts.',
  ),
  'model.checkpointing': {
    default: 'auto',
    choices: CHECKPOINTING,
    about:
      'Whether the update keeps only the input of each layer and computes the layer once more for its gradient: a fraction of the memory for a third more arithmetic. “auto” takes micro-batches of which all fits into 2 GiB, and does so only where long prompts would then be read over and over.',
  },
  'guard.notFinite': {
    default: 'on',
    choices: ['on', 'off'],
    about:
      'Stop with a checkpoint when a loss or gradient is not a finite number. Its update is left out in either case.',
  },
  'guard.entropy': between(
    0.05,
    0,
    1,
    'Stop when the entropy stays below this share of what it was in the first steps; 0 is off.',
  ),
  'guard.malformed': between(
    0.5,
    0,
    1,
    'Stop when the share of malformed answers stays this much above the lowest it was; 0 is off.',
  ),
  'guard.clipped': between(
    0.5,
    0,
    1,
    'Stop when the share of answers that the token limit cuts stays this much above the lowest it was; 0 is off.',
  ),
  'guard.patience': count(5, 1000, 'For how many steps in a row it must be so before a guard stops the training.'),
  'sink.jsonl': {
    default: '',
    mayBeEmpty: true,
    about: 'A file that gets the metrics of each step and evaluation as JSON Lines while the run trains.',
  },
  'sink.tensorboard': {
    default: '',
    mayBeEmpty: true,
    about: 'A folder in which the run gets a folder with an event file for TensorBoard while it trains.',
  },
  'sink.names': {
    default: 'rec-r1',
    choices: ['rec-r1', 'trl', 'verl'], // as in runs/metric-names.ts, which the compiler holds it to
    about: 'Whose names the metrics have in these files: ours, or those of TRL or verl where they have the same.',
  },
  'evaluation.every': count(40, 1_000_000, 'Steps between evaluations on the validation split.'),
  'evaluation.k': count(10, 100_000, 'Cut-off of the reported NDCG and recall.'),
  'evaluation.samples': {
    default: 0,
    min: 0,
    max: 1024,
    integer: true,
    about:
      'Rewrites sampled per query in an evaluation, for their mean, best and worst; 0 evaluates the greedy one alone.',
  },
  'evaluation.limit': count(1000, 10_000_000, 'Examples of a split that are evaluated at most, the first ones.'),
  'checkpoint.every': count(40, 1_000_000, 'Steps between checkpoints.'),
  'checkpoint.keep': {
    default: 5,
    min: 0,
    max: 1_000_000,
    integer: true,
    about:
      'How many of the newest checkpoints stay, beside the first and the best on the validation split; 0 keeps all.',
  },
  retriever: {
    default: 'bm25',
    about:
      '“bm25” over the task’s corpus, the URL of a recommender of your own, or a .json file that describes one (Elasticsearch, OpenSearch, PostgreSQL, dense vectors, a program, a mixture).',
  },
  'retriever.maxFailed': between(
    0.2,
    0,
    1,
    'Training pauses when a larger share of a step’s searches fails; resuming searches again.',
  ),
  'bm25.k1': between(1.2, 0, 1000, 'How slowly repeats of a term stop paying off.'),
  'bm25.b': between(0.75, 0, 1, 'How hard long documents are marked down.'),
  'bm25.syntax': {
    default: 'words',
    choices: ['words', 'lucene'],
    about:
      'How BM25 reads a query: “words”, a bag without operators, or “lucene”, with AND, OR, NOT, phrases and parentheses as Lucene’s classic query parser reads them.',
  },
} as const satisfies Record<string, Setting>;

type Value<S> = S extends { readonly choices: readonly (infer C)[] }
  ? C
  : S extends { readonly default: number }
    ? number
    : string;

export type SettingName = keyof typeof SETTINGS;
export type RunConfig = { readonly [N in SettingName]: Value<(typeof SETTINGS)[N]> };
