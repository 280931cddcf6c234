"""Loss and gradient of TRL's DPO for fixed logits, as numbers to hold ours to.

    pip install torch transformers trl
    python test/golden/losses/make-dpo.py

Writes test/golden/losses/dpo.json. The code that runs is theirs: DPOTrainer._compute_loss on an object that has only what it
reads, and a model that answers with log-probabilities of fixed logits.
"""

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
import trl
from accelerate import Accelerator
from trl import DPOTrainer

TOKENS, VOCABULARY = 5, 7
# The better answers of three pairs, then the worse ones.
LENGTHS = [5, 3, 1, 2, 4, 5]

torch.manual_seed(3)
ROWS = len(LENGTHS)
logits = torch.randn(ROWS, TOKENS, VOCABULARY)
reference_logits = logits + 0.7 * torch.randn(ROWS, TOKENS, VOCABULARY)
targets = torch.randint(VOCABULARY, (ROWS, TOKENS))
mask = (torch.arange(TOKENS) < torch.tensor(LENGTHS)[:, None]).float()


def log_probs_of(values):
    return values.log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1) * mask


def token_values(values):
    return [round(value, 8) for row, length in zip(values.tolist(), LENGTHS) for value in row[:length]]


def case(beta):
    leaf = logits.clone().requires_grad_()

    def model_of(values):
        def model(**_):
            nothing = torch.zeros(ROWS, TOKENS)  # of what is only logged
            watched = {"entropy": nothing, "mean_logits": nothing, "is_top1": nothing.bool()}
            return SimpleNamespace(log_probs=log_probs_of(values), loss=None, **watched)

        model.training = True
        return model

    trainer = SimpleNamespace(
        model=SimpleNamespace(training=True),
        ref_model=model_of(reference_logits),
        accelerator=Accelerator(cpu=True),
        args=SimpleNamespace(gradient_checkpointing=False, gradient_checkpointing_kwargs=None),
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=["sigmoid"],
        loss_weights=[1.0],
        use_weighting=False,
        beta=beta,
        label_smoothing=0.0,
        _total_train_tokens=0,
        _tp_size=1,
        _metrics={"train": defaultdict(list)},
    )
    reference = log_probs_of(reference_logits).sum(1)
    chosen, rejected = reference.chunk(2)
    padded = torch.cat([torch.ones(ROWS, 1), mask], dim=1)  # a prompt of one token, which is not learnt
    inputs = {
        "input_ids": torch.cat([targets[:, :1], targets], dim=1),
        "attention_mask": padded.long(),
        "completion_mask": torch.cat([torch.zeros(ROWS, 1), mask], dim=1).long(),
        "ref_chosen_logps": chosen,
        "ref_rejected_logps": rejected,
    }
    loss = DPOTrainer._compute_loss(trainer, model_of(leaf), inputs, return_outputs=False)
    loss.backward()
    metrics = trainer._metrics["train"]
    return {
        "beta": beta,
        "loss": loss.item(),
        "accuracy": metrics["rewards/accuracies"][0],
        "margin": metrics["rewards/margins"][0],
        "gradient": [token_values(leaf.grad[..., v]) for v in range(VOCABULARY)],
    }


golden = {
    "versions": {"torch": torch.__version__, "trl": trl.__version__},
    "lengths": LENGTHS,
    "logits": [token_values(logits[..., v]) for v in range(VOCABULARY)],
    "targets": token_values(targets),
    "reference": token_values(log_probs_of(reference_logits)),
}
lines = [f'  "{key}": {json.dumps(value)}' for key, value in golden.items()]
cases = ",\n".join(f"    {json.dumps(case(beta))}" for beta in (0.1, 0.5, 2.0))
text = "{\n" + ",\n".join(lines) + f',\n  "cases": [\n{cases}\n  ]\n}}\n'
(Path(__file__).parent / "dpo.json").write_text(text)
