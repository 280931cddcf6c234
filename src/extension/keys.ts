/**
 * @file Keys of recommenders: kept in the editor's secret storage, handed to our processes as environment variables, written
 * nowhere else. The variables of the person's own environment win.
 */
import * as vscode from 'vscode';
import { RETRIEVER_TOKEN } from '../base/environment.ts';

const SECRET = 'rec-r1.keys';

/** Environment variable to key. */
export type Keys = Readonly<Record<string, string>>;

/** What was kept; nothing at first. */
export async function storedKeys({ secrets }: vscode.ExtensionContext): Promise<Keys> {
  const stored = await secrets.get(SECRET);
  return stored === undefined ? {} : (JSON.parse(stored) as Keys);
}

/** Asks for a variable and its key and keeps them; an empty key forgets the variable. */
export async function askForKey(context: vscode.ExtensionContext): Promise<void> {
  const variable = await vscode.window.showInputBox({
    title: vscode.l10n.t('Which key? (1/2)'),
    prompt: vscode.l10n.t('The environment variable that the recommender’s description names.'),
    value: RETRIEVER_TOKEN,
    validateInput: (name) =>
      /^[A-Za-z_]\w*$/.test(name) ? undefined : vscode.l10n.t('Letters, digits and underscores.'),
  });
  if (variable === undefined) return;
  const key = await vscode.window.showInputBox({
    title: vscode.l10n.t('The key for {0} (2/2)', variable),
    prompt: vscode.l10n.t('Kept in the editor’s secret storage; empty forgets it. New trainings get it.'),
    password: true,
    ignoreFocusOut: true,
  });
  if (key === undefined) return;
  const keys = Object.entries({ ...(await storedKeys(context)), [variable]: key }).filter(([, value]) => value !== '');
  await context.secrets.store(SECRET, JSON.stringify(Object.fromEntries(keys)));
}
