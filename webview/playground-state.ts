/** @file The playground's state as a function of what the host said and what the person did. Pure. */
import type { Asked, NamedPolicy, Policy, RewriteAnswer, ToPlayground } from './playground-protocol.ts';

export type Reply =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'done'; readonly answer: RewriteAnswer }
  | { readonly kind: 'failed'; readonly message: string };

export interface PlaygroundState {
  /** What stands in the field. */
  readonly query: string;
  readonly policies: readonly NamedPolicy[];
  readonly asked: Asked | null;
  /** To what was asked, by `keyOf` of the policy. */
  readonly replies: ReadonlyMap<string, Reply>;
}

export type PlaygroundAction =
  { readonly kind: 'type'; readonly query: string } | { readonly kind: 'asked'; readonly asked: Asked };

export const initialPlayground: PlaygroundState = { query: '', policies: [], asked: null, replies: new Map() };

export function reducePlayground(state: PlaygroundState, message: ToPlayground | PlaygroundAction): PlaygroundState {
  switch (message.kind) {
    case 'policies':
      return { ...state, policies: message.policies };
    case 'type':
      return { ...state, query: message.query };
    case 'asked':
      return { ...state, asked: message.asked, replies: new Map() };
    case 'answer':
      return withReply(state, message, { kind: 'done', answer: message.answer });
    case 'failed':
      return withReply(state, message, { kind: 'failed', message: message.message });
  }
}

export function keyOf({ runDir, checkpoint }: Policy): string {
  return JSON.stringify([runDir, checkpoint]);
}

export function replyOf({ replies, asked }: PlaygroundState, policy: Policy): Reply | null {
  return replies.get(keyOf(policy)) ?? (asked ? { kind: 'waiting' } : null);
}

/** What the query as typed finds, from the first answer that there is. */
export function asTyped(state: PlaygroundState): RewriteAnswer | null {
  for (const policy of state.policies) {
    const reply = state.replies.get(keyOf(policy));
    if (reply?.kind === 'done') return reply.answer;
  }
  return null;
}

function withReply(
  state: PlaygroundState,
  { id, policy }: { readonly id: number; readonly policy: Policy },
  reply: Reply,
): PlaygroundState {
  if (state.asked?.id !== id) return state;
  return { ...state, replies: new Map([...state.replies, [keyOf(policy), reply]]) };
}
