#!/usr/bin/env python3
"""A language model's training step beside PyTorch, and its generation beside llama.cpp: one run, interleaved.

Usage: bench-lm.py DESCENT MODEL.gguf [ROUNDS]. Both peers run on the same threads (OMP_NUM_THREADS, or all cores).
Prints one line a workload: times, best of the rounds, and their ratio.
"""
import json, os, re, subprocess, sys, time

import numpy as np

descent, path = sys.argv[1], sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
TIME, NEW = 128, 64
PROMPT = "The old lighthouse keeper wrote a letter to his sister every week, and she kept all of the letters in a small wooden"


def ours(*arguments):
    result = subprocess.run([descent, *arguments], capture_output=True, text=True, check=True)
    return result.stdout, result.stderr


def torch_model():
    """The weights of the GGUF file as a plain Llama in PyTorch, float32."""
    import torch
    from gguf import GGUFReader
    from gguf.quants import dequantize

    reader = GGUFReader(path)
    weights = {
        t.name: torch.from_numpy(np.ascontiguousarray(dequantize(t.data, t.tensor_type).astype(np.float32)))
        for t in reader.tensors
    }
    field = lambda name: reader.fields["llama." + name].contents()
    heads, keys = field("attention.head_count"), field("attention.head_count_kv")
    width, layers, base = field("embedding_length"), field("block_count"), field("rope.freq_base")
    epsilon, size = field("attention.layer_norm_rms_epsilon"), width // heads
    angles = torch.outer(torch.arange(TIME), base ** (-torch.arange(0, size, 2) / size))
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]

    def norm(x, scale):
        return torch.nn.functional.rms_norm(x, (width,), scale, epsilon)

    def turn(x):  # adjacent pairs
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack((a * cos - b * sin, b * cos + a * sin), -1).flatten(-2)

    def forward(tokens, w, adapters=None, scale=1.0):
        def project(x, name):
            y = x @ w[name].T
            if adapters and name in adapters:
                a, b = adapters[name]
                y = y + scale * (x @ a) @ b
            return y

        x = w["token_embd.weight"][tokens]
        for i in range(layers):
            p = f"blk.{i}."
            h = norm(x, w[p + "attn_norm.weight"])
            q = turn(project(h, p + "attn_q.weight").view(-1, heads, size)).transpose(0, 1)
            k = turn(project(h, p + "attn_k.weight").view(-1, keys, size)).transpose(0, 1)
            v = project(h, p + "attn_v.weight").view(-1, keys, size).transpose(0, 1)
            mixed = torch.nn.functional.scaled_dot_product_attention(
                q[None], k[None], v[None], is_causal=True, enable_gqa=True
            )[0]
            x = x + project(mixed.transpose(0, 1).reshape(-1, width), p + "attn_output.weight")
            h = norm(x, w[p + "ffn_norm.weight"])
            h = torch.nn.functional.silu(project(h, p + "ffn_gate.weight")) * project(h, p + "ffn_up.weight")
            x = x + project(h, p + "ffn_down.weight")
        return norm(x, w["output_norm.weight"]) @ w["token_embd.weight"].T

    return weights, forward


def torch_steps():
    """Seconds of a full and of a LoRA step with SGD, as functions."""
    import torch

    torch.set_num_threads(threads)
    weights, forward = torch_model()
    tokens = torch.from_numpy(np.random.default_rng(1).integers(100, 40000, TIME))

    def step(parameters, adapters):
        start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(forward(tokens, weights, adapters)[:-1], tokens[1:])
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, g in zip(parameters, gradients):
                p.sub_(g, alpha=1e-6)
        return time.perf_counter() - start

    def full():
        for w in weights.values():
            w.requires_grad_(True)
        return step(list(weights.values()), None)

    adapters = {
        n: (torch.randn(w.shape[1], 8) / w.shape[1] ** 0.5, torch.zeros(8, w.shape[0]))
        for n, w in weights.items()
        if n.startswith("blk.") and w.dim() == 2
    }

    def lora():
        for w in weights.values():
            w.requires_grad_(False)
        parameters = [p.requires_grad_(True) for pair in adapters.values() for p in pair]
        return step(parameters, adapters)

    return {"full": full, "lora": lora}


def our_step(kind):
    out = ours("lm", "bench", path, "--kind", kind, "--length", str(TIME))[0]
    return json.loads(out)["seconds"]


def main():
    print(f"threads {threads}, {TIME} tokens, best of {rounds} rounds")
    peers = torch_steps()
    for kind in ("full", "lora"):
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(our_step(kind))
            theirs += [peers[kind]() for _ in range(3)]
        print(f"training step, {kind}: descent {min(mine):.3f} s, PyTorch {min(theirs):.3f} s, "
              f"PyTorch / descent {min(theirs) / min(mine):.2f}", flush=True)
    try:
        from llama_cpp import Llama
    except ImportError:
        print("generation: llama-cpp-python is not installed")
        return
    model = Llama(path, n_ctx=512, n_threads=threads, n_threads_batch=threads, verbose=False)
    mine, theirs = [], []
    for _ in range(rounds):
        error = ours("generate", path, PROMPT, "--tokens", str(NEW), "--timing")[1]
        mine.append(float(re.search(r"at ([0-9.]+) a second", error).group(1)))
        model.reset()
        tokens = model.tokenize(PROMPT.encode(), add_bos=False)
        model.eval(tokens)
        start = time.perf_counter()
        for _ in range(NEW - 1):
            model.eval([model.sample(temp=0)])
        theirs.append((NEW - 1) / (time.perf_counter() - start))
    print(f"generation: descent {max(mine):.1f} tokens/s, llama.cpp {max(theirs):.1f} tokens/s, "
          f"descent / llama.cpp {max(mine) / max(theirs):.2f}")


main()
