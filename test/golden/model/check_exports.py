"""Holds what `rec-r1 export` wrote against the Python world: a merged model in transformers, an adapter in PEFT.

    pip install torch transformers safetensors peft
    rec-r1 export --run RUN --format merged --out merged && rec-r1 export --run RUN --format adapter --out adapter
    python test/golden/model/check_exports.py merged adapter

Prints the largest difference of their logits, and how far they are from the base model's.
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

merged, adapter = sys.argv[1:]
base = json.loads((Path(adapter) / "adapter_config.json").read_text())["base_model_name_or_path"]
ids = AutoTokenizer.from_pretrained(merged)("a thing to warm my neck", return_tensors="pt").input_ids


def logits(model):
    with torch.no_grad():
        return model.float().eval()(ids).logits


whole = logits(AutoModelForCausalLM.from_pretrained(merged))
start = logits(AutoModelForCausalLM.from_pretrained(base))
adapted = logits(PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter))
print("merged and adapter differ by", (whole - adapted).abs().max().item())
print("merged and base differ by", (whole - start).abs().max().item())
