/** @file The policy that a run trains, and the start policy that it is held to. */
import { modelHash } from '../model/adapter-folder.ts';
import { type LoraConfig, parseTargets } from '../model/lora.ts';
import { addLora, disposePolicy, loadPolicy, merged, type Policy, withAdaptersOff } from '../model/policy.ts';
import { checkpointDir, checkpointName } from '../runs/checkpoint.ts';
import type { RunConfig } from './config.ts';
import { modelDir } from './parts.ts';

export interface Policies {
  readonly policy: Policy;
  /** With LoRA the policy's own weights with the adapters off; otherwise a copy. */
  readonly reference: Policy;
}

/** How a run adapts its model; undefined when it trains every weight. @throws UserError for an unknown target. */
export function loraOf(config: RunConfig): LoraConfig | undefined {
  if (config['lora.rank'] === 0) return undefined;
  return {
    rank: config['lora.rank'],
    alpha: config['lora.alpha'],
    dropout: config['lora.dropout'],
    targets: parseTargets(config['lora.targets'], 'lora.targets'),
    rankStabilised: config['lora.rs'] === 'on',
  };
}

/** Those of a new run. Adapters that come with the start policy are merged into it. */
export async function openStart(config: RunConfig): Promise<Policies> {
  const dir = modelDir(config);
  const lora = loraOf(config);
  const start = merged(await loadPolicy(dir, { isFrozen: lora !== undefined }));
  if (!lora) return { policy: start, reference: merged(await loadPolicy(dir, { isFrozen: true })) };
  const policy = addLora(start, lora, config.seed, { dir, sha256: await modelHash(dir) });
  return { policy, reference: withAdaptersOff(policy) };
}

/** Those of a run that goes on from the checkpoint in `dir`. */
export async function openToResume(runDir: string, dir: string, config: RunConfig): Promise<Policies> {
  const policy = await loadPolicy(dir, { otherBase: modelDir(config) });
  if (policy.lora) return { policy, reference: withAdaptersOff(policy) };
  return { policy, reference: await loadPolicy(checkpointDir(runDir, checkpointName(0)), { isFrozen: true }) };
}

/** The policy in a checkpoint's folder, to be asked and not trained. A base that has moved with the run's start policy is found there. */
export async function openCheckpoint(dir: string, config: RunConfig): Promise<Policy> {
  return loadPolicy(dir, { otherBase: modelDir(config), isFrozen: true });
}

export function disposePolicies({ policy, reference }: Policies): void {
  disposePolicy(policy);
  if (!policy.lora) disposePolicy(reference);
}
