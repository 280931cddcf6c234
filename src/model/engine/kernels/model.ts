// What the whole-model kernels are told, as records of 32-bit words that decoder.ts fills in the same order.

/** Matrices and their biases are what PackedWeights (packed-weights.ts) holds: panels in float32, 0 where a model is read as it is stored. */
@unmanaged
export class Layer {
  inputNorm: usize; // [D]
  qkv: usize; // D × (H + 2K)·E
  qkvBias: usize; // [(H + 2K)·E], 0: none
  queryNorm: usize; // [E], 0: none
  keyNorm: usize; // [E], 0: none
  window: i32; // positions that a token sees, its own included; 0: all
  output: usize; // H·E × D
  outputBias: usize; // [D], 0: none
  postNorm: usize; // [D]
  gateUp: usize; // D × 2F
  gateUpBias: usize; // [2F], 0: none
  down: usize; // F × D
  downBias: usize; // [D], 0: none
}

/** Letters as in weights.ts. The cache holds keys [L][S][K][E][length] and values [L][S][K][length][E]. */
@unmanaged
export class Model {
  hidden: i32;
  layers: i32;
  heads: i32;
  keyValueHeads: i32;
  headSize: i32;
  feedForward: i32;
  vocabulary: i32;
  /** S: sequences in the cache. */
  slots: i32;
  /** Positions in the cache, a multiple of 16. */
  length: i32;
  epsilon: f32;
  layerTable: usize;
  embedding: usize; // [V, D]
  embeddingPrecision: i32;
  norm: usize; // [D]
  head: usize; // D × V
  cos: usize; // [positions, E/2]
  sin: usize;
  keys: usize;
  values: usize;

  @inline layer(index: i32): Layer {
    return changetype<Layer>(this.layerTable + <usize>index * offsetof<Layer>());
  }

  /** Floats of one head of one sequence in either half of the cache. */
  @inline headFloats(): i32 {
    return this.length * this.headSize;
  }

  /** Where a layer's part for a sequence begins, in floats. */
  @inline slotAt(layer: i32, slot: i32): i32 {
    return (layer * this.slots + slot) * this.keyValueHeads * this.headFloats();
  }
}

/** How the next token is chosen. */
@unmanaged
export class Sampling {
  isGreedy: i32;
  /** 1 / temperature; 1 when greedy. */
  scale: f32;
  /** 0: no limit. */
  topK: i32;
  /** 1: no limit. */
  topP: f32;
  /** 0: no limit. */
  minP: f32;
  /** 1: none. */
  penalty: f32;
}

/** One token for each row. */
@unmanaged
export class Step {
  tokens: usize; // int32 [R]: what each row reads
  slots: usize; // int32 [R]
  positions: usize; // int32 [R]
  logits: usize; // [R, V]
  sources: usize; // int32 [R]: the row of logits each row samples from
  uniforms: usize; // [R]
  seen: usize; // [S, ⌈V / 32⌉] words of bits: the tokens that each sequence has; 0: no penalty
  outTokens: usize; // int32 [R]
  outLogProbs: usize; // [R]
  outSamplingLogProbs: usize; // [R]
}
