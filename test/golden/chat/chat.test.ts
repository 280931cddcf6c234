import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import type { ChatMessage } from '../../../src/data/prompt.ts';
import { strftime } from '../../../src/model/strftime.ts';
import { loadTokenizer } from '../../../src/model/tokenizer.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** Made by make_chats.py with Hugging Face's transformers. */
interface Golden {
  /** Messages also have calls, which the type of our own prompts does not know. */
  readonly chats: Readonly<Record<string, readonly ChatMessage[]>>;
  readonly cases: readonly {
    readonly template: string;
    readonly chat: string;
    readonly variables: Readonly<Record<string, unknown>>;
    readonly rendered: string;
  }[];
}

const golden = join(packageRoot(), 'test/golden');
const { chats, cases } = JSON.parse(readFileSync(join(golden, 'chat/golden.json'), 'utf8')) as Golden;
const clock = new Date(2025, 2, 5, 9, 7, 2);

for (const template of new Set(cases.map((one) => one.template))) {
  describe(`a chat template of the ${template} kind`, () => {
    it('renders byte for byte what transformers renders', async (test) => {
      const dir = temporaryFolder(test);
      cpSync(join(golden, 'tokenizer/llama3'), dir, { recursive: true });
      cpSync(join(golden, `chat/${template}.jinja`), join(dir, 'chat_template.jinja'));
      const tokenizer = await loadTokenizer(dir, [], 2000);
      const strftime_now = (format: string): string => strftime(clock, format);
      for (const { chat, variables, rendered } of cases.filter((one) => one.template === template)) {
        const actual = tokenizer.renderChat(chats[chat], { strftime_now, ...variables });
        assert.equal(actual, rendered, `${chat} with ${JSON.stringify(variables)}`);
      }
    });
  });
}

it('dates are written as Python writes them, whatever the language of the system', () => {
  assert.equal(strftime(clock, '%A %a %d %-d %B %b %m %y %Y'), 'Wednesday Wed 05 5 March Mar 03 25 2025');
  assert.equal(strftime(clock, '%H:%M:%S %I %p %j %% %Q'), '09:07:02 09 AM 064 % %Q');
});
