import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { encoderSettings } from '../../../../src/retrieval/dense/encoder-settings.ts';
import { openEncoder } from '../../../../src/retrieval/dense/encoder.ts';
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts';
import { TINY_ENCODER } from '../../../golden/dense/golden-vectors.ts';

function writeJson(path: string, value: unknown): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, JSON.stringify(value));
}

describe('the settings of an encoder', () => {
  it('come from the files of sentence-transformers', async (test) => {
    const dir = temporaryFolder(test);
    writeJson(join(dir, '1_Pooling/config.json'), { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false });
    writeJson(join(dir, 'modules.json'), [{ type: 'sentence_transformers.models.Transformer' }]);
    writeJson(join(dir, 'sentence_bert_config.json'), { max_seq_length: 128 });
    writeJson(join(dir, 'config_sentence_transformers.json'), { prompts: { query: 'query: ', passage: 'passage: ' } });
    assert.deepEqual(await encoderSettings(dir, {}), {
      pooling: 'cls',
      normalize: false,
      queryPrefix: 'query: ',
      documentPrefix: 'passage: ',
      maxTokens: 128,
    });
  });

  it('are mean pooling, length 1, no prefixes and 512 tokens at most where there are none', async (test) => {
    const dir = temporaryFolder(test);
    const usual = { pooling: 'mean', normalize: true, queryPrefix: '', documentPrefix: '', maxTokens: 512 };
    assert.deepEqual(await encoderSettings(dir, {}), usual);
    writeJson(join(dir, 'tokenizer_config.json'), { model_max_length: 1e30 });
    assert.deepEqual(await encoderSettings(dir, {}), usual);
    writeJson(join(dir, 'tokenizer_config.json'), { model_max_length: 64 });
    assert.deepEqual(await encoderSettings(dir, {}), { ...usual, maxTokens: 64 });
  });

  it('are what the caller says, even an empty prefix', async (test) => {
    const dir = temporaryFolder(test);
    writeJson(join(dir, 'config_sentence_transformers.json'), { prompts: { query: 'query: ' } });
    const given = { pooling: 'cls', normalize: false, queryPrefix: '', documentPrefix: 'd: ', maxTokens: 7 } as const;
    assert.deepEqual(await encoderSettings(dir, given), given);
  });

  it('refuse pooling that is not known', async (test) => {
    const dir = temporaryFolder(test);
    writeJson(join(dir, '1_Pooling/config.json'), { pooling_mode_max_tokens: true });
    await assert.rejects(encoderSettings(dir, {}), /pooling_mode_max_tokens, and only mean and cls pooling are known/);
  });
});

describe('an encoder', () => {
  it('says which file is missing', async (test) => {
    const dir = temporaryFolder(test);
    await assert.rejects(openEncoder({ dir }), /config\.json is missing; an encoder is a folder with config\.json/);
    cpSync(TINY_ENCODER, dir, { recursive: true });
    rmSync(join(dir, 'onnx/model.onnx'));
    await assert.rejects(openEncoder({ dir }), /model\.onnx is missing/);
  });

  it('says when its model is no ONNX, in one sentence', async (test) => {
    const dir = temporaryFolder(test);
    cpSync(TINY_ENCODER, dir, { recursive: true });
    writeFileSync(join(dir, 'onnx/model.onnx'), 'not a model');
    await assert.rejects(openEncoder({ dir }), { name: 'UserError', message: /cannot be opened on cpu: .+/ });
  });

  it('has another fingerprint when anything changes that makes a document’s vector', async (test) => {
    const fingerprintOf = async (options: object): Promise<string> => {
      const encoder = await openEncoder({ dir: TINY_ENCODER, ...options });
      await encoder.dispose();
      return encoder.fingerprint;
    };
    const usual = await fingerprintOf({});
    assert.equal(await fingerprintOf({ queryPrefix: 'q: ', batchSize: 2 }), usual);
    const dir = temporaryFolder(test);
    cpSync(TINY_ENCODER, dir, { recursive: true });
    assert.equal(await fingerprintOf({ dir }), usual);
    appendFileSync(join(dir, 'config.json'), '\n');
    const others = [{ dir }, { pooling: 'cls' }, { normalize: false }, { documentPrefix: 'd: ' }, { maxTokens: 9 }];
    const all = [usual, ...(await Promise.all(others.map(fingerprintOf)))];
    assert.equal(new Set(all).size, all.length);
  });

  it('stops between batches when it is told to, and says how far it is', async () => {
    const encoder = await openEncoder({ dir: TINY_ENCODER, batchSize: 1 });
    const stop = new AbortController();
    const told: number[] = [];
    const encoding = encoder.encode(['a', 'b', 'c'], 'document', {
      signal: stop.signal,
      onProgress: (done) => {
        told.push(done);
        if (done === 2) stop.abort();
      },
    });
    await assert.rejects(encoding, { name: 'AbortError' });
    assert.deepEqual(told, [1, 2]);
    await encoder.dispose();
  });
});
