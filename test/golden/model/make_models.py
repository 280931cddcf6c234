"""Random models of each family with logits, gradients and greedy tokens from Hugging Face's transformers.

    pip install torch transformers safetensors
    python test/golden/model/make_models.py

Writes test/golden/model/<family>/{config.json,*.safetensors,golden.json}. What is special about a family is in FAMILIES:
rotary scaling in the layouts of transformers 5 and before, sliding windows, biases, tied and untied embeddings, and the
three number formats, in one file or in shards.
"""

import copy
import json
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

HERE = Path(__file__).parent
SHAPE = dict(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    intermediate_size=48,
    vocab_size=97,
    max_position_embeddings=300,
    bos_token_id=1,
    eos_token_id=2,
)
YARN = dict(factor=4.0, original_max_position_embeddings=64)
LLAMA3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
WINDOW = dict(use_sliding_window=True, sliding_window=6)


def rope(kind, theta=10000.0, **more):
    return dict(rope_parameters=dict(rope_type=kind, rope_theta=theta, **more))


# name: configuration, stored numbers, largest shard, configuration in the layout of transformers 4
FAMILIES = {
    "qwen2": (Qwen2Config(**SHAPE, tie_word_embeddings=True), torch.float32, None, False),
    "qwen2-yarn": (Qwen2Config(**SHAPE, **rope("yarn", **YARN)), torch.bfloat16, None, True),
    "qwen2-window": (
        Qwen2Config(**SHAPE, **WINDOW, max_window_layers=1, tie_word_embeddings=True),
        torch.bfloat16,
        None,
        True,
    ),
    "qwen3": (
        Qwen3Config(**SHAPE, head_dim=16, tie_word_embeddings=True, **rope("default", 1000000.0)),
        torch.bfloat16,
        None,
        False,
    ),
    "qwen3-window": (
        Qwen3Config(
            **SHAPE,
            **WINDOW,
            head_dim=12,
            attention_bias=True,
            layer_types=["sliding_attention", "full_attention"],
            **rope("yarn", truncate=False, attention_factor=1.1, **YARN),
        ),
        torch.float16,
        "20KB",
        False,
    ),
    "llama": (LlamaConfig(**SHAPE, rms_norm_eps=1e-5, **rope("default", 500000.0)), torch.float16, "20KB", False),
    "llama3": (
        LlamaConfig(**SHAPE, head_dim=8, tie_word_embeddings=True, **rope("llama3", 500000.0, **LLAMA3)),
        torch.bfloat16,
        None,
        True,
    ),
    "llama-linear": (
        LlamaConfig(**SHAPE, attention_bias=True, mlp_bias=True, **rope("linear", factor=3.0)),
        torch.bfloat16,
        None,
        False,
    ),
    "llama-dynamic": (LlamaConfig(**SHAPE, **rope("dynamic", factor=2.0)), torch.bfloat16, None, True),
}
LENGTHS = [11, 7, 9]
TEMPERATURE = 0.8


def write_old_layout(path):
    raw = json.loads(path.read_text())
    parameters = raw.pop("rope_parameters")
    raw["rope_theta"] = parameters.pop("rope_theta")
    raw.pop("layer_types", None)
    kind = parameters.pop("rope_type")
    raw["rope_scaling"] = None if kind == "default" else {"type": kind, "rope_type": kind, **parameters}
    before = AutoConfig.from_pretrained(path.parent).rope_parameters
    path.write_text(json.dumps(raw, indent=2) + "\n")
    after = AutoConfig.from_pretrained(path.parent).rope_parameters
    after.pop("type", None)
    assert before == after, (before, after)


def make_model(config, dtype):
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    with torch.no_grad():  # wide enough that every part of the network matters; biases start at 0 and would hide
        for parameter in model.parameters():
            fresh = torch.randn_like(parameter)
            parameter.copy_((parameter + 0.3 * fresh if parameter.ndim == 1 else 0.2 * fresh).to(dtype))
    return model


def save(model, folder, dtype, shard):
    for old in folder.glob("*.safetensors*"):
        old.unlink()
    # A copy, for the rotary frequencies would be rounded as well.
    copy.deepcopy(model).to(dtype).save_pretrained(folder, max_shard_size=shard or "1GB")
    (folder / "generation_config.json").unlink(missing_ok=True)


def rounded(values):
    return [round(v, 6) for v in values.tolist()]


def check_packed(model, rows, expected):
    """The same sequences one after another in a row, told apart by their positions alone."""
    positions = torch.cat([torch.arange(len(row)) for row in rows])[None]
    packed = model(torch.cat(rows)[None], position_ids=positions, use_cache=False).logits[0]
    ends = torch.tensor([len(row) for row in rows]).cumsum(0) - 1
    assert torch.allclose(packed[ends], expected, atol=1e-4), (packed[ends] - expected).abs().max()


def gradient_of(parameter):
    g = parameter.grad.flatten().double()
    i = torch.arange(len(g), dtype=torch.float64)
    return dict(norm=g.norm().item(), cos=(g * i.cos()).sum().item(), sin=(g * (2 * i + 1).sin()).sum().item())


def golden(model):
    ids = torch.randint(3, SHAPE["vocab_size"], (len(LENGTHS), max(LENGTHS)))
    rows = [ids[row, :length] for row, length in enumerate(LENGTHS)]
    for row, length in enumerate(LENGTHS):
        ids[row, length:] = 0
    logits = model(ids).logits
    last = torch.stack([logits[row, length - 1] for row, length in enumerate(LENGTHS)])
    check_packed(model, rows, last)
    log_probs = torch.log_softmax(logits[:, :-1] / TEMPERATURE, -1).gather(-1, ids[:, 1:, None])[..., 0]
    mask = torch.arange(max(LENGTHS) - 1)[None] < torch.tensor(LENGTHS)[:, None] - 1
    loss = -(log_probs * mask).sum() / mask.sum()
    loss.backward()
    greedy = model.generate(ids[:1], max_new_tokens=256, do_sample=False, eos_token_id=None, pad_token_id=0)
    long = torch.tensor([[(37 * i + 11) % 94 + 3 for i in range(320)]])
    with torch.no_grad():
        long_logits = model(long).logits[0, -1]
    return {
        "lengths": LENGTHS,
        "ids": ids.tolist(),
        "logits": [rounded(row) for row in last],
        "temperature": TEMPERATURE,
        "loss": loss.item(),
        "gradients": {name: gradient_of(parameter) for name, parameter in model.named_parameters()},
        "greedy": greedy[0, max(LENGTHS) :].tolist(),
        "longLogits": rounded(long_logits),
    }


for name, (config, dtype, shard, is_old) in FAMILIES.items():
    model = make_model(config, dtype)
    save(model, HERE / name, dtype, shard)
    if is_old:
        write_old_layout(HERE / name / "config.json")
    (HERE / name / "golden.json").write_text(json.dumps(golden(model)) + "\n")
