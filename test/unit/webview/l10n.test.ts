import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rich, t, translated } from '../../../webview/l10n.ts';

describe('a text of a panel', () => {
  it('is English without a translation, with its values in their places', () => {
    assert.equal(t('{0} of {1} rewrites', 2, 'three'), '2 of three rewrites');
    assert.equal(t('constructor {2}'), 'constructor {2}');
  });

  it('keeps what is not text in the place that the sentence has for it', () => {
    assert.deepEqual(rich('{0} of {1} steps', 'first', 7), ['', 'first', ' of ', 7, ' steps']);
  });

  it('is the translation where the editor has one, also with its values in another order', () => {
    assert.equal(translated({ '{0} of {1}': 'von {1}: {0}' }, '{0} of {1}', ['a', 'b']), 'von b: a');
  });
});
