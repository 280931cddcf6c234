/** @file Dense and hybrid recommenders as a configuration describes them. */
import { resolve } from 'node:path';
import { Fields } from '../base/fields.ts';
import { POOLINGS } from '../retrieval/dense/encoder-settings.ts';
import { DEVICES, type EncoderOptions } from '../retrieval/dense/encoder.ts';
import { VECTOR_KINDS, type VectorKind } from '../retrieval/dense/quantize.ts';
import { FUSIONS, type HybridOptions } from '../retrieval/hybrid.ts';

export interface DenseSpec extends Omit<EncoderOptions, 'dir'> {
  readonly kind: 'dense';
  /** The folder of the encoder: config.json, tokenizer.json, onnx/model.onnx. */
  readonly encoder: string;
  /** How documents' vectors are kept: float32 unless given. int8 takes a quarter of the memory. */
  readonly vectors?: VectorKind | undefined;
  /** JSON Lines (`_id`, `vector`) of documents' vectors that were computed elsewhere; queries are still encoded here. */
  readonly documentVectors?: string | undefined;
}

export interface HybridSpec<Part> extends HybridOptions {
  readonly kind: 'hybrid';
  readonly parts: readonly Part[];
}

const MOST = 1_000_000;

/** Reads a dense recommender out of JSON; relative paths start at `folder`. @throws UserError that names the field. */
export function denseSpec(row: Readonly<Record<string, unknown>>, where: string, folder: string): DenseSpec {
  const fields = new Fields(row, where);
  const documentVectors = fields.optionalText('documentVectors');
  const spec: DenseSpec = {
    kind: fields.choice('kind', ['dense']) ?? fields.missing('kind'),
    encoder: resolve(folder, fields.text('encoder')),
    vectors: fields.choice('vectors', VECTOR_KINDS),
    documentVectors: documentVectors === undefined ? undefined : resolve(folder, documentVectors),
    pooling: fields.choice('pooling', POOLINGS),
    normalize: fields.flag('normalize'),
    queryPrefix: fields.anyText('queryPrefix'),
    documentPrefix: fields.anyText('documentPrefix'),
    maxTokens: fields.whole('maxTokens', 2, MOST),
    device: fields.choice('device', DEVICES),
    batchSize: fields.whole('batchSize', 1, MOST),
  };
  fields.end();
  return spec;
}

/** The same for a hybrid; `part` reads one of its parts. */
export function hybridSpec<Part>(
  row: Readonly<Record<string, unknown>>,
  where: string,
  part: (value: unknown, where: string) => Part,
): HybridSpec<Part> {
  const fields = new Fields(row, where);
  const parts = fields.list('parts', 2) ?? fields.missing('parts');
  const spec: HybridSpec<Part> = {
    kind: fields.choice('kind', ['hybrid']) ?? fields.missing('kind'),
    parts: parts.map((value, i) => part(value, `${where}, part ${i + 1}`)),
    fusion: fields.choice('fusion', FUSIONS),
    k: fields.whole('k', 0, MOST),
    weights: fields.numbers('weights', { count: parts.length, min: 0, max: MOST }),
    depth: fields.whole('depth', 1, MOST),
  };
  fields.end();
  return spec;
}
