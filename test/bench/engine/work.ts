/**
 * @file The pieces of work that the engine and its peers are timed at, as data that goes to their processes: ours.ts, llama.ts
 * and peers.py read the same.
 */

export interface Product {
  readonly work: 'product';
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Calls in one timing. */
  readonly calls: number;
}

/** Seconds for each token after the first, of `prompts` × `copies` sequences at once. */
export interface Decode {
  readonly work: 'decode';
  /** Folder of the model. */
  readonly model: string;
  readonly prompts: number;
  readonly copies: number;
  readonly promptLength: number;
  readonly newTokens: number;
}

/** Forward and backward of a clipped policy-gradient loss over every token. */
export interface Gradient {
  readonly work: 'gradient';
  readonly model: string;
  readonly rows: number;
  readonly length: number;
  /** Of LoRA adapters on every matrix; 0: all weights train. */
  readonly rank: number;
  /** Sequences in a micro-batch, for us and for the peer: each as it is fastest and fits. */
  readonly ourRows: number;
  readonly peerRows: number;
}

/** A whole step of GRPO: sampling, reward, the start policy's probabilities, gradient and AdamW. */
export interface Grpo {
  readonly work: 'grpo';
  readonly model: string;
  readonly task: string;
  readonly prompts: number;
  readonly copies: number;
  readonly newTokens: number;
  /** How many steps will be asked for at most. */
  readonly steps: number;
}

/** Prompt, rollout of 48 tokens and one gradient step of the model with 2.76 million parameters, 64 × 112 tokens. */
export interface Prototype {
  readonly work: 'prototype';
  /** Sequences in a micro-batch: as many as fit. */
  readonly microRows: number;
}

/** A copy of this many float32 values, for the memory's bandwidth. */
export interface Copy {
  readonly work: 'copy';
  readonly floats: number;
}

export type Work = Product | Decode | Gradient | Grpo | Prototype | Copy;

/** The work of a process that bench/engine.ts has started. */
export function givenWork(): Work {
  return JSON.parse(process.argv[2]) as Work;
}

/** Does the work at each line of standard input and answers with its seconds; the first time before it says that it is ready. */
export async function serve(what: string, seconds: () => number | Promise<number>): Promise<void> {
  await seconds();
  console.log(JSON.stringify({ ready: what }));
  for await (const chunk of process.stdin) {
    const lines = String(chunk).split('\n').length - 1;
    for (let line = 0; line < lines; line++) console.log(JSON.stringify({ seconds: await seconds() }));
  }
}
