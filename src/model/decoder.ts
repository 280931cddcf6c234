/**
 * @file What generation needs of an engine: read the prompts once, then one token of every sequence that goes on.
 */
import type { SampledTokens, SamplingOptions } from './sample-tokens.ts';

export interface DecoderOptions {
  /** Token ids, none empty. */
  readonly prompts: readonly (readonly number[])[];
  /** G: completions of each prompt. Row p·G + c is copy c of prompt p. */
  readonly copies: number;
  /** Tokens that a completion may have. */
  readonly maxNewTokens: number;
}

/** Results do not depend, row by row, on the other rows. Must not outlive the weights, nor see them change. */
export interface Decoder {
  /** P·G */
  readonly rows: number;
  /** Reads the prompts and samples the first token of every row; uniforms [P·G]. Call it once, first. */
  prefill(uniforms: Float32Array, sampling: SamplingOptions): SampledTokens | Promise<SampledTokens>;
  /**
   * Row `rows[i]` reads `tokens[i]` and samples its next token with `uniforms[i]`. Rows are named in rising order, each at
   * most once; one that is no longer named has ended for good.
   */
  step(
    rows: Int32Array,
    tokens: Int32Array,
    uniforms: Float32Array,
    sampling: SamplingOptions,
  ): SampledTokens | Promise<SampledTokens>;
  dispose(): void;
}
