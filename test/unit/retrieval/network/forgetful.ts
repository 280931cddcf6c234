/** @file A process that searches through a command and never disposes of it. The command writes a file when it ends. */
import { commandRetriever } from '../../../../src/retrieval/network/command.ts';

const program = `
  process.stdin.on('data', () => console.log('{"results":[{"hits":[{"id":"a","score":1}]}]}'));
  process.on('exit', () => require('node:fs').writeFileSync('ended', ''));`;
const retriever = commandRetriever({ kind: 'command', command: [process.execPath, '-e', program] });
const [outcome] = await retriever.search(['a'], 1);
console.log(outcome.kind);
