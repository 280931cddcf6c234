/** @file The choices that make one loss of the family of GRPO: their names, for settings and for those who act on them. */

/**
 * What a step learns from: rewards of what it samples (`grpo`, in any of the variants below), or pairs, which are given (`sft`),
 * the best of the policy's own rewrites (`rejection`), or its best and worst (`dpo`). The latter are what Rec-R1 is compared with.
 */
export const METHODS = ['grpo', 'sft', 'rejection', 'dpo'] as const;
export type Method = (typeof METHODS)[number];

/**
 * How rewards become advantages:
 *
 * - `grpo`: (r − mean of the group) / unbiased deviation of the group (DeepSeekMath, arXiv 2402.03300).
 * - `dr-grpo`: r − mean of the group, for a deviation favours queries that are nearly all right or all wrong (arXiv 2503.20783).
 * - `rloo`: r − mean of the other completions of the group (arXiv 2402.14740).
 * - `reinforce++`: r, whitened over all tokens of the batch; needs no group (arXiv 2501.03262).
 * - `reinforce++-baseline`: r − mean of the group, then whitened in the same way (its variant for groups).
 */
export const ADVANTAGES = ['grpo', 'dr-grpo', 'rloo', 'reinforce++', 'reinforce++-baseline'] as const;
export type AdvantageKind = (typeof ADVANTAGES)[number];

/**
 * What is compared with its old probability: each token; a completion by the geometric mean of its tokens (GSPO,
 * arXiv 2507.18071); or a completion by the product (RLOO, arXiv 2402.14740).
 */
export const RATIO_LEVELS = ['token', 'sequence', 'sequence-product'] as const;
export type RatioLevel = (typeof RATIO_LEVELS)[number];

/** Estimates of KL(policy ‖ reference) from one sample (Schulman, "Approximating KL divergence"). */
export const KL_ESTIMATORS = ['k3', 'k1', 'k2'] as const;
export type KlEstimator = (typeof KL_ESTIMATORS)[number];

/**
 * How the losses of tokens become one: their mean (DAPO, arXiv 2503.14476); the mean of the completions' means (GRPO); or
 * their sum over a constant, so that no length is favoured (Dr. GRPO, arXiv 2503.20783).
 */
export const AGGREGATIONS = ['tokens', 'sequences', 'constant'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** Whether each token is corrected by its own ratio, or all tokens of a completion by the product of theirs. */
export const CORRECTIONS = ['off', 'token', 'sequence'] as const;
export type Correction = (typeof CORRECTIONS)[number];

/** What becomes of groups whose rewards are all equal. */
export const EQUAL_GROUPS = ['keep', 'drop', 'resample'] as const;
export type EqualGroups = (typeof EQUAL_GROUPS)[number];

/** Whether a gradient keeps of each layer only its input (model/checkpointing.ts); `auto` where all would be much. */
export const CHECKPOINTING = ['auto', 'on', 'off'] as const;
export type Checkpointing = (typeof CHECKPOINTING)[number];
