/** @file The names and shapes of a model's parameters, as `config.json` calls for them. */
import type { ModelConfig } from './weights.ts';

/**
 * Every parameter by its name in the file, with its shape, in the order in which they are stored.
 * Tied models have no `lm_head.weight`.
 */
export function parameterShapes(config: ModelConfig): Map<string, number[]> {
  const { hiddenSize: D, feedForwardSize: F, vocabularySize: V, headSize: E, attentionBias } = config;
  const shapes = new Map<string, number[]>([['model.embed_tokens.weight', [V, D]]]);
  const outputs = { q: config.heads * E, k: config.keyValueHeads * E, v: config.keyValueHeads * E };
  const linear = (name: string, out: number, input: number, hasBias: boolean): void => {
    shapes.set(`${name}.weight`, [out, input]);
    if (hasBias) shapes.set(`${name}.bias`, [out]);
  };
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    shapes.set(`${at}.input_layernorm.weight`, [D]);
    for (const [letter, out] of Object.entries(outputs)) {
      linear(`${at}.self_attn.${letter}_proj`, out, D, attentionBias !== undefined);
    }
    if (config.queryKeyNorm) for (const letter of 'qk') shapes.set(`${at}.self_attn.${letter}_norm.weight`, [E]);
    linear(`${at}.self_attn.o_proj`, D, config.heads * E, attentionBias === 'all');
    shapes.set(`${at}.post_attention_layernorm.weight`, [D]);
    for (const letter of ['gate', 'up']) linear(`${at}.mlp.${letter}_proj`, F, D, config.feedForwardBias === true);
    linear(`${at}.mlp.down_proj`, D, F, config.feedForwardBias === true);
  }
  shapes.set('model.norm.weight', [D]);
  if (!config.tiedEmbeddings) shapes.set('lm_head.weight', [V, D]);
  return shapes;
}
