/**
 * @file What the translations lack: a text that is new, changed or gone in the sources or the schemas has to be so in every
 * bundle, one of the manifest in every `package.nls.*.json`, and the translated schemas have to be made of what is there.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { translatableTexts } from './l10n-texts.ts';
import { schemaTexts, translatedSchemas } from './schemas.ts';

type Texts = Readonly<Record<string, string>>;

/** What must stand in a translation as in its text: places of values, links to commands, and code. */
const FIXED = /\{\d+\}|\(command:[^)]*\)|`[^`]*`/g;

/** One sentence for each text that is missing, without a use, or without something that has to stay; none when all is well. */
export function translationProblems(root: string): readonly string[] {
  const texts = [...translatableTexts(root), ...schemaTexts(root)];
  const sources = Object.fromEntries(texts.map((text) => [text, text]));
  const bundles = globSync('media/l10n/bundle.l10n.*.json', { cwd: root });
  const manifests = globSync('package.nls.*.json', { cwd: root });
  const manifest = readTexts(root, 'package.nls.json');
  return [
    ...bundles.flatMap((file) => problemsIn(file, sources, readTexts(root, file))),
    ...manifests.flatMap((file) => problemsIn(file, manifest, readTexts(root, file))),
    ...unpaired(bundles, manifests),
    ...outdatedSchemas(root),
  ];
}

function problemsIn(file: string, texts: Texts, translations: Texts): string[] {
  const missing = Object.keys(texts).filter((key) => !Object.hasOwn(translations, key));
  const stale = Object.keys(translations).filter((key) => !Object.hasOwn(texts, key));
  const known = Object.keys(texts).filter((key) => Object.hasOwn(translations, key));
  const changed = known.filter((key) => fixedIn(texts[key]) !== fixedIn(translations[key]));
  const empty = known.filter((key) => texts[key] !== '' && translations[key].trim() === '');
  return [
    ...missing.map((key) => `${file} lacks "${key}".`),
    ...stale.map((key) => `${file} has "${key}", which nothing shows any more.`),
    ...changed.map((key) => `${file}, "${key}": ${fixedIn(texts[key])} must stand in "${translations[key]}".`),
    ...empty.map((key) => `${file} has nothing for "${key}".`),
  ];
}

/** In any order: another language may need another. */
function fixedIn(text: string): string {
  return (text.match(FIXED) ?? []).sort().join(' ');
}

/** A language with a bundle alone would have commands in English, and one without a bundle everything else. */
function unpaired(bundles: readonly string[], manifests: readonly string[]): string[] {
  const languages = (files: readonly string[]): string[] => files.map((file) => basename(file).split('.').at(-2)!);
  const [ofBundles, ofManifests] = [languages(bundles), languages(manifests)];
  const without = (some: readonly string[], others: readonly string[]): string[] =>
    some.filter((language) => !others.includes(language));
  return [
    ...without(ofBundles, ofManifests).map((language) => `There is no package.nls.${language}.json.`),
    ...without(ofManifests, ofBundles).map((language) => `There is no media/l10n/bundle.l10n.${language}.json.`),
  ];
}

function outdatedSchemas(root: string): string[] {
  const isAsMade = ([file, content]: [string, string]): boolean =>
    existsSync(join(root, file)) && readFileSync(join(root, file), 'utf8') === content;
  const outdated = Object.entries(translatedSchemas(root)).filter((made) => !isAsMade(made));
  return outdated.map(([file]) => `${file} is not made of the texts that there are now; run: npm run manifest`);
}

function readTexts(root: string, file: string): Texts {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as Texts;
}
