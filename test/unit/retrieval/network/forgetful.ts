/** @file A process that searches through a command, prints the command's process id, and never disposes of it. */
import { commandRetriever } from '../../../../src/retrieval/network/command.ts';

const program = `process.stdin.on('data', () => console.log('{"results":[{"hits":[{"id":"a","score":' + process.pid + '}]}]}'));`;
const retriever = commandRetriever({ kind: 'command', command: [process.execPath, '-e', program] });
const [outcome] = await retriever.search(['a'], 1);
console.log('hits' in outcome ? outcome.hits[0].score : outcome.message);
