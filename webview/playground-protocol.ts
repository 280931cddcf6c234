/** @file What the extension and the playground say to each other. Types only. */
import type { RewriteAnswer } from './protocol.ts';

export type { RewriteAnswer } from './protocol.ts';

/** A checkpoint that rewrites. */
export interface Policy {
  readonly runDir: string;
  readonly checkpoint: string;
}

/** A policy with what a person knows it by. */
export interface NamedPolicy extends Policy {
  readonly run: string;
  readonly task: string;
}

/** A query that somebody sent off. A later one makes the answers to it void. */
export interface Asked {
  readonly id: number;
  readonly query: string;
  /** Null for the greedy rewrite, otherwise another draw for each number. */
  readonly sample: number | null;
}

export type ToPlayground =
  | { readonly kind: 'policies'; readonly policies: readonly NamedPolicy[] }
  | { readonly kind: 'answer'; readonly id: number; readonly policy: Policy; readonly answer: RewriteAnswer }
  | { readonly kind: 'failed'; readonly id: number; readonly policy: Policy; readonly message: string };

export type FromPlayground =
  /** The page is there; what it showed before a reload. */
  | { readonly kind: 'ready'; readonly policies: readonly Policy[] | null }
  /** Ask the person for one more checkpoint. */
  | { readonly kind: 'add' }
  | { readonly kind: 'remove'; readonly policy: Policy }
  | { readonly kind: 'ask'; readonly asked: Asked }
  | { readonly kind: 'copy'; readonly text: string };

/** What VS Code keeps for the panel. */
export interface SavedPlayground {
  readonly query: string;
  readonly policies: readonly Policy[];
}
