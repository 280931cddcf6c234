import assert from 'node:assert/strict';
import { it } from 'node:test';
import { t } from '../../../webview/l10n.ts';

it('a text without a translation is English, with its values in their places', () => {
  assert.equal(t('{0} of {1} rewrites', 2, 'three'), '2 of three rewrites');
  assert.equal(t('constructor {2}'), 'constructor {2}');
});
