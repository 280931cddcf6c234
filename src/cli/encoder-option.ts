/** @file The options with which `rec-r1 index` encodes documents. */
import { UserError } from '../base/errors.ts';
import { POOLINGS } from '../retrieval/dense/encoder-settings.ts';
import { DEVICES, type EncoderOptions } from '../retrieval/dense/encoder.ts';
import { VECTOR_KINDS, type VectorKind } from '../retrieval/dense/quantize.ts';
import { type Options, type Values, countOf, optionalOneOf } from './command.ts';

export const ENCODER_OPTIONS = {
  encoder: {
    type: 'string',
    value: 'DIR',
    about:
      'Also encode the documents, with the ONNX encoder in this folder (config.json, tokenizer.json, onnx/model.onnx).',
  },
  pooling: { type: 'string', value: 'NAME', about: 'mean or cls; what the folder says unless given.' },
  'query-prefix': { type: 'string', value: 'TEXT', about: 'Put before every query, such as "query: ".' },
  'document-prefix': { type: 'string', value: 'TEXT', about: 'Put before every document.' },
  'max-tokens': { type: 'string', value: 'N', about: 'Longer texts are cut; what the folder says unless given.' },
  device: { type: 'string', value: 'NAME', about: 'cpu or webgpu; cpu unless given.' },
  vectors: { type: 'string', value: 'NAME', about: 'float32 or int8, a quarter of the size; float32 unless given.' },
  'import-vectors': {
    type: 'string',
    value: 'FILE',
    about: 'Documents’ vectors that were computed elsewhere: JSON Lines with _id and vector. Queries are encoded here.',
  },
} as const satisfies Options;

export interface EncodeOptions {
  readonly encoder: EncoderOptions;
  readonly kind: VectorKind | undefined;
  readonly importFile: string | undefined;
}

/** What to encode and how; nothing without --encoder. @throws UserError when another of these options is given without it. */
export function vectorOptionsOf({
  encoder: dir,
  ...values
}: Values<typeof ENCODER_OPTIONS>): EncodeOptions | undefined {
  if (dir === undefined) {
    const alone = Object.keys(ENCODER_OPTIONS).find((name) => name in values);
    if (alone === undefined) return undefined;
    throw new UserError(`--${alone} is of use with an encoder only; add --encoder DIR.`);
  }
  const maxTokens = values['max-tokens'];
  return {
    encoder: {
      dir,
      pooling: optionalOneOf(POOLINGS, values.pooling, '--pooling'),
      queryPrefix: values['query-prefix'],
      documentPrefix: values['document-prefix'],
      maxTokens: maxTokens === undefined ? undefined : countOf(maxTokens, '--max-tokens'),
      device: optionalOneOf(DEVICES, values.device, '--device'),
    },
    kind: optionalOneOf(VECTOR_KINDS, values.vectors, '--vectors'),
    importFile: values['import-vectors'],
  };
}
