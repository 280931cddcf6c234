"""Losses, gradients and advantages of TRL and verl for fixed logits, rollouts and rewards, as numbers to hold ours to.

    pip install torch transformers trl verl
    python test/golden/losses/make.py

Writes test/golden/losses/losses.json. The code that runs is theirs: GRPOTrainer._compute_loss and RLOOTrainer._compute_loss of
TRL on an object that has only what they read, and the plain functions of verl's core_algos and rollout_corr_helper.
"""

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
import trl
import verl
from accelerate import Accelerator
from trl import GRPOTrainer, RLOOTrainer
from verl.trainer.ppo import core_algos
from verl.trainer.ppo.rollout_corr_helper import compute_rollout_correction_weights
from verl.workers.config import ActorConfig

GROUPS, COPIES, TOKENS, VOCABULARY = 2, 3, 5, 7
MAX_NEW_TOKENS = 6
KL = 0.04
CAP = 1.2
LENGTHS = [5, 3, 1, 2, 4, 5]

torch.manual_seed(5)
ROWS = GROUPS * COPIES
logits = torch.randn(ROWS, TOKENS, VOCABULARY)
targets = torch.randint(VOCABULARY, (ROWS, TOKENS))
mask = (torch.arange(TOKENS) < torch.tensor(LENGTHS)[:, None]).float()
current = logits.log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1)
# Far enough apart that every clip acts on some token and some completion.
old = (current + 0.5 * torch.randn(ROWS, TOKENS)) * mask
sampling = (old + 0.4 * torch.rand(ROWS, TOKENS) - 0.1) * mask
reference = (current + 0.5 * torch.randn(ROWS, TOKENS)) * mask
rewards = torch.tensor([1.1, 0.4, -2.0, 0.0, 0.3, 0.9])
groups = [i // COPIES for i in range(ROWS)]


def advantages_of(kind, rewards):
    scores = torch.zeros(ROWS, TOKENS)
    scores[:, 0] = rewards
    given = {"token_level_rewards": scores, "response_mask": mask, "index": groups}
    match kind:
        case "grpo":
            found, _ = core_algos.compute_grpo_outcome_advantage(**given, norm_adv_by_std_in_grpo=True)
        case "dr-grpo":
            found, _ = core_algos.compute_grpo_outcome_advantage(**given, norm_adv_by_std_in_grpo=False)
        case "rloo":
            found, _ = core_algos.compute_rloo_outcome_advantage(**given)
        case "reinforce++":
            at_end = torch.zeros(ROWS, TOKENS)
            at_end[range(ROWS), [length - 1 for length in LENGTHS]] = rewards
            undiscounted = SimpleNamespace(gamma=1.0)
            found, _ = core_algos.compute_reinforce_plus_plus_outcome_advantage(at_end, mask, undiscounted)
        case "reinforce++-baseline":
            found, _ = core_algos.compute_reinforce_plus_plus_baseline_outcome_advantage(**given)
    return found[:, 0]  # every completion has a first token


def token_values(values):
    return [round(value, 8) for row, length in zip(values.tolist(), LENGTHS) for value in row[:length]]


def statistics_of(leaf):
    """Log-probabilities and entropies of the targets, differentiable with respect to the logits."""
    log_probs = leaf.log_softmax(-1)
    entropies = -(log_probs.exp() * log_probs).sum(-1)
    return log_probs.gather(-1, targets[..., None]).squeeze(-1), entropies


def case(name, loss_of, advantages, choices):
    leaf = logits.clone().requires_grad_()
    loss = loss_of(leaf, advantages)
    loss.backward()
    return {
        "name": name,
        "choices": choices,
        "advantages": [round(value, 8) for value in advantages.tolist()],
        "loss": loss.item(),
        "gradient": [token_values(leaf.grad[..., v]) for v in range(VOCABULARY)],
    }


def trl_case(name, choices, advantages="grpo", **options):
    """GRPOTrainer's loss: `options` are fields of GRPOConfig."""
    config = {
        **{"loss_type": "grpo", "importance_sampling_level": "token", "beta": KL, "delta": None},
        **{"epsilon_low": 0.2, "epsilon_high": 0.2, "entropy_coef": 0.0, "importance_sampling": None},
        **options,
    }

    def loss_of(leaf, advantages):
        trainer = SimpleNamespace(
            args=SimpleNamespace(delta=config["delta"], use_bias_correction_kl=False, steps_per_generation=1),
            model=SimpleNamespace(training=True),
            accelerator=Accelerator(cpu=True),
            max_completion_length=MAX_NEW_TOKENS,
            current_gradient_accumulation_steps=1,
            aux_loss_enabled=False,
            top_entropy_quantile=1.0,
            off_policy_mask_threshold=None,
            use_vllm=config["importance_sampling"] is not None,
            vllm_importance_sampling_correction=True,
            use_adaptive_entropy=False,
            _entropy_bonus_enabled=config["entropy_coef"] > 0,
            _metrics={"train": defaultdict(list)},
            _get_per_token_logps_and_entropies=lambda *_, **__: (*statistics_of(leaf), None),
            **{k: config[k] for k in ("loss_type", "importance_sampling_level", "beta", "entropy_coef")},
            **{k: config[k] for k in ("epsilon_low", "epsilon_high")},
        )
        inputs = {
            **{"prompt_ids": targets[:, :1], "prompt_mask": mask[:, :1]},
            **{"completion_ids": targets, "completion_mask": mask, "advantages": advantages},
            **{"old_per_token_logps": old, "ref_per_token_logps": reference, "num_items_in_batch": mask.sum()},
            "importance_sampling_ratio": config["importance_sampling"],
        }
        return GRPOTrainer._compute_loss(trainer, None, inputs)

    return case(f"TRL {name}", loss_of, advantages_of(advantages, rewards), {"kl": KL, **choices})


def trl_rloo():
    """RLOOTrainer's loss, with k1 taken off the rewards; the product of all tokens' ratios is far off, hence the clip of 0.5."""

    def loss_of(leaf, advantages):
        trainer = SimpleNamespace(
            model=SimpleNamespace(training=True),
            accelerator=Accelerator(cpu=True),
            aux_loss_enabled=False,
            epsilon_low=0.5,
            epsilon_high=0.5,
            _metrics={"train": defaultdict(list)},
            _get_per_token_logps_and_entropies=lambda *_, **__: (*statistics_of(leaf), None),
        )
        inputs = {
            **{"prompt_ids": targets[:, :1], "prompt_mask": mask[:, :1]},
            **{"completion_ids": targets, "completion_mask": mask, "advantages": advantages},
            "old_logps": (old * mask).sum(1),
        }
        return RLOOTrainer._compute_loss(trainer, None, inputs)

    penalised = rewards - KL * ((old - reference) * mask).sum(1)
    choices = {
        **{"kl": 0, "advantage": "rloo", "klInReward": KL, "klEstimator": "k1", "clip": 0.5, "clipHigh": 0.5},
        **{"ratio": "sequence-product", "aggregation": "sequences"},
    }
    return case("TRL RLOO", loss_of, advantages_of("rloo", penalised), choices)


def verl_case(name, choices, advantages="grpo", policy_loss="vanilla", agg="token-mean", kl="k3", weights=None, dual=1e6):
    """verl's policy loss, divergence and entropy, put together as its actor does."""
    low, high = choices.get("clip", 0.2), choices.get("clipHigh", 0.2)
    batch = {"loss_scale_factor": MAX_NEW_TOKENS} if agg == "seq-mean-token-sum-norm" else {}

    def loss_of(leaf, advantages):
        log_probs, entropies = statistics_of(leaf)
        config = ActorConfig(
            strategy="fsdp", rollout_n=COPIES, ppo_micro_batch_size_per_gpu=1,
            clip_ratio=low, clip_ratio_low=low, clip_ratio_high=high, clip_ratio_c=dual,
        )
        config.global_batch_info.update(batch)
        loss, _ = core_algos.get_policy_loss_fn(policy_loss)(
            old_log_prob=old, log_prob=log_probs, advantages=advantages[:, None].expand_as(mask), response_mask=mask,
            loss_agg_mode=agg, config=config, rollout_is_weights=weights,
        )
        divergence = core_algos.agg_loss(core_algos.kl_penalty(log_probs, reference, kl), mask, agg, **batch)
        entropy = core_algos.agg_loss(entropies, mask, agg, **batch)
        return loss + choices.get("kl", KL) * divergence - choices.get("entropy", 0) * entropy

    return case(f"verl {name}", loss_of, advantages_of(advantages, rewards), {"kl": KL, **choices})


def corrections(level):
    weights, _ = compute_rollout_correction_weights((old - sampling) * mask, mask, level, CAP)
    return weights


def truncated(difference):
    """What GRPOTrainer makes of log-probabilities from another sampler, by its modes *_truncate."""
    return difference.exp().clamp(max=CAP)


CASES = [
    trl_case("GRPO", {"aggregation": "sequences"}),
    trl_case("Dr. GRPO", {"advantage": "dr-grpo", "aggregation": "constant"}, "dr-grpo", loss_type="dr_grpo"),
    trl_case("DAPO", {"clipHigh": 0.28}, loss_type="dapo", epsilon_high=0.28),
    trl_case("BNPO, the default of Rec-R1", {}, loss_type="bnpo"),
    trl_case(
        "GSPO",
        {"ratio": "sequence", "aggregation": "sequences", "clip": 0.03, "clipHigh": 0.04, "kl": 0},
        importance_sampling_level="sequence", epsilon_low=0.03, epsilon_high=0.04, beta=0.0,
    ),
    trl_case("dual clip", {"dualClip": 1.3}, loss_type="dapo", delta=1.3),
    trl_case("entropy bonus", {"entropy": 0.02}, loss_type="dapo", entropy_coef=0.02),
    trl_case(
        "truncated importance sampling of tokens",
        {"correction": "token"}, loss_type="dapo", importance_sampling=truncated((old - sampling) * mask),
    ),
    trl_case(
        "truncated importance sampling of completions",
        {"correction": "sequence"}, loss_type="dapo",
        importance_sampling=truncated(((old - sampling) * mask).sum(-1, keepdim=True)),
    ),
    trl_rloo(),
    verl_case("GRPO over tokens", {}),
    verl_case("GRPO over sequences", {"aggregation": "sequences"}, agg="seq-mean-token-mean"),
    verl_case(
        "Dr. GRPO", {"advantage": "dr-grpo", "aggregation": "constant"}, "dr-grpo", agg="seq-mean-token-sum-norm"
    ),
    verl_case("DAPO", {"clipHigh": 0.28}),
    verl_case(
        "GSPO",
        {"ratio": "sequence", "aggregation": "sequences", "clip": 0.03, "clipHigh": 0.04},
        policy_loss="gspo", agg="seq-mean-token-mean",
    ),
    verl_case("RLOO advantages", {"advantage": "rloo"}, "rloo"),
    verl_case("REINFORCE++", {"advantage": "reinforce++"}, "reinforce++"),
    verl_case(
        "REINFORCE++ with baseline",
        {"advantage": "reinforce++-baseline", "klEstimator": "k2"},
        "reinforce++-baseline", kl="k2",
    ),
    verl_case("dual clip", {"dualClip": 1.3}, dual=1.3),
    verl_case("k1 in the loss", {"klEstimator": "k1"}, kl="k1"),
    verl_case("the paper's sign of the divergence", {"kl": -0.001}),
    verl_case("entropy bonus over sequences", {"entropy": 0.02, "aggregation": "sequences"}, agg="seq-mean-token-mean"),
    verl_case("correction of tokens", {"correction": "token"}, weights=corrections("token")),
    verl_case("correction of completions", {"correction": "sequence"}, weights=corrections("sequence")),
]

golden = {
    "versions": {"torch": torch.__version__, "trl": trl.__version__, "verl": verl.__version__},
    "copies": COPIES,
    "maxNewTokens": MAX_NEW_TOKENS,
    "correctionCap": CAP,
    "lengths": LENGTHS,
    "rewards": [round(value, 8) for value in rewards.tolist()],
    "logits": [token_values(logits[..., v]) for v in range(VOCABULARY)],
    **{name: token_values(values) for name, values in
       {"targets": targets, "old": old, "sampling": sampling, "reference": reference}.items()},
    "cases": CASES,
}
lines = [f'  "{key}": {json.dumps(value)}' for key, value in golden.items() if key != "cases"]
cases = ",\n".join(f"    {json.dumps(entry)}" for entry in CASES)
text = "{\n" + ",\n".join(lines) + f',\n  "cases": [\n{cases}\n  ]\n}}\n'
(Path(__file__).parent / "losses.json").write_text(text)
