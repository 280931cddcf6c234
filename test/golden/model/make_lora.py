"""Random LoRA adapters on the models of make_models.py, with logits, gradients and greedy tokens from PEFT.

    pip install torch transformers safetensors peft
    python test/golden/model/make_lora.py

Writes test/golden/model/<family>/lora/{adapter_config.json,adapter_model.safetensors,golden.json}.
"""

import json
import tempfile
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
ADAPTERS = {
    "qwen2": LoraConfig(r=4, lora_alpha=6, target_modules="all-linear", task_type="CAUSAL_LM"),
    "qwen3": LoraConfig(r=2, lora_alpha=8, target_modules=["q_proj", "k_proj", "o_proj"], task_type="CAUSAL_LM"),
    "llama": LoraConfig(
        r=3, lora_alpha=5, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=True, task_type="CAUSAL_LM"
    ),
}


def make(family, config):
    torch.manual_seed(11)
    base = AutoModelForCausalLM.from_pretrained(HERE / family, attn_implementation="eager").float()
    model = get_peft_model(base, config).eval()
    with torch.no_grad():  # B starts at zero: then every gradient of A would be zero too
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(0.1 * torch.randn_like(parameter))
    folder = HERE / family / "lora"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as written:
        model.save_pretrained(written)
        (folder / "adapter_model.safetensors").write_bytes((Path(written) / "adapter_model.safetensors").read_bytes())
        adapter = json.loads((Path(written) / "adapter_config.json").read_text())
    adapter["base_model_name_or_path"] = ".."
    adapter["target_modules"].sort()
    (folder / "adapter_config.json").write_text(json.dumps(adapter, indent=2) + "\n")

    golden = json.loads((HERE / family / "golden.json").read_text())
    lengths, ids = golden["lengths"], torch.tensor(golden["ids"])
    logits = model(ids).logits
    log_probs = torch.log_softmax(logits[:, :-1] / golden["temperature"], -1).gather(-1, ids[:, 1:, None])[..., 0]
    mask = torch.arange(max(lengths) - 1)[None] < torch.tensor(lengths)[:, None] - 1
    loss = -(log_probs * mask).sum() / mask.sum()
    loss.backward()
    gradients = {
        n.removeprefix("base_model.model.").replace(".default", ""): [round(v, 9) for v in p.grad.flatten().tolist()]
        for n, p in model.named_parameters()
        if p.requires_grad
    }
    greedy = model.generate(input_ids=ids[:1], max_new_tokens=64, do_sample=False, eos_token_id=None, pad_token_id=0)
    (folder / "golden.json").write_text(
        json.dumps(
            {
                "logits": [[round(v, 6) for v in logits[row, lengths[row] - 1].tolist()] for row in range(2)],
                "loss": loss.item(),
                "gradients": gradients,
                "greedy": greedy[0, max(lengths) :].tolist(),
            }
        )
        + "\n"
    )


for family, config in ADAPTERS.items():
    make(family, config)
