"""Trains the starter on the sample with Rec-R1 and with TRL's GRPOTrainer, on the same queries in the same order with the same
reward, and lays the two curves side by side.

    npm run build
    pip install torch transformers trl
    python test/bench/trl-curves.py [--steps 20] [--seed 1] --out curves

Writes curves.json and curves.svg. TRL's rewards come from `rec-r1 score`, so that both are paid by the same recommender. What
differs: the two draw other random numbers (the shaded band is of Rec-R1's own seeds, which see other queries too), and the warm-up of
transformers begins with a rate of 0, so TRL's first step learns nothing.
"""

import argparse
import json
import sqlite3
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


def drawing(ours, theirs):
    """Two lines and a band, as SVG."""
    steps, width, height, margin = len(theirs), 640, 320, 40
    values = [value for curve in [*ours, theirs] for value in curve]
    low, high = min(values), max(values)
    x = lambda step: margin + step * (width - 2 * margin) / max(1, steps - 1)
    y = lambda value: height - margin - (value - low) * (height - 2 * margin) / (high - low)
    points = lambda curve: " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in enumerate(curve))
    by_step = list(zip(*ours))
    band = points([max(step) for step in by_step]) + " " + " ".join(
        f"{x(i):.1f},{y(min(by_step[i])):.1f}" for i in reversed(range(steps))
    )
    label = lambda left, top, text, color="#555": f'<text x="{left}" y="{top}" fill="{color}">{text}</text>'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<polygon points="{band}" fill="#2563eb" opacity="0.15"/>',
        f'<polyline points="{points([sum(s) / len(s) for s in by_step])}" fill="none" stroke="#2563eb" stroke-width="2"/>',
        f'<polyline points="{points(theirs)}" fill="none" stroke="#ea580c" stroke-width="2"/>',
        label(margin, 20, f"Rec-R1, mean and range of {len(ours)} seeds", "#2563eb"),
        label(width // 2, 20, "TRL GRPOTrainer", "#ea580c"),
        label(2, y(high) + 4, f"{high:.2f}"),
        label(2, y(low) + 4, f"{low:.2f}"),
        label(width // 2 - 60, height - 10, f"mean reward, {steps} steps"),
        "</svg>\n",
    ])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds of Rec-R1 make the band")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        runs = [train_ours(folder / str(k), options.steps, options.seed + k) for k in range(options.seeds)]
        ours = [rewards for rewards, _ in runs]
        theirs = train_trl(folder, runs[0][1], options.steps, options.seed)
    options.out.with_suffix(".json").write_text(json.dumps({"recR1": ours, "trl": theirs}, indent=2) + "\n")
    options.out.with_suffix(".svg").write_text(drawing(ours, theirs))
