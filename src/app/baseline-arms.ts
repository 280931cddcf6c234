/**
 * @file The arms that need no policy of ours: other recommenders, what is known of purchases alone, and remote models.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { REMOTE_TOKEN } from '../base/environment.ts';
import { UserError } from '../base/errors.ts';
import type { Example } from '../data/task.ts';
import { type Arm, rawQueryArm } from '../rl/arms.ts';
import { coOccurrenceArm, popularityArm } from '../rl/item-arms.ts';
import { remoteArm } from '../rl/remote-arm.ts';
import { SASREC, trainSasRec } from '../rl/sasrec.ts';
import type { ArmContext, ArmKind } from './open-arm.ts';
import { openRetriever } from './open-retriever.ts';
import { examplesOf } from './task-of.ts';
import { readRemoteSpec, type RemoteSpec } from './remote-spec.ts';

export const BASELINE_KINDS: readonly ArmKind[] = [
  kind('raw:RECOMMENDER', /^raw:(.+)$/, ([retriever], context) => openOther(retriever, context)),
  kind('popularity', /^popularity$/, (_, context) => popularityArm(trainingExamples(context))),
  kind('co-occurrence', /^co-occurrence$/, (_, context) => coOccurrenceArm(histories('co-occurrence', context))),
  kind('sasrec', /^sasrec$/, (_, context) => {
    const data = { train: histories('sasrec', context), validation: context.task.examples.validation };
    const settings = { ...SASREC, seed: context.config.seed };
    return trainSasRec(data, settings, () => performance.now(), nextTurn);
  }),
  kind('remote:FILE.json', /^remote:(.+\.json)$/, async ([file], context) =>
    openRemote(await readRemoteSpec(file), context),
  ),
  kind('remote:MODEL@URL', /^remote:(.+?)@(https?:.+)$/, ([model, url], context) => {
    const key = process.env[REMOTE_TOKEN];
    return openRemote({ model, url, ...(key && { auth: { bearer: REMOTE_TOKEN } }) }, context);
  }),
];

/** @param open gets what the pattern captures. */
function kind(
  form: string,
  pattern: RegExp,
  open: (captured: readonly string[], context: ArmContext) => Arm | Promise<Arm>,
): ArmKind {
  return {
    form,
    pattern,
    open: async (text, context) => ({
      arm: await open(pattern.exec(text)!.slice(1), context),
      config: context.config,
    }),
  };
}

async function openOther(retriever: string, { task, config }: ArmContext): Promise<Arm> {
  const other = await openRetriever(task, { ...config, retriever });
  const arm = rawQueryArm(`raw query, ${other.name}`);
  return { ...arm, retriever: other, ...(other.dispose && { dispose: () => other.dispose!() }) };
}

function openRemote(spec: RemoteSpec, { config }: ArmContext): Arm {
  // No remote model was made for queries alone.
  const promptStyle = config.promptStyle === 'auto' ? 'paper' : config.promptStyle;
  return remoteArm({ ...spec, promptStyle, seed: config.seed, temperature: config['rollout.temperature'] });
}

function trainingExamples({ task, config }: ArmContext): readonly Example[] {
  return examplesOf(task, 'train', config);
}

/** @throws UserError when nobody's history is known. */
function histories(arm: string, context: ArmContext): readonly Example[] {
  if (context.task.kind === 'sequence') return trainingExamples(context);
  throw new UserError(`"${arm}" ranks by what was bought before, and ${context.task.dir} has no histories.`);
}
