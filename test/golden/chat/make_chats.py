"""Chats rendered by transformers through templates that use what those of Qwen2.5, Qwen3 and Llama 3.x use.

    pip install transformers
    python test/golden/chat/make_chats.py

Writes test/golden/chat/golden.json. The filter `reject`, which Llama 3.1 needs for built-in tools alone, is missing in the
JavaScript library and left out. The clock stands at 5 March 2025, 09:07.
"""

import json
from datetime import datetime
from pathlib import Path

from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

HERE = Path(__file__).parent


class Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2025, 3, 5, 9, 7, 2)


chat_template_utils.datetime = Clock

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "search",
            "description": "Finds products — even with “quotes”, <b>tags</b> & 中文",
            "parameters": {
                "type": "object",
                "properties": {"query": {"type": "string"}, "limit": {"type": "integer", "default": 10}},
                "required": ["query"],
            },
        },
    },
    {"type": "function", "function": {"name": "empty", "parameters": {"properties": {}, "list": [], "price": 1.5}}},
]


def say(role, content, **more):
    return dict(role=role, content=content, **more)


def call(**arguments):
    return dict(type="function", function=dict(name="search", arguments=arguments))


SYSTEM = say("system", "  Rewrite queries.\n")
CHATS = {
    "a question": [say("user", "red shoes")],
    "with a system message": [SYSTEM, say("user", "red shoes\n\n  for 'kids' & <b>adults</b> ")],
    "several turns": [
        SYSTEM,
        say("user", "shoes"),
        say("assistant", "<think>\nhm\n</think>\n\nboots"),
        say("user", "für Männer 👟"),
        say("assistant", "\n\nSchuhe"),
    ],
    "a call and its answers": [
        say("user", "find boots"),
        say("assistant", "", tool_calls=[call(query="boots \"x\" é", limit="3")]),
        say("tool", '{"hits": []}'),
        say("tool", "none"),
        say("assistant", "<think>a</think>Nothing."),
        say("user", "thanks"),
    ],
    "a call that ends it": [
        say("user", "find"),
        say("assistant", "Let me see.", reasoning_content="\nwhy not\n", tool_calls=[call(query="a", limit="b")]),
    ],
    "a late system message": [say("user", "a"), say("system", "b"), say("user", "c")],
}
VARIABLES = [
    {},
    {"add_generation_prompt": False},
    {"tools": TOOLS},
    {"enable_thinking": False},
    {"enable_thinking": True},
    {"tools": TOOLS, "tools_in_user_message": False, "date_string": "1 Jan 2020"},
    {"builtin_tools": ["search", "code_interpreter", "wolfram"]},
]

tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(HERE.parent / "tokenizer/llama3/tokenizer.json"))
tokenizer.bos_token = "<|begin_of_text|>"
tokenizer.eos_token = "<|eot_id|>"
cases = []
for template in sorted(HERE.glob("*.jinja")):
    for name, messages in CHATS.items():
        for variables in VARIABLES:
            rendered = tokenizer.apply_chat_template(
                messages,
                tokenize=False,
                chat_template=template.read_text(encoding="utf8"),
                **{"add_generation_prompt": True, **variables},
            )
            cases.append(dict(template=template.stem, chat=name, variables=variables, rendered=rendered))
seen = {}
for case in cases:  # most settings matter to one family only
    seen.setdefault((case["template"], case["chat"], case["rendered"]), case)
golden = dict(chats=CHATS, cases=list(seen.values()))
(HERE / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf8")
