"""Random models of each family with logits, gradients and greedy tokens from Hugging Face's transformers.

    pip install torch transformers safetensors
    python test/golden/model/make_models.py

Writes test/golden/model/<family>/{config.json,model.safetensors,golden.json}.
"""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

HERE = Path(__file__).parent
SHAPE = dict(
    hidden_size=48,
    num_hidden_layers=2,
    num_attention_heads=6,
    num_key_value_heads=2,
    intermediate_size=80,
    vocab_size=97,
    max_position_embeddings=128,
    bos_token_id=1,
    eos_token_id=2,
)
FAMILIES = {
    "qwen2": Qwen2Config(**SHAPE, tie_word_embeddings=True, rope_theta=10000.0),
    "llama": LlamaConfig(**SHAPE, tie_word_embeddings=False, rope_theta=500000.0, rms_norm_eps=1e-5),
}


def make(name, config):
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    with torch.no_grad():  # wide enough that every part of the network matters; biases start at 0 and would hide
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
            else:
                parameter.copy_(0.15 * torch.randn_like(parameter))
    folder = HERE / name
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "generation_config.json").unlink(missing_ok=True)

    lengths = [11, 7]
    ids = torch.randint(3, SHAPE["vocab_size"], (2, max(lengths)))
    ids[1, lengths[1] :] = 0
    logits = model(ids).logits
    targets = ids[:, 1:]
    log_probs = torch.log_softmax(logits[:, :-1] / 0.8, -1).gather(-1, targets[..., None])[..., 0]
    mask = torch.arange(max(lengths) - 1)[None] < torch.tensor(lengths)[:, None] - 1
    loss = -(log_probs * mask).sum() / mask.sum()
    loss.backward()
    gradients = {n: p.grad.norm().item() for n, p in model.named_parameters()}
    greedy = model.generate(ids[:1], max_new_tokens=64, do_sample=False, eos_token_id=None, pad_token_id=0)
    (folder / "golden.json").write_text(
        json.dumps(
            {
                "lengths": lengths,
                "ids": ids.tolist(),
                "logits": [[round(v, 6) for v in logits[row, lengths[row] - 1].tolist()] for row in range(2)],
                "temperature": 0.8,
                "loss": loss.item(),
                "gradientNorms": gradients,
                "greedy": greedy[0, max(lengths) :].tolist(),
            }
        )
        + "\n"
    )


for name, config in FAMILIES.items():
    make(name, config)
