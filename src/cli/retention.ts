/** @file `rec-r1 retention`: what checkpoints still know beside their task, next to what they gained in ranking. */
import { compareArms } from '../app/compare.ts';
import { probeRetention, type Retention, type RetentionQuestion } from '../app/retention.ts';
import type { ProbeResult } from '../runs/retention.ts';
import { type Interval, pairedStatistics } from '../runs/statistics.ts';
import { countOf, defineCommand, noPositionals, type Output } from './command.ts';
import { newestRun } from './newest-run.ts';
import { alignedRows } from './table.ts';

const turn = (): Promise<void> => Promise.resolve();

export const retentionCommand = defineCommand({
  usage: [
    'retention [--run RUN] [--checkpoint NAME|RUN:NAME|model:DIR]... [--text FILE] [--instructions FILE] [--choices FILE] [--numbers FILE]',
    'retention --model DIR [--checkpoint model:DIR]...',
  ],
  about:
    'What checkpoints (the newest by default) still know beside their task, each compared with the start policy item by item:\n' +
    'surprise at held-out text, instructions that a program can check, multiple choice, word problems, and how far the policy\n' +
    'has moved; next to what it gained in NDCG on the validation split. Checkpoints of other runs, such as RUN:best, are shown\n' +
    'beside those of the run. Without files it takes small samples of its own, which only tell large losses.',
  options: {
    run: { type: 'string', value: 'RUN', about: 'Folder of the run; the newest under runs/ by default.' },
    model: { type: 'string', value: 'DIR', about: 'A model in place of a run’s start policy.' },
    checkpoint: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      about: 'Such as step-000100, best, newest, RUN:best or model:DIR; may be repeated.',
    },
    text: {
      type: 'string',
      value: 'FILE',
      about: 'Held-out text: paragraphs, or JSON Lines with "text" and perhaps a "context" before it.',
    },
    instructions: { type: 'string', value: 'FILE', about: 'IFEval’s JSON Lines: prompt, instruction_id_list, kwargs.' },
    choices: { type: 'string', value: 'FILE', about: 'MMLU’s CSV: question, four choices, letter; no header.' },
    numbers: {
      type: 'string',
      value: 'FILE',
      about: 'GSM8K’s JSON Lines: question, and answer with #### and a number.',
    },
    shots: { type: 'string', value: 'N', about: 'Show the first N multiple-choice questions with their answers; 0.' },
    samples: { type: 'string', value: 'N', about: 'Answers drawn per prompt to see how far the policy moved; 4.' },
    'max-new-tokens': { type: 'string', value: 'N', about: 'Tokens of an answer at most; 256.' },
    limit: { type: 'string', value: 'N', about: 'Items of each probe at most, the first ones; all by default.' },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    const { text, instructions, choices, numbers, model } = values;
    const runDir = model === undefined ? (values.run ?? newestRun()) : undefined;
    const policies = values.checkpoint ?? (model === undefined ? ['newest'] : []);
    const count = (option: 'samples' | 'max-new-tokens' | 'limit', fallback: number): number =>
      values[option] === undefined ? fallback : countOf(values[option], `--${option}`);
    const question: RetentionQuestion = {
      ...(runDir !== undefined && { runDir }),
      ...(model !== undefined && { model }),
      policies,
      files: {
        ...(text !== undefined && { text }),
        ...(instructions !== undefined && { instructions }),
        ...(choices !== undefined && { choices }),
        ...(numbers !== undefined && { numbers }),
      },
      shots: values.shots === undefined || values.shots === '0' ? 0 : countOf(values.shots, '--shots'),
      maxNewTokens: count('max-new-tokens', 256),
      samples: count('samples', 4),
      limit: count('limit', Infinity),
    };
    const found: Retention[] = [];
    for await (const retention of probeRetention(question, turn)) {
      output.note(`probed ${retention.policy}`);
      output.object(retention);
      found.push(retention);
    }
    printProbes(found, output);
    if (runDir !== undefined) await printGains(runDir, policies, output);
  },
});

/** A row for each probe and policy, with the difference from the start policy on the same items. */
function printProbes([start, ...others]: readonly Retention[], output: Output): void {
  const header = ['probe', 'items', 'policy', 'mean', '95 % interval', 'against start', '95 % interval', 'p'];
  const rows = start.probes.flatMap((probe, i) => [
    [probeTitle(probe), String(probe.values.length), 'start', probe.mean.toFixed(4), shown(probe.interval)],
    ...others.map(({ policy, probes }) => ['', '', policy, ...againstStart(probe, probes[i])]),
  ]);
  for (const line of alignedRows([header, ...rows])) output.line(line);
  output.line('');
  for (const { policy, probes } of [start, ...others]) {
    for (const { name, details } of probes) {
      const cells = Object.entries(details).map(([detail, value]) => `${detail} ${Number(value.toFixed(4))}`);
      if (cells.length > 0) output.line(`${policy}, ${name}: ${cells.join(', ')}`);
    }
  }
}

function probeTitle({ name, source, better }: ProbeResult): string {
  return `${name} (${source}, ${better} is better)`;
}

function againstStart(start: ProbeResult, probe: ProbeResult): string[] {
  const { difference, differenceInterval, pValue } = pairedStatistics(start.values, probe.values);
  const change = `${difference >= 0 ? '+' : ''}${difference.toFixed(4)}`;
  return [probe.mean.toFixed(4), shown(probe.interval), change, shown(differenceInterval), pValue.toFixed(4)];
}

/** What each policy gained in ranking, which is what it may have forgotten for. */
async function printGains(runDir: string, policies: readonly string[], output: Output): Promise<void> {
  const rows: string[][] = [];
  for (const b of policies) {
    const comparison = await compareArms({ runDir, a: 'start', b, split: 'validation' }, turn);
    const { metric, meanA, meanB, difference, differenceInterval, pValue } = comparison;
    const change = `${difference >= 0 ? '+' : ''}${difference.toFixed(4)}`;
    rows.push([
      comparison.b,
      metric,
      meanA.toFixed(4),
      meanB.toFixed(4),
      change,
      shown(differenceInterval),
      pValue.toFixed(4),
    ]);
    output.object({ policy: comparison.b, metric, meanA, meanB, difference, differenceInterval, pValue });
  }
  output.line('');
  const header = ['ranking', 'metric', 'start', 'then', 'gain', '95 % interval', 'p'];
  for (const line of alignedRows([header, ...rows])) output.line(line);
}

function shown(interval: Interval): string {
  return `[${interval.map((end) => end.toFixed(3)).join(', ')}]`;
}
