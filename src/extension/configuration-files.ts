/**
 * @file Run configurations as files, `*.rec-r1.json`: a lens above the first line starts a training with one, and what is wrong
 * in it is underlined in the words of the command line. Completion and hover come from `media/run.schema.json`.
 */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { settingProblems, settingsIn } from '../app/config.ts';
import { UserError } from '../base/errors.ts';
import { parseJson } from '../base/json-file.ts';

const FILES: vscode.DocumentFilter = { pattern: '**/{rec-r1.json,*.rec-r1.json}' };

export function registerConfigurationFiles(): vscode.Disposable {
  const problems = vscode.languages.createDiagnosticCollection('rec-r1');
  const check = (document: vscode.TextDocument): void => {
    if (vscode.languages.match(FILES, document) > 0) problems.set(document.uri, problemsIn(document));
  };
  vscode.workspace.textDocuments.forEach(check);
  return vscode.Disposable.from(
    problems,
    vscode.languages.registerCodeLensProvider(FILES, { provideCodeLenses: lensesOf }),
    vscode.workspace.onDidOpenTextDocument(check),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      check(document);
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      problems.delete(uri);
    }),
  );
}

/**
 * The settings in a configuration file, as they stand in the editor.
 *
 * @throws UserError when it is not a JSON object; single settings are checked where the run is made.
 */
export async function readConfiguration(uri: vscode.Uri): Promise<Readonly<Record<string, unknown>>> {
  const document = await vscode.workspace.openTextDocument(uri);
  const name = basename(uri.path);
  return settingsIn(parseJson(document.getText(), name), name);
}

function lensesOf({ uri }: vscode.TextDocument): vscode.CodeLens[] {
  const top = new vscode.Range(0, 0, 0, 0);
  const title = `$(play) ${vscode.l10n.t('Start training with this configuration')}`;
  return [new vscode.CodeLens(top, { command: 'rec-r1.startConfiguration', title, arguments: [uri] })];
}

/** Where it is no JSON at all, the editor itself says so at the very place. */
function problemsIn(document: vscode.TextDocument): vscode.Diagnostic[] {
  const name = basename(document.uri.path);
  const text = document.getText();
  try {
    const problems = settingProblems(settingsIn(JSON.parse(text), name), name);
    return problems.map((problem) => diagnostic(rangeOf(problem.name, document, text), problem.message));
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    if (!(error instanceof UserError)) throw error;
    return [diagnostic(new vscode.Range(0, 0, 0, 1), error.message)];
  }
}

function diagnostic(range: vscode.Range, message: string): vscode.Diagnostic {
  const found = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
  found.source = 'Rec-R1';
  return found;
}

/** Where a setting is named. A configuration is flat, so its name stands before a colon once; a quote inside a text is escaped. */
function rangeOf(name: string, document: vscode.TextDocument, text: string): vscode.Range {
  const key = JSON.stringify(name);
  const escaped = key.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const at = new RegExp(String.raw`(?<!\\)${escaped}\s*:`).exec(text)?.index ?? 0;
  return new vscode.Range(document.positionAt(at), document.positionAt(at + key.length));
}
