"""Trains the starter on the sample with Rec-R1 and with TRL's GRPOTrainer, on the same queries in the same order with the same
reward, and lays the two curves side by side.

    npm run build
    pip install torch transformers trl
    python test/bench/trl-curves.py [--steps 60] [--seed 1] --out test/bench/trl-curves

Writes OUT.json and OUT.svg. TRL's rewards come from `rec-r1 score`, so that both are paid by the same recommender. What differs:
the two draw other random numbers, and the warm-up of transformers begins with a rate of 0, so TRL's first step learns nothing. A
step's queries decide most of its reward, which is why both see the same ones; a trailing mean is drawn over long runs.
"""

import argparse
import json
import math
import sqlite3
import statistics
import subprocess
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from datasets.table import InMemoryTable
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

ROOT = Path(__file__).parents[2]
STARTER, SAMPLE = ROOT / "media/starter", ROOT / "media/sample"
PROMPTS, COPIES, TOKENS, RATE, WARMUP, KL = 16, 8, 48, 3e-4, 5, 0.001


def rec_r1(*arguments):
    done = subprocess.run(
        ["node", ROOT / "dist/cli.mjs", *arguments, "--json"], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def train_ours(folder, steps, seed):
    """Rewards by step, and for each step its queries as (id, text)."""
    settings = {
        **{"steps": steps, "seed": seed, "rollout.prompts": PROMPTS, "rollout.groupSize": COPIES},
        **{"rollout.maxNewTokens": TOKENS, "optimizer.learningRate": RATE, "optimizer.warmup": WARMUP},
        **{"optimizer.decay": "constant", "grpo.kl": KL, "evaluation.limit": 1, "evaluation.every": steps},
        "checkpoint.every": steps,
    }
    assignments = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    events = rec_r1("train", "--run", folder, *assignments)
    with sqlite3.connect(folder / "run.sqlite") as db:
        rows = db.execute(
            "SELECT step, example, query FROM rollout_groups JOIN events ON events.id = event ORDER BY step, rollout_groups.position"
        ).fetchall()
    return [event["reward"] for event in events if "reward" in event], [(i, query) for _, i, query in rows]


def train_trl(folder, queries, steps, seed):
    tokenizer = AutoTokenizer.from_pretrained(STARTER)
    prompt_of = lambda query: (
        tokenizer.apply_chat_template([{"role": "user", "content": query}], tokenize=False, add_generation_prompt=True)
        + "<think>"
    )
    rows = [{"prompt": prompt_of(query), "example": i} for i, query in queries]
    data = Dataset(InMemoryTable.from_pylist(rows), fingerprint="queries")
    curve = []

    def reward(completions, example, **_):
        answers = folder / "answers.jsonl"
        rows = [{"_id": i, "completion": text} for i, text in zip(example, completions)]
        answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
        [scoring] = rec_r1("score", "--task", SAMPLE, "--outputs", answers)
        found = [row["reward"] for row in scoring["rows"]]
        assert len(found) == len(completions), scoring["skippedBecause"]
        curve.append(sum(found) / len(found))
        return found

    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(STARTER, dtype=torch.float32),
        processing_class=tokenizer,
        reward_funcs=reward,
        train_dataset=data,
        args=GRPOConfig(
            output_dir=str(folder / "trl"), use_cpu=True, bf16=False, report_to=[], save_strategy="no", seed=seed,
            max_steps=steps, per_device_train_batch_size=PROMPTS * COPIES, num_generations=COPIES,
            shuffle_dataset=False, max_completion_length=TOKENS, temperature=1.0, top_p=1.0, top_k=0,
            loss_type="bnpo", scale_rewards="group", beta=KL, epsilon=0.2, gradient_checkpointing=False,
            learning_rate=RATE, lr_scheduler_type="constant_with_warmup", warmup_steps=WARMUP,
            weight_decay=0.01, max_grad_norm=1.0, disable_tqdm=True,
        ),
    )
    trainer.train()
    return curve[:steps]


SMOOTH, ENDS = 8, 10
OURS, THEIRS = "#2563eb", "#ea580c"


def mean(values):
    return sum(values) / len(values)


def trailing(curve):
    return [mean(curve[max(0, i + 1 - SMOOTH) : i + 1]) for i in range(len(curve))]


def drawing(ours, theirs):
    """Rewards of both, faint, and their trailing means, with axes, as SVG."""
    steps, width, height, left, top, bottom = len(theirs), 720, 400, 56, 64, 344
    low = math.floor(min(*ours, *theirs) * 10) / 10
    high = math.ceil(max(*ours, *theirs) * 10) / 10
    x = lambda step: left + (step - 1) * (width - left - 24) / max(1, steps - 1)
    y = lambda value: bottom - (value - low) * (bottom - top) / (high - low)
    text = lambda at, up, words, anchor="middle", color="#374151": (
        f'<text x="{at:.1f}" y="{up:.1f}" text-anchor="{anchor}" fill="{color}">{words}</text>'
    )
    line = lambda curve, style: '<polyline fill="none" points="{}" {}/>'.format(
        " ".join(f"{x(i + 1):.1f},{y(value):.1f}" for i, value in enumerate(curve)), style
    )
    ticks = [round(low + i / 10, 1) for i in range(round((high - low) * 10) + 1)]
    curves = [(ours, OURS, "Rec-R1"), (theirs, THEIRS, "TRL GRPOTrainer")]
    together = statistics.correlation(ours, theirs)
    is_long = steps >= 5 * SMOOTH  # a trailing mean of a few steps shows where they began
    faint = 'stroke-opacity="0.3"' if is_long else 'stroke-width="2"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *(f'<path d="M{left} {y(v):.1f}H{width - 24}" stroke="#e5e7eb"/>' for v in ticks),
        *(text(left - 8, y(v) + 4, f"{v:.1f}", "end") for v in ticks),
        *(text(x(step), bottom + 18, step) for step in [1, *range(10, steps + 1, 10)]),
        text((left + width - 24) / 2, bottom + 38, "step"),
        text(left, 22, f"Mean reward of a step on the same queries, from the same starter; correlation {together:.2f}", "start", "#111827"),
        *(
            text(left + 300 * i, 44, f"{name}, mean of the last {ENDS} steps {mean(curve[-ENDS:]):.3f}", "start", color)
            for i, (curve, color, name) in enumerate(curves)
        ),
        *(line(curve, f'stroke="{color}" {faint}') for curve, color, _ in curves),
        *(line(trailing(curve), f'stroke="{color}" stroke-width="2.5"') for curve, color, _ in curves if is_long),
        text(width - 24, bottom + 38, f"thick: mean of {SMOOTH} steps" if is_long else "", "end"),
        "</svg>\n",
    ])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ours, queries = train_ours(folder / "run", options.steps, options.seed)
        theirs = train_trl(folder, queries, options.steps, options.seed)
    options.out.with_suffix(".json").write_text(json.dumps({"recR1": ours, "trl": theirs}, indent=2) + "\n")
    options.out.with_suffix(".svg").write_text(drawing(ours, theirs))
