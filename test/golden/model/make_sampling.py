"""Probabilities of the next token under every sampling setting, by transformers' logits processors.

    pip install torch transformers
    python test/golden/model/make_sampling.py

Writes test/golden/model/sampling.json: logits of a row, the tokens before it, and for each setting the probabilities of
the tokens that are left.
"""

import json
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

SETTINGS = [
    dict(temperature=1.0),
    dict(temperature=0.6),
    dict(temperature=1.0, top_k=5),
    dict(temperature=1.3, top_p=0.7),
    dict(temperature=1.0, min_p=0.2),
    dict(temperature=1.0, repetition_penalty=1.5),
    dict(temperature=1.0, repetition_penalty=0.7),
    dict(temperature=0.7, top_k=12, top_p=0.9, min_p=0.1, repetition_penalty=1.2),
]
torch.manual_seed(5)
tiny = LlamaForCausalLM(
    LlamaConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=40)
)
logits = 2 * torch.randn(1, 40)
before = torch.randint(0, 40, (1, 15))
cases = []
for setting in SETTINGS:
    config = GenerationConfig(do_sample=True, **{"top_k": 0, **setting})
    processors = tiny._get_logits_processor(generation_config=config, input_ids_seq_length=15, device="cpu")
    probabilities = torch.softmax(processors(before, logits.clone()), -1)[0].tolist()
    cases.append(dict(setting=setting, probabilities={i: p for i, p in enumerate(probabilities) if p > 0}))
(Path(__file__).parent / "sampling.json").write_text(
    json.dumps(dict(logits=logits[0].tolist(), before=before[0].tolist(), cases=cases)) + "\n"
)
