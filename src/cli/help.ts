/** @file The help texts, made from the commands' own data. */
import type { Command, Option, Options } from './command.ts';
import type { CommandRow } from './commands.ts';

export function overallHelp(commands: Readonly<Record<string, CommandRow>>): string {
  const rows = Object.entries(commands).map(([name, { summary }]): [string, string] => [name, summary]);
  return [
    'rec-r1: train a language model to rewrite queries, with the recommender’s own ranking quality as the reward.',
    '',
    'Usage: rec-r1 COMMAND [OPTIONS]',
    '',
    ...columns(rows),
    '',
    'rec-r1 COMMAND --help says more. Every command takes --json. Exit status: 0 good, 1 you can fix it, 2 a bug.',
  ].join('\n');
}

export function commandHelp(command: Command, options: Options): string {
  const rows = Object.entries(options).map(([name, option]): [string, string] => [left(name, option), option.about]);
  const [first, ...others] = command.usage;
  return [
    `Usage: rec-r1 ${first}`,
    ...others.map((form) => `       rec-r1 ${form}`),
    '',
    command.about,
    '',
    ...columns(rows),
  ].join('\n');
}

function left(name: string, { short, value }: Option): string {
  const flags = `${short ? `-${short}, ` : ''}--${name}`;
  return value ? `${flags} ${value}` : flags;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`);
}
