/**
 * @file A language pack that translates nothing: with it the editor runs in the language and hands extensions their own
 * translations, while its own words stay English. The real packs are on a marketplace that tests cannot count on.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Leaves in a user data folder what VS Code leaves there when it installs a pack, for the next start with `--locale`. */
export async function addLanguagePack(userData: string, language: string): Promise<void> {
  const messages = join(userData, 'language-pack', 'main.i18n.json');
  await mkdir(join(messages, '..'), { recursive: true });
  await writeFile(messages, JSON.stringify({ version: '1.0.0', contents: {} }));
  const pack = {
    hash: `untranslated-${language}`,
    extensions: [{ extensionIdentifier: { id: `rec-r1-tests.language-pack-${language}` }, version: '1.0.0' }],
    translations: { vscode: messages },
    label: language,
  };
  await writeFile(join(userData, 'languagepacks.json'), JSON.stringify({ [language]: pack }));
}
