#!/usr/bin/env python3
"""A language model's training and meta-learning steps beside PyTorch's, its generation beside llama.cpp's: one run, in turn.

Usage: bench-lm.py DESCENT MODEL.gguf [ROUNDS [KIND...]], with torch, gguf, numpy and llama-cpp-python at hand (peers that are
missing are left out). Both sides run on the same threads: OMP_NUM_THREADS, or all cores. Prints one line a workload:
medians of the rounds, their ratio with the least and the largest of single rounds, memory at its peak, start-up; and what
disturbed them.

    full   one update of all weights by SGD on 1 x 128 tokens
    lora   the same of an adapter of rank 8 on all matrices
    meta   one outer update through one inner step, second derivatives included: an adapter of rank 8 on the last third of
           the blocks, 64 tokens to learn from, 64 to be judged by, what is below run beforehand
"""
import json, os, re, shutil, statistics, subprocess, sys, time

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
sys.dont_write_bytecode = True  # no folder of compiled modules among the scripts
from measurement import Watch, count, header

TIME, NEW, RANK = 128, 64, 8
PROMPT = "The old lighthouse keeper wrote a letter to his sister every week, and she kept all of the letters in a small wooden"
THREADS = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))


# MARK: Peers, each in a process of its own that makes its steps when it is told to


def torch_model(path):
    """The weights of the GGUF file, float32, and a plain Llama on them: blocks and head apart."""
    import numpy as np
    import torch
    from gguf import GGUFReader
    from gguf.quants import dequantize

    torch.set_num_threads(THREADS)
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

    def norm(x, scale):
        return torch.nn.functional.rms_norm(x, (width,), scale, epsilon)

    def turn(x):  # adjacent pairs
        cos, sin = angles[: len(x)].cos()[:, None], angles[: len(x)].sin()[:, None]
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack((a * cos - b * sin, b * cos + a * sin), -1).flatten(-2)

    def attend(q, k, v, twice):
        if not twice:
            return torch.nn.functional.scaled_dot_product_attention(
                q[None], k[None], v[None], is_causal=True, enable_gqa=True)[0]
        # The fused kernel has no second derivative.
        k, v = (t.repeat_interleave(heads // keys, 0) for t in (k, v))
        scores = q @ k.transpose(1, 2) / size**0.5
        hidden = torch.full(scores.shape[1:], float("-inf")).triu(1)
        return torch.softmax(scores + hidden, -1) @ v

    def blocks(x, which, adapters=None, twice=False):
        def project(x, name):
            y = x @ weights[name].T
            if adapters and name in adapters:
                a, b = adapters[name]
                y = y + (x @ a) @ b
            return y

        for i in which:
            p = f"blk.{i}."
            h = norm(x, weights[p + "attn_norm.weight"])
            q = turn(project(h, p + "attn_q.weight").view(-1, heads, size)).transpose(0, 1)
            k = turn(project(h, p + "attn_k.weight").view(-1, keys, size)).transpose(0, 1)
            v = project(h, p + "attn_v.weight").view(-1, keys, size).transpose(0, 1)
            mixed = attend(q, k, v, twice)
            x = x + project(mixed.transpose(0, 1).reshape(-1, width), p + "attn_output.weight")
            h = norm(x, weights[p + "ffn_norm.weight"])
            h = torch.nn.functional.silu(project(h, p + "ffn_gate.weight")) * project(h, p + "ffn_up.weight")
            x = x + project(h, p + "ffn_down.weight")
        return x

    def logits(x):
        return norm(x, weights["output_norm.weight"]) @ weights["token_embd.weight"].T

    def adapter(which):
        return {
            n: (torch.randn(w.shape[1], RANK) / w.shape[1] ** 0.5, torch.zeros(RANK, w.shape[0]))
            for n, w in weights.items()
            if w.dim() == 2 and n.startswith("blk.") and int(n.split(".")[1]) in which
        }

    return weights, layers, blocks, logits, adapter


def torch_step(kind, path):
    """One step as a function."""
    import torch

    weights, layers, blocks, logits, adapter = torch_model(path)
    tokens = torch.randint(100, 40000, (TIME,), generator=torch.Generator().manual_seed(1))
    embedding, loss = weights["token_embd.weight"], torch.nn.functional.cross_entropy
    if kind == "meta":
        first, half = layers - max(layers // 3, 1), TIME // 2
        adapters = adapter(range(first, layers))
        parameters = [p.requires_grad_(True) for pair in adapters.values() for p in pair]
        context, query = tokens[:half], tokens[half:]
        with torch.no_grad():
            below = [blocks(embedding[t], range(first)) for t in (context, query)]
        optimizer = torch.optim.Adam(parameters, lr=1e-6)

        def meta():
            inner = loss(
                logits(blocks(below[0], range(first, layers), adapters, True)[:-1]), context[1:], reduction="sum")
            slopes = torch.autograd.grad(inner, parameters, create_graph=True)
            moved = iter([p - g for p, g in zip(parameters, slopes)])
            after = {name: (next(moved), next(moved)) for name in adapters}
            answer = blocks(below[1], range(first, layers), after, True)[-2:-1]
            optimizer.zero_grad()
            loss(logits(answer), query[-1:]).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1)
            optimizer.step()

        return meta
    adapters = adapter(range(layers)) if kind == "lora" else None
    moving = [p for pair in adapters.values() for p in pair] if adapters else list(weights.values())
    for parameter in moving:
        parameter.requires_grad_(True)

    def step():
        x = blocks(embedding[tokens], range(layers), adapters)
        slopes = torch.autograd.grad(loss(logits(x[:-1]), tokens[1:]), moving)
        with torch.no_grad():
            for p, g in zip(moving, slopes):
                p.sub_(g, alpha=1e-6)

    return step


def llama_generation(path):
    """Generates, and returns tokens a second."""
    from llama_cpp import Llama

    model = Llama(path, n_ctx=512, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)

    def generate():
        model.reset()
        model.eval(model.tokenize(PROMPT.encode(), add_bos=False))
        start = time.perf_counter()
        for _ in range(NEW - 1):
            model.eval([model.sample(temp=0)])
        return (NEW - 1) / (time.perf_counter() - start)

    return generate


def serve(kind, path):
    """Makes a step for each line of input and prints what it took, after a first one; the peak of memory each time."""
    import resource

    start = time.perf_counter()
    step = llama_generation(path) if kind == "generate" else torch_step(kind, path)
    ready = time.perf_counter() - start
    step()
    print(json.dumps({"ready": ready}), flush=True)
    for _ in sys.stdin:
        results = []
        for _ in range(1 if kind == "generate" else 3):
            begin = time.perf_counter()
            rate = step()
            results.append(rate if kind == "generate" else time.perf_counter() - begin)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"value": min(results), "megabytes": peak}), flush=True)


class Peer:
    def __init__(self, kind, path):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", kind, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peer of {kind} did not start")
        self.ready = json.loads(line)["ready"]

    def measure(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the peer ended before its time")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


# MARK: Descent


def ours(*arguments):
    """Output, messages, seconds and peak of memory in megabytes of one call."""
    start = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, error = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        sys.exit(error)
    return out, error, time.perf_counter() - start, usage.ru_maxrss / 1024


def report(title, unit, mine, theirs, name, faster, rest):
    ratios = [faster(a, b) for a, b in zip(mine, theirs)]
    a, b = statistics.median(mine), statistics.median(theirs)
    print(
        f"{title}: descent {a:.3f} {unit}, {name} {b:.3f} {unit}, descent is {faster(a, b):.2f} times as fast "
        f"({min(ratios):.2f} ... {max(ratios):.2f}); {rest}", flush=True)


def step_rounds(descent, path, kind, rounds):
    peer = Peer(kind, path)
    watch = Watch(rounds, served=[peer.process.pid])
    step = lambda: ours(descent, "lm", "bench", path, "--kind", kind, "--length", str(TIME))
    mine, theirs, memory, starts = [], [], [0, 0], []
    for _ in range(rounds):
        (out, _, _, megabytes), other = watch.round(step, peer.measure)
        result = json.loads(out)
        mine.append(result["seconds"])
        starts.append(result["startSeconds"])
        theirs.append(other["value"])
        memory = [max(memory[0], megabytes), max(memory[1], other["megabytes"])]
    peer.end()
    report(
        kind, "s", mine, theirs, "PyTorch", lambda a, b: b / a,
        f"memory {memory[0]:.0f} and {memory[1]:.0f} MB; ready to step after {statistics.median(starts):.2f} s")
    print(f"{kind}: {watch.summary()}", flush=True)


def generation_rounds(descent, path, rounds):
    peer = Peer("generate", path)
    watch = Watch(rounds, served=[peer.process.pid])
    generate = lambda count, *options: ours(descent, "generate", path, PROMPT, "--tokens", str(count), *options)
    mine, theirs, memory, starts = [], [], [0, 0], []
    for _ in range(rounds):
        (_, error, _, megabytes), (_, _, seconds, _), other = watch.round(
            lambda: generate(NEW, "--timing"), lambda: generate(1), peer.measure)
        mine.append(float(re.search(r"at ([0-9.]+) a second", error).group(1)))
        starts.append(seconds)
        theirs.append(other["value"])
        memory = [max(memory[0], megabytes), max(memory[1], other["megabytes"])]
    peer.end()
    report(
        "generate", "tokens/s", mine, theirs, "llama.cpp", lambda a, b: a / b,
        f"memory {memory[0]:.0f} and {memory[1]:.0f} MB; from start to first token {statistics.median(starts):.2f} s, "
        f"llama.cpp reads for {peer.ready:.2f} s")
    print(f"generate: {watch.summary()}", flush=True)


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: bench-lm.py DESCENT MODEL.gguf [ROUNDS [KIND...]]")
    descent, path = sys.argv[1], sys.argv[2]
    rounds = count(sys.argv[3]) if len(sys.argv) > 3 else 5
    if not shutil.which(descent):
        sys.exit(f"there is no program {descent}")
    if not os.path.exists(path):
        sys.exit(f"there is no file {path}")
    known = ("full", "lora", "meta", "generate")
    unknown = [kind for kind in sys.argv[4:] if kind not in known]
    if unknown:
        sys.exit(f"there is no kind {unknown[0]}: {', '.join(known)}")
    print(header(sys.argv, ["torch", "llama-cpp-python"]))
    print(f"threads {THREADS}, {TIME} tokens, {rounds} rounds", flush=True)
    for kind in sys.argv[4:] or known:
        try:
            if kind == "generate":
                generation_rounds(descent, path, rounds)
            else:
                step_rounds(descent, path, kind, rounds)
        except RuntimeError as error:
            print(f"{kind}: {error}", flush=True)


if sys.argv[1:2] == ["--serve"]:
    serve(*sys.argv[2:4])
else:
    main()
