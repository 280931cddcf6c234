/**
 * @file The README as the package has it: without its pictures. The editor shows an installed extension's README and loads
 * pictures for it from the web alone, and they would be two thirds of the package.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is between these, and the marks themselves, is about pictures. */
const PICTURES = /<!-- pictures -->.*?<!-- \/pictures -->\n*/gs;

/** @throws Error when a picture is left, which would be a gap in the page. */
export function packageReadme(root: string): string {
  const text = readFileSync(join(root, 'README.md'), 'utf8').replace(PICTURES, '');
  if (/<img|!\[|<!--/.test(text)) throw new Error('README.md has a picture outside of <!-- pictures --> marks.');
  return text;
}
