"""Byte-level BPE tokenizers of the Qwen2 and the Llama 3 kind, and what Python's tokenizers makes of 10,000 strings.

    pip install tokenizers
    python test/golden/tokenizer/make_tokenizers.py

The pre-tokenizers' expressions, normalizers and special tokens are those of the real files; the merges are learned from
strings of the kind that is tested. Writes <kind>/{tokenizer.json,tokenizer_config.json} and golden.json with hashes of
ids and of decoded texts for each block of strings. The strings are made by the same steps here and in tokenizer.test.ts.
"""

import hashlib
import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
ALPHABET = json.loads((HERE / "alphabet.json").read_text(encoding="utf8"))
STRINGS, BLOCK = 10_000, 100
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
KINDS = {
    "qwen2": dict(
        digits=r"\p{N}",
        special=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        added=["<tool_call>", "</tool_call>", "<think>", "</think>"],
        bos=None,
        eos="<|im_end|>",
    ),
    "llama3": dict(
        digits=r"\p{N}{1,3}",
        special=["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        added=[],
        bos="<|begin_of_text|>",
        eos="<|eot_id|>",
    ),
}


class Random:
    """xorshift32, the same in both languages."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return x % n


def strings(seed, count):
    random = Random(seed)
    ranges, pieces = list(ALPHABET["ranges"].values()), ALPHABET["pieces"]

    def characters():
        script = ranges[random.below(len(ranges))]
        text = ""
        for _ in range(1 + random.below(8)):
            low, high = script[random.below(len(script))]
            text += chr(low + random.below(high - low + 1))
        return text

    def piece():
        return pieces[random.below(len(pieces))] if random.below(3) == 0 else characters()

    return ["".join(piece() for _ in range(random.below(12))) for _ in range(count)]


def train(kind):
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
    spec = KINDS[kind]
    if kind == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS % spec["digits"]), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1200, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(strings(99, 3000), trainer)
    tokenizer.add_special_tokens(spec["special"])
    tokenizer.add_tokens(spec["added"])
    byte_level = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    if spec["bos"]:
        begin = processors.TemplateProcessing(
            single=f"{spec['bos']} $A", special_tokens=[(spec["bos"], tokenizer.token_to_id(spec["bos"]))]
        )
        tokenizer.post_processor = processors.Sequence([byte_level, begin])
    else:
        tokenizer.post_processor = byte_level
    return tokenizer


def digest(value):
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf8")).hexdigest()[:16]


def write(kind):
    tokenizer, spec = train(kind), KINDS[kind]
    folder = HERE / kind
    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = dict(
        bos_token=spec["bos"],
        eos_token=spec["eos"],
        clean_up_tokenization_spaces=kind == "llama3",
        tokenizer_class="PreTrainedTokenizerFast",
        chat_template="{{ messages[0].content }}",
    )
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    blocks = []
    texts = strings(1, STRINGS)
    for start in range(0, STRINGS, BLOCK):
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts[start : start + BLOCK]]
        decoded = [tokenizer.decode(row, skip_special_tokens=True) for row in ids]
        blocks.append([digest(ids), digest([list(text.encode("utf8")) for text in decoded])])
    return blocks


texts = strings(1, STRINGS)
golden = {"strings": digest([list(text.encode("utf8")) for text in texts]), "kinds": {kind: write(kind) for kind in KINDS}}
(HERE / "golden.json").write_text(json.dumps(golden) + "\n")
