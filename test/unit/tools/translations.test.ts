import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { translatableTexts } from '../../../src/tools/l10n-texts.ts';
import { translatedSchemas } from '../../../src/tools/schemas.ts';
import { translationProblems } from '../../../src/tools/translations.ts';

const root = mkdtempSync(join(tmpdir(), 'l10n-'));
after(() => {
  rmSync(root, { recursive: true });
});

function project(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(root, 'project-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

describe('translations', () => {
  it('have every text of the sources and of the manifest, none besides, and each with its places, links and code', () => {
    assert.deepEqual(translationProblems(packageRoot()), [], 'npm run l10n says the same');
    assert.ok(translatableTexts(packageRoot()).length > 300);
  });

  it('are found wanting text by text', () => {
    const dir = project({
      'src/extension/a.ts': "export const a = [vscode.l10n.t('Open'), vscode.l10n.t('{0} of {1}', 1, 2)];",
      'webview/b.ts': "export const b = [t('Closed'), rich('{0} left', html`<b>1</b>`), format('not a text of ours')];",
      'media/l10n/bundle.l10n.de.json': JSON.stringify({
        '{0} of {1}': '{1} von {1}',
        '{0} left': 'noch {0}',
        Closed: ' ',
        Gone: 'Weg',
      }),
      'package.nls.json': JSON.stringify({ welcome: '[Start](command:rec-r1.startTraining) with `rec-r1`' }),
      'package.nls.de.json': JSON.stringify({ welcome: '[Start](command:rec-r1.start) mit `rec-r1`' }),
      'package.nls.fr.json': JSON.stringify({ welcome: '`rec-r1` : [Lancer](command:rec-r1.startTraining)' }),
    });
    assert.deepEqual(translationProblems(dir), [
      'media/l10n/bundle.l10n.de.json lacks "Open".',
      'media/l10n/bundle.l10n.de.json has "Gone", which nothing shows any more.',
      'media/l10n/bundle.l10n.de.json, "{0} of {1}": {0} {1} must stand in "{1} von {1}".',
      'media/l10n/bundle.l10n.de.json has nothing for "Closed".',
      'package.nls.de.json, "welcome": (command:rec-r1.startTraining) `rec-r1` must stand in "[Start](command:rec-r1.start) mit `rec-r1`".',
      'There is no media/l10n/bundle.l10n.fr.json.',
    ]);
  });

  it('reach the schemas: in the bundle, once made, and those of run settings from the manifest', () => {
    const text = (title: string): string =>
      `${JSON.stringify({ title, enum: ['title'], properties: { title: { description: 'Open', default: 'Open' } } }, null, 2)}\n`;
    const files = {
      'media/recipe.schema.json': text('A recipe'),
      'media/l10n/bundle.l10n.de.json': JSON.stringify({ 'A recipe': 'Ein Rezept' }),
      'package.nls.json': '{}',
      'package.nls.de.json': '{}',
    };
    assert.deepEqual(translationProblems(project(files)), [
      'media/l10n/bundle.l10n.de.json lacks "Open".',
      'media/recipe.schema.de.json is not made of the texts that there are now; run: npm run manifest',
    ]);
    const made = translatedSchemas(project(files));
    assert.deepEqual(made, { 'media/recipe.schema.de.json': text('Ein Rezept') });
    const bundle = JSON.stringify({ 'A recipe': 'Ein Rezept', Open: 'Offen' });
    const whole = project({ ...files, 'media/l10n/bundle.l10n.de.json': bundle });
    assert.deepEqual(JSON.parse(translatedSchemas(whole)['media/recipe.schema.de.json']), {
      title: 'Ein Rezept',
      enum: ['title'],
      properties: { title: { description: 'Offen', default: 'Open' } },
    });
    const ofRuns = JSON.parse(translatedSchemas(packageRoot())['media/run.schema.de.json']) as {
      readonly properties: Readonly<Record<string, { readonly description: string; readonly default: unknown }>>;
    };
    assert.deepEqual(ofRuns.properties['rollout.temperature'], {
      description: 'Temperatur beim Ziehen. Eine Zahl von 0.01 bis 10.',
      default: 1,
    });
  });

  it('cannot be made of texts that are put together', () => {
    const dir = project({ 'webview/a.ts': 'export const a = t(`${1} of 2`);' });
    assert.throws(() => translatableTexts(dir), /webview[\\/]a\.ts: t\(`\$\{1\} of 2`\) has no literal text/);
  });
});
