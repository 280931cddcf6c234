"""What the engine is compared with: one process for one piece of work, which waits to be told to do it once more.

    python test/bench/engine/peers.py '{"work": "product", "library": "torch", "m": 64, "k": 64, "n": 64, ...}'

Prints {"ready": what it is} when everything is prepared and has been done once, then {"seconds": ...} for every line on
standard input. The works are those of work.ts. Two threads, float32 everywhere.
"""

import json
import os
import sys
import time
from pathlib import Path

# Set on some machines for other reasons: the peer shall choose its kernels by itself.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_ENABLE_INSTRUCTIONS", "ATEN_CPU_CAPABILITY"):
    os.environ.pop(name, None)
if os.environ.get("REC_R1_BENCH_VECTOR_BITS") == "256":
    os.environ.update(OPENBLAS_CORETYPE="Haswell", MKL_ENABLE_INSTRUCTIONS="AVX2", ATEN_CPU_CAPABILITY="avx2", ONEDNN_MAX_CPU_ISA="AVX2")
THREADS = 2
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)
os.environ["TOKENIZERS_PARALLELISM"] = "false"

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # libraries print to standard output what they like


def say(**message):
    print(json.dumps(message), file=answers, flush=True)


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def serve(what, seconds):
    """`seconds` does the work once and returns how long it took."""
    seconds()
    say(ready=what)
    for _ in sys.stdin:
        say(seconds=seconds())


def blas():
    import threadpoolctl

    found = [pool for pool in threadpoolctl.threadpool_info() if pool["internal_api"] == "openblas"]
    return f"OpenBLAS {found[0]['version']}, {found[0]['architecture']} kernels" if found else "an unknown BLAS"


def torch_name():
    import torch

    torch.set_num_threads(THREADS)
    return f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"


def product(m, k, n, transposeA, transposeB, library, calls, **_):
    import numpy as np

    shapes = (k, m) if transposeA else (m, k), (n, k) if transposeB else (k, n)
    a, b = (np.random.default_rng(1).standard_normal(shape, dtype=np.float32) for shape in shapes)
    if library == "numpy":
        x, y, out = a.T if transposeA else a, b.T if transposeB else b, np.empty((m, n), np.float32)
        name, call = f"NumPy {np.__version__}, {blas()}", lambda: np.matmul(x, y, out=out)
    else:
        name = torch_name()
        import torch

        a, b = torch.from_numpy(a), torch.from_numpy(b)
        x, y, out = a.T if transposeA else a, b.T if transposeB else b, torch.empty(m, n)
        call = lambda: torch.matmul(x, y, out=out)
    serve(name, lambda: timed(lambda: [call() for _ in range(calls)]) / calls)


def copy(floats, **_):
    """A copy between arrays far larger than the caches, by both threads."""
    name = torch_name()
    import torch

    source, target = torch.ones(floats), torch.empty(floats)
    serve(name, lambda: timed(lambda: target.copy_(source)))


def load(model):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)


def decode(model, prompts, copies, promptLength, newTokens, **_):
    """Seconds for each token after the first."""
    name = torch_name()
    import torch
    import transformers

    policy = load(model).eval()
    policy.generation_config.eos_token_id = None
    rows = prompts * copies
    ids = torch.randint(0, policy.config.vocab_size, (rows, promptLength))

    class Clock(transformers.StoppingCriteria):
        def __init__(self):
            self.times = []

        def __call__(self, input_ids, scores, **_):
            self.times.append(time.perf_counter())
            return torch.zeros(rows, dtype=torch.bool)

    def seconds():
        clock = Clock()
        with torch.no_grad():
            policy.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                max_new_tokens=newTokens, stopping_criteria=transformers.StoppingCriteriaList([clock]), pad_token_id=0,
            )
        return (clock.times[-1] - clock.times[0]) / (len(clock.times) - 1)

    serve(f"transformers {transformers.__version__}, {name}", seconds)


def gradient(model, rows, length, rank, peerRows, **_):
    """Forward and backward of a clipped policy-gradient loss over every token, `peerRows` sequences at a time."""
    name = torch_name()
    import torch

    policy = load(model)
    if rank > 0:
        from peft import LoraConfig, get_peft_model

        policy = get_peft_model(policy, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))
    policy.train()
    ids = torch.randint(0, policy.config.vocab_size, (rows, length + 1))
    advantages = torch.randn(rows, length)

    def once():
        policy.zero_grad(set_to_none=True)
        for first in range(0, rows, peerRows):
            part = ids[first : first + peerRows]
            logits = policy(input_ids=part[:, :-1], use_cache=False).logits
            chosen = torch.gather(logits, 2, part[:, 1:, None]).squeeze(2) - torch.logsumexp(logits, 2)
            ratio = torch.exp(chosen + 7.6)
            gain = advantages[first : first + peerRows]
            (-torch.minimum(ratio * gain, ratio.clamp(0.8, 1.2) * gain).sum() / (rows * length)).backward()

    serve(name, lambda: timed(once))


def grpo(model, task, prompts, copies, newTokens, steps, **_):
    """A step of TRL's trainer at each request; its reward costs nothing."""
    name = torch_name()
    import torch
    import trl
    from datasets import Dataset
    from transformers import AutoTokenizer, TrainerCallback

    tokenizer = AutoTokenizer.from_pretrained(model)
    queries = [json.loads(line)["text"] for line in (Path(task) / "queries.jsonl").read_text().splitlines()]
    prompt = lambda query: (
        tokenizer.apply_chat_template([{"role": "user", "content": query}], tokenize=False, add_generation_prompt=True)
        + "<think>"
    )
    data = Dataset.from_list([{"prompt": prompt(queries[i % len(queries)])} for i in range(prompts * (steps + 2))])

    class Gate(TrainerCallback):
        """The first step is the one that prepares everything."""

        def on_step_begin(self, args, state, control, **_):
            if state.global_step > 0 and not sys.stdin.readline():
                control.should_training_stop = True
            self.started = time.perf_counter()

        def on_step_end(self, args, state, control, **_):
            seconds = time.perf_counter() - self.started
            if state.global_step == 1:
                say(ready=f"TRL {trl.__version__}, {name}")
            else:
                say(seconds=seconds)

    trainer = trl.GRPOTrainer(
        model=load(model),
        processing_class=tokenizer,
        reward_funcs=lambda completions, **_: [float(len(text) % 7) for text in completions],
        train_dataset=data,
        callbacks=[Gate()],
        args=trl.GRPOConfig(
            output_dir=str(Path(os.environ["REC_R1_BENCH_FOLDER"]) / "trl"), use_cpu=True, bf16=False, report_to=[],
            save_strategy="no", max_steps=steps + 1, per_device_train_batch_size=prompts * copies,
            num_generations=copies, shuffle_dataset=False, max_completion_length=newTokens, temperature=1.0, top_p=1.0,
            top_k=0, loss_type="bnpo", scale_rewards="group", beta=0.001, gradient_checkpointing=False,
            learning_rate=1e-6, weight_decay=0.01, max_grad_norm=1.0, disable_tqdm=True, logging_strategy="no",
        ),
    )
    trainer.train()


def make_model(folder, shape, tokenizer):
    """A model of this shape with random weights in bfloat16, which every contestant reads, with some tokenizer."""
    import shutil

    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(1)
    model = Qwen2ForCausalLM(Qwen2Config(**shape)).to(torch.bfloat16)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(Path(tokenizer) / name, folder)
    say(ready="made")


if __name__ == "__main__":
    spec = json.loads(sys.argv[1])
    works = {"product": product, "copy": copy, "decode": decode, "gradient": gradient, "grpo": grpo, "make-model": make_model}
    work = works[spec.pop("work")]
    work(**spec)
