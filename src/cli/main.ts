#!/usr/bin/env node
/**
 * @file Entry of the `rec-r1` command. It imports nothing by itself, so that an old Node gets a sentence instead of a syntax
 * error from code that it cannot read.
 */
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 13)) {
  console.error(`rec-r1 needs Node 22.13 or newer, and this is ${process.versions.node}; install a newer Node.`);
  process.exitCode = 1;
} else {
  const { keepCompiled } = await import('../base/compiled.ts');
  keepCompiled();
  const { runCommandLine } = await import('./command-line.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2));
}

export {}; // a module, so that await may stand at the top
