/**
 * @file How fast the embedded engine is beside others on the same machine in the same minutes: `npm run bench:engine`.
 *
 *     python3 -m venv peers && peers/bin/pip install numpy torch transformers trl peft datasets threadpoolctl
 *     REC_R1_BENCH_PYTHON=peers/bin/python npm run bench:engine -- [--only decode,gradient] [--shape starter]
 *
 * Without that Python no ratio is printed. Every contestant is a process of its own on two threads. They take turns, so that
 * other work on the machine slows all of them alike; a ratio is the median over the turns, with the least and the most. Where a
 * goal is missed, the profile of our side follows. llama.cpp comes from npm on first use, as for the tests. The shape of half a billion
 * parameters is made with random weights in the user's cache folder: 1 GB, and 1 GB more for llama.cpp.
 *
 * Products are bound by the width of vectors: V8 fuses to 256 bits, where AVX-512 libraries compute with 512. On a processor that
 * has those, the products and gradients are therefore also compared with the same libraries held to 256 bits. Two cores that compute
 * 512 bits at once (a Xeon) reached up to 290 GFLOP/s in NumPy and PyTorch, 64 to 82 a thread here; two that compute them in halves
 * (an EPYC with Zen 4) 194 to 205 there, and 0.81 to 1.07 of NumPy's and 0.91 to 1.36 of PyTorch's speed here. What
 * was tried is listed in engine/tried.md.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/base/package-root.ts';
import { Contestant } from './engine/contestant.ts';
import type { Decode, Gradient, Grpo, Product, Work } from './engine/work.ts';

const { values: given } = parseArgs({
  options: {
    only: { type: 'string', default: 'product,decode,gradient,grpo,prototype,neighbour' },
    shape: { type: 'string', default: 'starter,0.5b' },
    rounds: { type: 'string', default: '5' },
  },
});
const python = process.env['REC_R1_BENCH_PYTHON'];
const isAsked = (list: string, name: string): boolean => list.split(',').includes(name);
const rounds = Number(given.rounds);
const ROOT = packageRoot();
const folder = mkdtempSync(join(tmpdir(), 'rec-r1-bench-'));
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rec-r1-bench');
mkdirSync(cache, { recursive: true });

const QWEN = {
  hidden_size: 896,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  intermediate_size: 4864,
  vocab_size: 151_936,
  max_position_embeddings: 32_768,
  rope_theta: 1e6,
  tie_word_embeddings: true,
};
const STARTER = join(ROOT, 'media/starter');
const LARGE = join(cache, 'half-a-billion');
const shapes = [
  { name: 'starter', model: STARTER },
  { name: '0.5b', model: LARGE },
].filter(({ name }) => isAsked(given.shape, name));

const start = {
  ours: (work: Work, threads = 2, env = environment()) => {
    const ours = join(ROOT, 'dist/test/bench/engine/ours.mjs');
    return Contestant.start(process.execPath, [ours, JSON.stringify(work), String(threads)], env);
  },
  peer: (work: object, vectorBits?: 256) =>
    Contestant.start(python!, [join(ROOT, 'test/bench/engine/peers.py'), JSON.stringify(work)], {
      ...environment(),
      ...(vectorBits && { REC_R1_BENCH_VECTOR_BITS: String(vectorBits) }),
    }),
  wasm: (work: Work) =>
    Contestant.start(process.execPath, [join(ROOT, 'dist/test/bench/engine/wasm.mjs'), JSON.stringify(work)], {}),
  llama: (work: Work) =>
    Contestant.start(process.execPath, [join(ROOT, 'dist/test/bench/engine/llama.mjs'), JSON.stringify(work)], {
      ...environment(),
      REC_R1_BENCH_FOLDER: cache,
    }),
};

function environment(): NodeJS.ProcessEnv {
  return { REC_R1_BENCH_FOLDER: folder };
}

/** Peers by name, and once more with vectors of our width where they would take wider ones. */
function peersOf(goal: number, works: Readonly<Record<string, object>>): Peer[] {
  const isWider = existsSync('/proc/cpuinfo') && readFileSync('/proc/cpuinfo', 'utf8').includes('avx512f');
  return Object.entries(works).flatMap(([name, work]) => [
    { name, goal, start: () => start.peer(work) },
    ...(isWider ? [{ name: `${name}, 256 bits`, goal, start: () => start.peer(work, 256) }] : []),
  ]);
}

interface Peer {
  readonly name: string;
  /** How many times as fast as this peer we want to be. */
  readonly goal: number;
  readonly start: () => Promise<Contestant>;
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

interface Duel {
  readonly ours: readonly number[];
  readonly peers: readonly (readonly number[])[];
  readonly peaks: readonly (number | undefined)[];
}

/**
 * Milliseconds after each turn: threads of a peer spin for a while when their work is done (OpenBLAS's for 2^26 cycles), on the
 * cores of the next one.
 */
const rest = 100;

/**
 * All contestants in turns. Half-way new processes take over, started in the opposite order: where a process's memory came to
 * lie makes up to a seventh of its speed, and the one that was started first was often the slower of two that were the same.
 */
async function duel(work: Work, peers: readonly Peer[], turns: number, warmUps: number): Promise<Duel> {
  const starts = [(): Promise<Contestant> => start.ours(work), ...peers.map((peer) => peer.start)];
  const seconds: number[][] = starts.map(() => []);
  const peaks: (number | undefined)[] = [];
  const order = [...starts.keys()];
  for (const [half, part] of [Math.ceil(turns / 2), Math.floor(turns / 2)].entries()) {
    const contestants: Contestant[] = [];
    try {
      for (const i of part === 0 ? [] : half === 0 ? order : order.toReversed()) contestants[i] = await starts[i]();
      for (let turn = -warmUps; turn < part; turn++) {
        for (const [i, contestant] of contestants.entries()) {
          const taken = await contestant.run();
          if (turn >= 0) seconds[i].push(taken);
          await sleep(rest);
        }
      }
      for (const [i, contestant] of contestants.entries()) peaks[i] ??= contestant.peakBytes();
    } finally {
      await Promise.all(contestants.map((contestant) => contestant.stop()));
    }
  }
  return { ours: seconds[0], peers: seconds.slice(1), peaks };
}

const named = (seconds: number): string =>
  seconds < 1 ? `${(seconds * 1000).toFixed(2)} ms` : `${seconds.toFixed(2)} s`;

/** Prints a line for each peer; the profile where a goal is missed. @param warmUps turns of each process that do not count. */
async function compete(what: string, work: Work, peers: readonly Peer[], turns = rounds, warmUps = 0): Promise<Duel> {
  const asked = python === undefined ? [] : peers;
  const result = await duel(work, asked, turns, warmUps);
  if (asked.length === 0) console.log(`${what.padEnd(44)} ours ${named(median(result.ours))}; no peer, no ratio`);
  let isMissed = false;
  for (const [i, { name, goal }] of asked.entries()) {
    const ratios = result.ours.map((ours, turn) => result.peers[i][turn] / ours);
    const verdict = verdictOn(median(ratios), goal);
    isMissed ||= median(ratios) < goal;
    const times = `ours ${named(median(result.ours))}, ${name} ${named(median(result.peers[i]))}`;
    const spread = `[${Math.min(...ratios).toFixed(2)}, ${Math.max(...ratios).toFixed(2)}]`;
    console.log(`${what.padEnd(44)} ${times.padEnd(60)} ${median(ratios).toFixed(2)}× ${spread}  ${verdict}`);
  }
  if (isMissed && work.work !== 'product') printProfile(work);
  if (isMissed) console.log('    tried: see test/bench/engine/tried.md');
  return result;
}

function verdictOn(ratio: number, goal: number): string {
  return ratio >= goal ? `goal ${goal}× met` : `goal ${goal}× missed by ${(100 * (1 - ratio / goal)).toFixed(0)} %`;
}

function printProfile(work: Work): void {
  const ours = join(ROOT, 'dist/test/bench/engine/ours.mjs');
  const { stdout } = spawnSync(process.execPath, [ours, JSON.stringify(work)], {
    env: { ...process.env, ...environment(), REC_R1_BENCH_PROFILE: '1' },
    encoding: 'utf8',
  });
  console.log(stdout.trimEnd());
}

async function ceilings(): Promise<void> {
  const square: Product = {
    work: 'product',
    m: 2048,
    k: 2048,
    n: 2048,
    transposeA: false,
    transposeB: false,
    calls: 1,
  };
  const floats = 1 << 26;
  for (const work of [
    { ...square, library: 'torch' },
    { ...square, library: 'numpy' },
    { work: 'copy', floats },
  ]) {
    const contestant = await start.peer(work);
    const seconds = Math.min(...(await timesOf(contestant, 7)));
    const ceiling =
      work.work === 'copy'
        ? `memory ceiling ${((floats * 8) / seconds / 1e9).toFixed(1)} GB/s, reading and writing`
        : `product ceiling ${((2 * 2048 ** 3) / seconds / 1e9).toFixed(0)} GFLOP/s`;
    console.log(`${ceiling} (${contestant.name})`);
    await contestant.stop();
  }
}

async function timesOf(contestant: Contestant, turns: number): Promise<number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) times.push(await contestant.run());
  return times;
}

/** Forward, backward towards the input, and towards the weights: [rows, input, output] of what training multiplies most. */
const MATRICES: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  starter: [
    [7168, 128, 384],
    [1024, 128, 2048],
  ],
  '0.5b': [
    [2048, 896, 4864],
    [128, 896, 151_936],
  ],
};

async function products(): Promise<void> {
  for (const { name } of shapes) {
    for (const [rows, input, output] of MATRICES[name]) {
      const calls = Math.max(1, Math.round(2e9 / (rows * input * output)));
      const common = { work: 'product', calls } as const;
      await product(name, { ...common, m: rows, k: input, n: output, transposeA: false, transposeB: true });
      await product(name, { ...common, m: rows, k: output, n: input, transposeA: false, transposeB: false });
      await product(name, { ...common, m: output, k: rows, n: input, transposeA: true, transposeB: false });
    }
  }
}

async function product(shape: string, work: Product): Promise<void> {
  const { m, k, n, transposeA, transposeB } = work;
  const letters = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
  const works = { NumPy: { ...work, library: 'numpy' }, PyTorch: { ...work, library: 'torch' } };
  await compete(`product, ${shape}, ${m}×${k}×${n} ${letters}`, work, peersOf(0.9, works));
}

const DECODES: Readonly<Record<string, Omit<Decode, 'model'>>> = {
  starter: { work: 'decode', prompts: 8, copies: 8, promptLength: 64, newTokens: 48 },
  '0.5b': { work: 'decode', prompts: 8, copies: 8, promptLength: 16, newTokens: 6 },
};
const GRADIENTS: Readonly<Record<string, Omit<Gradient, 'model'>>> = {
  starter: { work: 'gradient', rows: 64, length: 112, rank: 0, ourRows: 64, peerRows: 64 },
  '0.5b': { work: 'gradient', rows: 8, length: 256, rank: 16, ourRows: 4, peerRows: 4 },
};

async function models(): Promise<void> {
  for (const { name, model } of shapes) {
    if (model === LARGE && !existsSync(join(LARGE, 'config.json'))) {
      if (python === undefined) continue;
      await (await start.peer({ work: 'make-model', folder: LARGE, shape: QWEN, tokenizer: STARTER })).stop();
    }
    const turns = model === LARGE ? Math.min(rounds, 2) : rounds;
    if (isAsked(given.only, 'decode')) {
      const work = { ...DECODES[name], model };
      await compete(
        `decode, ${name}, a token of 64 rows`,
        work,
        [
          { name: 'transformers', goal: 3, start: () => start.peer(work) },
          { name: 'llama.cpp', goal: 1, start: () => start.llama(work) },
        ],
        turns,
      );
    }
    if (isAsked(given.only, 'gradient')) {
      const work = { ...GRADIENTS[name], model };
      const what = `gradient, ${name}, ${work.rows} × ${work.length}${work.rank > 0 ? `, LoRA ${work.rank}` : ''}`;
      // One peer at a time: two of the large shape do not fit beside each other.
      for (const peer of peersOf(1, { PyTorch: work })) await compete(what, work, [peer], turns);
    }
  }
}

async function grpo(): Promise<void> {
  const warmUps = 3; // a training has hundreds of steps
  const sizes = { prompts: 8, copies: 8, newTokens: 48, steps: rounds + warmUps };
  const work: Grpo = { work: 'grpo', model: STARTER, task: join(ROOT, 'media/sample'), ...sizes };
  const peer = { name: 'TRL', goal: 3, start: () => start.peer(work) };
  const { peaks } = await compete('GRPO step, starter, 8 × 8 × 48', work, [peer], rounds, warmUps);
  const [ours, theirs] = peaks;
  if (ours === undefined || theirs === undefined) return;
  const verdict =
    ours / theirs <= 0.7 ? 'goal 0.7 met' : `goal 0.7 missed by ${(100 * (ours / theirs / 0.7 - 1)).toFixed(0)} %`;
  const megabytes = [ours, theirs].map((bytes) => `${Math.round(bytes / 1e6)} MB`);
  console.log(
    `${'peak memory in the GRPO step'.padEnd(44)} ours ${megabytes[0]}, TRL ${megabytes[1]}: ${(ours / theirs).toFixed(2)}  ${verdict}`,
  );
}

/** Against TensorFlow.js's own WebAssembly backend, a few times: each takes minutes. Larger micro-batches exhaust its memory. */
async function prototype(): Promise<void> {
  const peer = { name: 'TensorFlow.js wasm', goal: 40, start: () => start.wasm({ work: 'prototype', microRows: 8 }) };
  await compete(
    'prompt, rollout and gradient step of 2.76 M',
    { work: 'prototype', microRows: 16 },
    [peer],
    Math.min(rounds, 3),
  );
}

/** A decode takes a tenth of a second, in which a system neither moves threads between cores nor the engine finds out that it did not. */
const turnsOf = (work: Work): number => (work.work === 'decode' ? 10 * rounds : rounds);

/** A second thread must not make things slower where another program keeps a core busy, whatever the priority. */
async function neighbour(): Promise<void> {
  const sizes = [
    { ...DECODES['starter'], model: STARTER },
    { ...GRADIENTS['starter'], model: STARTER },
  ];
  const busy = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    for (const work of sizes) for (const priority of ['normal', 'low']) await beside(work, priority);
  } finally {
    busy.kill('SIGKILL');
  }
}

async function beside(work: Work, priority: string): Promise<void> {
  const environmentOfBoth = { ...environment(), REC_R1_BENCH_PRIORITY: priority };
  const contestants = [await start.ours(work, 1, environmentOfBoth), await start.ours(work, 2, environmentOfBoth)];
  const seconds: number[][] = [[], []];
  for (let turn = 0; turn < turnsOf(work); turn++) {
    for (const [i, contestant] of contestants.entries()) seconds[i].push(await contestant.run());
  }
  await Promise.all(contestants.map((contestant) => contestant.stop()));
  const ratios = seconds[0].map((one, turn) => one / seconds[1][turn]);
  const spread = `[${Math.min(...ratios).toFixed(2)}, ${Math.max(...ratios).toFixed(2)}]`;
  const what = `${work.work} beside a busy program, ${priority} priority`;
  const times = `one thread ${named(median(seconds[0]))}, two ${named(median(seconds[1]))}`;
  console.log(
    `${what.padEnd(44)} ${times.padEnd(52)} ${median(ratios).toFixed(2)}× ${spread}  ${verdictOn(median(ratios), 1)}`,
  );
}

try {
  if (python === undefined) {
    console.log(
      'REC_R1_BENCH_PYTHON names no Python with the peers, so there are no ratios; test/bench/engine.ts says how to get one.',
    );
  } else await ceilings();
  if (isAsked(given.only, 'product')) await products();
  await models();
  if (isAsked(given.only, 'grpo')) await grpo();
  if (isAsked(given.only, 'prototype')) await prototype();
  if (isAsked(given.only, 'neighbour')) await neighbour();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
