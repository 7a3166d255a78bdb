#!/usr/bin/env python3
"""Many small descents at once beside JAX: a step of S perceptrons as one program and by jax.vmap, in one run, in turn.

Usage: bench-many.py DESCENT [ROUNDS [NETWORK...]]. Where jax is missing it goes on in the environment that bench.sh makes
(DESCENT_PEERS, or ~/.cache/descent/peers). Both sides are bound to the same core and have one thread. A step is one of momentum on a batch of each seed's own: 2-8-1 (batch 16),
4-16-16-1 and 8-64-64-1 (batch 32) with the mean squared error, 20-32-2 (batch 128) with cross-entropy; or one of Adam on
Rosenbrock's function of ten numbers from a start of each seed's own, in double precision (rosenbrock-10); S = 1 ... 32.

    vmap   jit of vmap of the step over S seeds, one call a step
    scan   64 of these steps in one call, by lax.scan: no call between them
    apart  the plain jitted step, S seeds one after another

Prints one table: microseconds a seed and step, medians of the rounds; ratios with the least and the largest of single
rounds, above 1 where we are faster. "ours" makes one call a step, as vmap does, "in one call" 64 steps a call, as the scan
does; the last column is JAX's best beside our best. The gain is how many times as fast as with S = 1 a seed's step is. Below it: whether a
seed's bits depend on S and on the calls (ours), and what disturbed the rounds.
"""
import importlib.util, json, os, shutil, statistics, subprocess, sys, time

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
sys.dont_write_bytecode = True  # no folder of compiled modules among the scripts
from measurement import Watch, count, header

FUNCTION = "rosenbrock-10"
NETWORKS = {"2-8-1": 16, "4-16-16-1": 32, "8-64-64-1": 32, "20-32-2": 128, FUNCTION: 0}  # batch of each
SEEDS = (1, 2, 4, 8, 16, 32)
KINDS = ("vmap", "scan", "apart")
SCANNED = 64  # steps of one call of the scan
ROUND = 0.02  # seconds: five rounds of that for each number, as descent bench many


# MARK: The peer, in a process of its own that makes its steps when it is told to


def jax_step(network):
    """The step of one seed, and what it starts from: parameters, velocities, features, targets of S seeds."""
    import jax
    import jax.numpy as jnp

    # Small steps are faster where they are done than handed to another thread, the more so on one core.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    if network == FUNCTION:
        return function_step()
    widths, batch = [int(width) for width in network.split("-")], NETWORKS[network]
    classifies = widths[-1] > 1

    def loss(parameters, x, y):
        for index, (w, b) in enumerate(parameters):
            x = x @ w + b
            x = jax.nn.relu(x) if index + 1 < len(parameters) else x
        if classifies:
            chosen = jnp.take_along_axis(x, y[:, None], 1)[:, 0]
            return (jax.nn.logsumexp(x, axis=1) - chosen).mean()
        return ((x - y) ** 2).mean()

    def step(parameters, velocities, x, y):
        value, slopes = jax.value_and_grad(loss)(parameters, x, y)
        velocities = jax.tree.map(lambda v, g: 0.9 * v + g, velocities, slopes)
        return jax.tree.map(lambda p, v: p - 0.01 * v, parameters, velocities), velocities, value

    def start(seed):
        keys = iter(jax.random.split(jax.random.key(seed), len(widths) + 1))
        parameters = []
        for a, b in zip(widths, widths[1:]):
            bound = (6 / a) ** 0.5
            parameters.append((jax.random.uniform(next(keys), (a, b), minval=-bound, maxval=bound), jnp.zeros(b)))
        x, key = jax.random.normal(next(keys), (batch, widths[0])), next(keys)
        shape = (batch, widths[-1])
        y = jax.random.randint(key, shape[:1], 0, widths[-1]) if classifies else jax.random.normal(key, shape)
        return parameters, jax.tree.map(jnp.zeros_like, parameters), x, y

    return step, start


def function_step():
    """The step of one start by Adam at a rate of 0.01; in the place of velocities its two means and the time."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def valley(x):
        return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def step(x, memory, *_):
        mean, square, time = memory
        value, slope = jax.value_and_grad(valley)(x)
        mean, square, time = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2, time + 1
        move = (mean / (1 - 0.9**time)) / (jnp.sqrt(square / (1 - 0.999**time)) + 1e-8)
        return x - 0.01 * move, (mean, square, time), value

    def start(seed):
        x = jax.random.uniform(jax.random.key(seed), (10,), minval=-2.048, maxval=2.048, dtype=jnp.float64)
        return x, (jnp.zeros_like(x), jnp.zeros_like(x), jnp.zeros((), jnp.float64)), jnp.zeros(()), jnp.zeros(())

    return step, start


def compiled(step):
    """The three ways to step, each updating in place: kind -> function of parameters, velocities, features, targets."""
    import jax

    many = jax.vmap(step)

    def scan(parameters, velocities, x, y):
        def body(carry, _):
            parameters, velocities, value = many(*carry, x, y)
            return (parameters, velocities), value

        carry, values = jax.lax.scan(body, (parameters, velocities), length=SCANNED)
        return *carry, values[-1]

    return {kind: jax.jit(f, donate_argnums=(0, 1)) for kind, f in zip(KINDS, (many, scan, step))}


def runner(function, starts):
    """Steps a number of times from where the last call ended: one state of all seeds, or several in turn."""
    import jax

    states = [list(start) for start in starts]

    def run(times):
        for _ in range(times):
            for state in states:
                state[0], state[1], _ = function(*state)
        jax.block_until_ready(states)

    return run


def serve(network):
    """For each line of input: microseconds a seed and step of each kind, {kind: {seeds: ...}}, after a first of each."""
    import jax
    import jax.numpy as jnp

    step, start = jax_step(network)
    functions = compiled(step)
    runs = {}
    for seeds in SEEDS:
        # Starts of their own for each kind: a donated array is gone.
        starts = lambda: [start(seed) for seed in range(seeds)]
        joined = lambda: [jax.tree.map(lambda *each: jnp.stack(each), *starts())]
        for kind in KINDS:
            run = runner(functions[kind], starts() if kind == "apart" else joined())
            run(3)
            begin = time.perf_counter()
            run(10)
            times = max(1, int(10 * ROUND / (time.perf_counter() - begin)))
            runs[kind, seeds] = run, times, times * seeds * (SCANNED if kind == "scan" else 1)
    print(json.dumps({"devices": str(jax.devices())}), flush=True)
    for _ in sys.stdin:
        results = {kind: {seeds: [] for seeds in SEEDS} for kind in KINDS}
        for _ in range(5):
            for (kind, seeds), (run, times, steps) in runs.items():
                begin = time.perf_counter()
                run(times)
                results[kind][seeds].append((time.perf_counter() - begin) / steps * 1e6)
        medians = {k: {seeds: statistics.median(v) for seeds, v in each.items()} for k, each in results.items()}
        print(json.dumps(medians), flush=True)


class Peer:
    def __init__(self, network):
        self.process = subprocess.Popen(
            pin + [sys.executable, __file__, "--serve", network], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the peer ended before its time")
        return json.loads(line)

    def measure(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return {kind: {int(s): value for s, value in each.items()} for kind, each in self.read().items()}

    def end(self):
        self.process.stdin.close()
        self.process.wait()


# MARK: Descent, and the table


def ours(descent, network):
    """The lines of descent bench many, by seeds."""
    command = pin + [descent, "bench", "many", network, *map(str, SEEDS)]
    result = subprocess.run(command, capture_output=True, text=True)
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode != 0 or [line["seeds"] for line in lines] != list(SEEDS):
        sys.exit(f"{' '.join(command)} failed: {(result.stderr.strip() or 'it printed something else').splitlines()[-1]}")
    return {line["seeds"]: line for line in lines}


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} ... {max(values):.2f})"


def row(network, seeds, pairs):
    """A row of the table from the rounds' pairs: ours by seeds, the peer's by kind and seeds."""
    together = [mine[seeds]["microsecondsPerSeed"] for mine, _ in pairs]
    apart = [mine[seeds]["microsecondsApart"] for mine, _ in pairs]
    in_one_call = [mine[seeds]["microsecondsInOneCall"] for mine, _ in pairs]
    our_best = min((together, in_one_call), key=statistics.median)
    peer = {kind: [theirs[kind][seeds] for _, theirs in pairs] for kind in KINDS}
    best = min(KINDS, key=lambda kind: statistics.median(peer[kind]))
    gain = [mine[1]["microsecondsPerSeed"] / a for (mine, _), a in zip(pairs, together)]
    vmap_gain = [theirs["vmap"][1] / b for (_, theirs), b in zip(pairs, peer["vmap"])]
    ratios = lambda kind, mine=together: spread([b / a for a, b in zip(mine, peer[kind])])
    cells = [network, str(seeds)]
    cells += [f"{statistics.median(values):.2f}" for values in (together, peer["vmap"])] + [ratios("vmap")]
    cells += [f"{statistics.median(values):.2f}" for values in (gain, vmap_gain)]
    cells += [f"{statistics.median(values):.2f}" for values in (apart, peer["apart"], in_one_call, peer["scan"])]
    print(f"| {' | '.join(cells)} | {ratios(best, our_best)} {best} |", flush=True)


def bits(pairs):
    """Whether a seed's bits depend on how many there are, in all rounds, in words."""
    lines = [line for mine, _ in pairs for line in mine.values()]
    words = {"sameBits": "in a program of S = 1", "sameBitsAsPlain": "in a plain program", "sameBitsInOneCall": "with a call for each"}
    differing = {key: sorted({line["seeds"] for line in lines if not line[key]}) for key in words}
    return "; ".join(
        f"as {words[key]}: " + (f"OTHER bits at S = {', '.join(map(str, found))}" if found else "the same bits at every S")
        for key, found in differing.items())


def enter_environment():
    """Goes on with the peers' Python where this one has no jax."""
    if importlib.util.find_spec("jax"):
        return
    home = os.environ.get("DESCENT_PEERS", os.path.expanduser("~/.cache/descent/peers"))
    python = f"{home}/bin/python"
    if os.path.realpath(sys.prefix) == os.path.realpath(home) or not os.path.exists(python):
        sys.exit(f"jax is missing; Scripts/bench.sh installs the peers into {home}")
    os.execv(python, [python, *sys.argv])


def main():
    enter_environment()
    if len(sys.argv) < 2:
        sys.exit("usage: bench-many.py DESCENT [ROUNDS [NETWORK...]]")
    descent, rounds = sys.argv[1], count(sys.argv[2]) if len(sys.argv) > 2 else 5
    if not shutil.which(descent):
        sys.exit(f"there is no program {descent}; make build makes .build/release/descent")
    unknown = [network for network in sys.argv[3:] if network not in NETWORKS]
    if unknown:
        sys.exit(f"there is no network {unknown[0]}; there are: {', '.join(NETWORKS)}")
    print(header(sys.argv, ["jax"]))
    where = f"bound to core {pin[-1]}" if pin else "NOT bound to a core (there is no taskset)"
    print(f"one thread, {where}; {rounds} interleaved rounds, medians; microseconds a seed and step\n")
    columns = [
        "network", "S", "ours", "vmap", "vmap / ours", "our gain", "vmap's gain", "ours apart", "JAX apart", "in one call", "scan",
        "best of JAX / ours",
    ]
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", flush=True)
    notes = []
    for network in sys.argv[3:] or NETWORKS:
        peer = Peer(network)
        watch = Watch(rounds, served=[peer.process.pid])
        pairs = [watch.round(lambda: ours(descent, network), peer.measure) for _ in range(rounds)]
        peer.end()
        for seeds in SEEDS:
            row(network, seeds, pairs)
        notes += [f"{network}: a seed after 20 steps, {bits(pairs)}", f"{network}: {watch.summary()}"]
    print("\n" + "\n".join(notes))


if sys.argv[1:2] == ["--serve"]:
    serve(sys.argv[2])
else:
    os.environ["XLA_FLAGS"] = " ".join(
        filter(None, (os.environ.get("XLA_FLAGS"), "--xla_cpu_multi_thread_eigen=false")))
    pin = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    main()
