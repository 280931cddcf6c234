/** @file The texts of the extension and its panels that are shown in the editor's language, as they stand in the sources. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Every text that is handed to `vscode.l10n.t` or to the panels' `t` and `rich`, sorted. */
export function translatableTexts(root: string): readonly string[] {
  const files = globSync(['src/extension/**/*.ts', 'webview/**/*.ts'], { cwd: root });
  const texts = files.flatMap((file) => textsIn(readFileSync(join(root, file), 'utf8'), file));
  return [...new Set(texts)].sort();
}

/** @throws Error for a text that is put together: a bundle cannot have it. */
function textsIn(source: string, file: string): string[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^((vscode\.l10n\.)?t|rich)$/.test(node.expression.getText())) {
      const [text] = node.arguments;
      if (!ts.isStringLiteralLike(text)) throw new Error(`${file}: ${node.getText()} has no literal text`);
      texts.push(text.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return texts;
}
