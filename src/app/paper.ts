/**
 * @file The paper's recipes as configurations (Rec-R1, arXiv 2503.24289; values of the released training scripts), and why
 * each default of ours that differs from them does.
 *
 * A recipe names every setting that the scripts or the defaults under them decide, also where ours is the same, so that it
 * stays the paper's when a default changes.
 */
import { type RunConfig, SETTINGS, type SettingName } from './settings.ts';

type Recipe = Readonly<Partial<RunConfig>>;

interface PaperPreset {
  /** What it is for, in a line. */
  readonly about: string;
  readonly recipe: Recipe;
  /** What the settings alone do not say. */
  readonly notes: readonly string[];
}

const DENSE_RETRIEVER = 'blair.recommender.json';

const COMMON = {
  model: 'Qwen2.5-3B-Instruct',
  promptStyle: 'paper-boolean',
  'rollout.prompts': 32,
  'rollout.groupSize': 12,
  'rollout.temperature': 0.6,
  'rollout.topP': 0.95,
  'rollout.topK': 0,
  'rollout.maxPromptTokens': 256,
  'rollout.maxNewTokens': 512,
  'reward.preset': 'paper',
  'reward.k': 1000,
  'reward.malformed': -2,
  'reward.miss': 0,
  'reward.format': 0.1,
  'reward.ndcg': 1,
  'lora.rank': 0,
  'grpo.variant': 'rec-r1',
  'grpo.advantage': 'grpo',
  'grpo.aggregation': 'tokens',
  'grpo.ratio': 'token',
  'grpo.clip': 0.2,
  'grpo.kl': 0.001,
  'grpo.klEstimator': 'k3',
  'grpo.klPlace': 'loss',
  'grpo.klSign': 'penalty',
  'grpo.entropy': 0.001,
  'grpo.epochs': 1,
  'grpo.miniBatches': 1,
  'grpo.correction': 'off',
  'grpo.overlong': 'keep',
  'grpo.equalGroups': 'keep',
  'optimizer.learningRate': 1e-6,
  'optimizer.warmup': 0,
  'optimizer.decay': 'constant',
  'optimizer.weightDecay': 0.01,
  'optimizer.maxGradNorm': 1,
  'evaluation.every': 10,
  'evaluation.k': 100,
  'checkpoint.every': 100,
  'checkpoint.keep': 0,
  retriever: 'bm25',
  'bm25.k1': 1.2,
  'bm25.b': 0.75,
  'bm25.syntax': 'words',
} as const satisfies Recipe;

const DENSE = {
  promptStyle: 'paper-dense',
  retriever: DENSE_RETRIEVER,
  'evaluation.every': 20,
  'checkpoint.every': 200,
} as const satisfies Recipe;

const BM25_NOTES = [
  'The paper’s search ignores the Boolean operators that its prompt asks for, and loses the first word of most queries; rec-r1 score --paper-wrapper measures with that loss.',
];
const denseNotes = (encoder: string): readonly string[] => [
  `${DENSE_RETRIEVER} describes the search: {"kind": "dense", "encoder": "${encoder}", "pooling": "cls", "normalize": true}. The paper’s is approximate (HNSW), ours exact.`,
];

export const PAPER_PRESETS = {
  'paper-esci': {
    about: 'product search on ESCI with BM25',
    recipe: { ...COMMON, task: 'tasks/esci', steps: 1400 },
    notes: BM25_NOTES,
  },
  'paper-esci-dense': {
    about: 'product search on ESCI with dense vectors',
    recipe: { ...COMMON, ...DENSE, task: 'tasks/esci', steps: 400 },
    notes: [
      ...denseNotes('blair-roberta-base'),
      'The released reward of this task fails and pays 0 for every well-formed answer; this one pays the NDCG that was meant.',
    ],
  },
  'paper-c4': {
    about: 'product search on Amazon-C4 with BM25',
    recipe: { ...COMMON, task: 'tasks/amazon-c4', steps: 600, 'checkpoint.every': 200 },
    notes: BM25_NOTES,
  },
  'paper-c4-dense': {
    about: 'product search on Amazon-C4 with dense vectors',
    recipe: {
      ...COMMON,
      ...DENSE,
      task: 'tasks/amazon-c4',
      steps: 800,
      promptStyle: 'paper-review',
      'reward.k': 3000,
    },
    notes: denseNotes('blair-roberta-large'),
  },
  'paper-beauty': {
    about: 'the next purchase on Amazon Reviews 2023, All_Beauty, with BM25',
    recipe: {
      ...COMMON,
      task: 'tasks/beauty',
      steps: 1000,
      'rollout.maxPromptTokens': 512,
      'reward.k': 5000,
      'evaluation.k': 50,
      'sequence.owned': 'included',
    },
    notes: BM25_NOTES,
  },
  'paper-rerank': {
    about: 're-ranking the best 16 products of a search on ESCI',
    recipe: {
      ...COMMON,
      task: 'tasks/esci-rerank',
      steps: 500,
      promptStyle: 'paper',
      'rollout.groupSize': 8,
      'rollout.maxPromptTokens': 3000,
      'rollout.maxNewTokens': 1024,
      'reward.k': 16,
      'evaluation.k': 10,
      'checkpoint.every': 50,
    },
    notes: [
      'The task is made by: rec-r1 candidates --task tasks/esci --out tasks/esci-rerank',
      'The paper trains for 5 epochs; how many steps those are is not known, so that steps is ours.',
    ],
  },
} as const satisfies Readonly<Record<string, PaperPreset>>;

export type PaperPresetName = keyof typeof PAPER_PRESETS;
export const PAPER_PRESET_NAMES = Object.keys(PAPER_PRESETS) as readonly PaperPresetName[];

/** What is true of each of them. */
const COMMON_NOTES = [
  'The paper’s code rewards the KL divergence by mistake; "grpo.klSign": "paper" repeats that.',
  'Its gradient is a quarter of this one by another mistake, so that its maxGradNorm of 1 is one of 4 here; Adam hides the rest.',
  'Its loss is a mean over the tokens of each 12 completions and then over those; this one is over all tokens at once.',
];

/** Why a default of ours is not the paper's. */
export const DEPARTURES: Readonly<Partial<Record<SettingName, string>>> = {
  task: 'so that a first training needs no download',
  model: 'three billion parameters need a large GPU; the bundled policy learns on a CPU within minutes',
  steps: 'a small policy on a small task has learnt most of what it can by then',
  promptStyle:
    'the starter was made for the query alone; other models get the paper’s prompt, but for the Boolean operators that bm25.syntax=words ignores',
  'sequence.owned':
    'with owned items in the ranking a policy that repeats the last purchase looks worse than it is, and shops leave them out',
  'rollout.prompts': 'half the rollouts make a step that a CPU finishes in a second or so',
  'rollout.groupSize': 'the same reason; 8 still estimate a group’s mean',
  'rollout.temperature': 'at 1 the distribution that is sampled is the one that is trained',
  'rollout.topP':
    'cutting the tail makes the sampled distribution another than the trained one; grpo.correction makes up for it',
  'rollout.maxPromptTokens': 'enough for a search; the paper allows more for histories and candidates',
  'rollout.maxNewTokens': 'the starter’s answers have about twenty; a model that reasons needs the paper’s',
  'reward.k': 'a deep cut-off pays for ranks that nobody sees; it helps where a target is seldom in the first hundred',
  'grpo.entropy': 'the bonus changes little at temperature 1, and is one thing less to tune',
  'optimizer.learningRate': 'a few million parameters take, and need, a larger rate than three billion',
  'optimizer.warmup': 'Adam’s first steps are its largest; a larger rate needs the gentler start',
  'optimizer.decay': 'ends a short training on a settled policy',
  'evaluation.every': 'evaluations would take longer than the steps between them',
  'evaluation.k': 'shoppers look at ten products; the paper reports 100, 50 and 10',
  'checkpoint.every': 'a training of 160 steps is to have more than one',
  'checkpoint.keep': 'what is kept of a large model fills the disk; the first and the best stay in any case',
  retriever: 'dense vectors need an encoder, which is not bundled',
};

/** The paper's recipe as what `--config` reads, with notes for people under `$comment`; `given` wins over it. */
export function paperConfiguration(name: PaperPresetName, given: Readonly<Partial<RunConfig>> = {}): object {
  const { about, recipe, notes }: PaperPreset = PAPER_PRESETS[name];
  const $comment = [
    `Rec-R1’s recipe for ${about} (arXiv 2503.24289).`,
    `Keep this in a file and train with it: rec-r1 train --config ${name}.rec-r1.json --task DIR --model DIR`,
    ...notes,
    ...COMMON_NOTES,
    'Without this file these defaults differ:',
    ...departuresFrom(recipe),
  ];
  return { $comment, ...recipe, ...given };
}

function departuresFrom(recipe: Recipe): string[] {
  return Object.entries(recipe).flatMap(([name, value]) => {
    const ours = SETTINGS[name as SettingName].default;
    return ours === value ? [] : [`${name} is ${ours}, not ${value}: ${DEPARTURES[name as SettingName]}.`];
  });
}
