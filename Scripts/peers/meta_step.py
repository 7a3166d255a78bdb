"""Outer steps of MAML on sine waves in TorchOpt, higher, torch.func and JAX: meta_step.py PEER THREADS.

Serves bench-meta.py. Each line of input is a workload, a file of weights and tasks, and a file for gradients or "-". With
one, the outer gradient goes into it and the outer loss is printed; else the time of a step, in milliseconds.
"""
import json
import sys
import time

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
import numpy as np
from safetensors.numpy import load_file, save_file

RATE, OUTER_RATE, BETA1, BETA2, EPSILON = 0.01, 0.001, 0.9, 0.999, 1e-8
# Under the root of Adam's mean square: without it the derivative at a unit that is off is 0 x infinity in all but higher.
ROOT = 1e-30
DATA = ("supportInputs", "supportTargets", "queryInputs", "queryTargets")


class Workload:
    def __init__(self, name):
        parts = name.split("-")
        self.adam, self.steps, self.first_order = parts[0] == "adam", int(parts[1]), "first" in parts


def descend(workload, gradient, root, parameters):
    """The parameters after the inner steps, written out, for torch.func and JAX: dictionaries of arrays."""
    first, second = ({name: 0 * p for name, p in parameters.items()} for _ in range(2))
    for step in range(1, workload.steps + 1):
        slopes = gradient(parameters)
        if workload.adam:
            first = {n: BETA1 * first[n] + (1 - BETA1) * g for n, g in slopes.items()}
            second = {n: BETA2 * second[n] + (1 - BETA2) * g * g for n, g in slopes.items()}
            slopes = {
                n: m / (1 - BETA1**step) / (root(second[n] / (1 - BETA2**step) + ROOT) + EPSILON) for n, m in first.items()}
        parameters = {n: p - RATE * slopes[n] for n, p in parameters.items()}
    return parameters


# MARK: PyTorch


class TorchPeer:
    """A network whose .grad are the outer gradient after a call of `outer`, which returns the outer loss."""

    def __init__(self, peer, arrays, name):
        import torch
        self.torch, self.workload = torch, Workload(name)
        precision = torch.float64 if peer == "float64" else torch.float32
        self.tasks = [torch.tensor(arrays[n], dtype=precision) for n in DATA]
        widths = [arrays[f"parameters/linear{i}/weight"].shape[0] for i in range(3)] + [1]
        layers = [torch.nn.Linear(a, b, dtype=precision) for a, b in zip(widths, widths[1:])]
        self.network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
        self.names = {f"linear{i}/{part}": f"{2 * i}.{part}" for i in range(3) for part in ("weight", "bias")}
        self.parameters = dict(self.network.named_parameters())
        with torch.no_grad():
            for path, name in self.names.items():
                self.parameters[name].copy_(torch.tensor(arrays["parameters/" + path].T.copy()))
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=OUTER_RATE)
        self.loss = torch.nn.functional.mse_loss
        self.outer = {"torchopt": self.torchopt, "higher": self.higher}.get(peer) or self.functional("compiled" in peer)

    def step(self):
        self.optimizer.zero_grad()
        self.outer()
        self.optimizer.step()

    def results(self):
        self.optimizer.zero_grad()
        value = float(self.outer())
        return value, {path: self.parameters[name].grad.numpy().T.copy() for path, name in self.names.items()}

    def functional(self, compiled):
        torch, workload = self.torch, self.workload
        from torch.func import functional_call, grad, grad_and_value, vmap

        def loss(parameters, x, y):
            return self.loss(functional_call(self.network, parameters, (x,)), y)

        def task(parameters, x, y, query_x, query_y):
            def gradient(point):
                slopes = grad(loss)(point, x, y)
                return {n: g.detach() for n, g in slopes.items()} if workload.first_order else slopes
            return loss(descend(workload, gradient, torch.sqrt, parameters), query_x, query_y)

        outer = grad_and_value(lambda p, *data: vmap(task, (None, 0, 0, 0, 0))(p, *data).mean())
        outer = torch.compile(outer) if compiled else outer

        def run():
            slopes, value = outer({n: p.detach() for n, p in self.parameters.items()}, *self.tasks)
            for name, parameter in self.parameters.items():
                parameter.grad = slopes[name]
            return value
        return run

    def torchopt(self):
        return self.torchopt_first_order() if self.workload.first_order else self.torchopt_exact()

    def torchopt_exact(self):
        import torchopt
        if self.workload.adam:
            inner = torchopt.MetaAdam(self.network, lr=RATE, betas=(BETA1, BETA2), eps=EPSILON, eps_root=ROOT)
        else:
            inner = torchopt.MetaSGD(self.network, lr=RATE)
        start, fresh = torchopt.extract_state_dict(self.network, by="reference"), torchopt.extract_state_dict(inner)
        total = 0
        for x, y, query_x, query_y in zip(*self.tasks):
            for _ in range(self.workload.steps):
                inner.step(self.loss(self.network(x), y))
            value = self.loss(self.network(query_x), query_y) / len(self.tasks[0])
            value.backward()
            total += value.detach()
            torchopt.recover_state_dict(self.network, start)
            torchopt.recover_state_dict(inner, fresh)
        return total

    def torchopt_first_order(self):
        import torchopt
        torch, inner, total = self.torch, torchopt.sgd(RATE), 0
        run = lambda p, x: torch.func.functional_call(self.network, dict(zip(self.parameters, p)), (x,))
        for x, y, query_x, query_y in zip(*self.tasks):
            point = tuple(self.parameters.values())
            state = inner.init(point)
            for _ in range(self.workload.steps):
                slopes = torch.autograd.grad(self.loss(run(point, x), y), point)
                updates, state = inner.update(slopes, state, inplace=False)
                point = torchopt.apply_updates(point, updates, inplace=False)
            value = self.loss(run(point, query_x), query_y) / len(self.tasks[0])
            value.backward()
            total += value.detach()
        return total

    def higher(self):
        import higher
        torch, workload, total = self.torch, self.workload, 0
        if workload.adam:
            inner = torch.optim.Adam(self.network.parameters(), lr=RATE, betas=(BETA1, BETA2), eps=EPSILON)
        else:
            inner = torch.optim.SGD(self.network.parameters(), lr=RATE)
        for x, y, query_x, query_y in zip(*self.tasks):
            with higher.innerloop_ctx(
                    self.network, inner, copy_initial_weights=False, track_higher_grads=not workload.first_order
            ) as (network, descent):
                for step in range(1, workload.steps + 1):
                    # Its epsilon stands beside the root of the mean square before the correction of that one's bias.
                    override = {"eps": [EPSILON * (1 - BETA2**step) ** 0.5]} if workload.adam else None
                    descent.step(self.loss(network(x), y), override=override)
                value = self.loss(network(query_x), query_y) / len(self.tasks[0])
                if workload.first_order:
                    slopes = torch.autograd.grad(value, list(network.parameters()))
                    for parameter, slope in zip(self.network.parameters(), slopes):
                        parameter.grad = slope if parameter.grad is None else parameter.grad + slope
                else:
                    value.backward()
            total += value.detach()
        return total


# MARK: JAX


class JaxPeer:
    def __init__(self, _, arrays, name):
        import jax
        import jax.numpy as jnp
        import optax
        workload, optimizer = Workload(name), optax.adam(OUTER_RATE)
        self.tasks = [jnp.array(arrays[n]) for n in DATA]
        self.point = {n[len("parameters/"):]: jnp.array(a) for n, a in arrays.items() if n.startswith("parameters/")}
        self.state = optimizer.init(self.point)

        def loss(p, x, y):
            for i in range(3):
                x = x @ p[f"linear{i}/weight"] + p[f"linear{i}/bias"]
                x = jax.nn.relu(x) if i < 2 else x
            return ((x - y) ** 2).mean()

        def task(parameters, x, y, query_x, query_y):
            def gradient(point):
                slopes = jax.grad(loss)(point, x, y)
                return jax.lax.stop_gradient(slopes) if workload.first_order else slopes
            return loss(descend(workload, gradient, jnp.sqrt, parameters), query_x, query_y)

        outer = jax.value_and_grad(lambda p, data: jax.vmap(task, (None, 0, 0, 0, 0))(p, *data).mean())

        def step(point, state, data):
            value, slopes = outer(point, data)
            updates, state = optimizer.update(slopes, state)
            return optax.apply_updates(point, updates), state, value
        self.outer, self.compiled = jax.jit(outer), jax.jit(step, donate_argnums=(0, 1))

    def step(self):
        self.point, self.state, value = self.compiled(self.point, self.state, self.tasks)
        value.block_until_ready()

    def results(self):
        value, slopes = self.outer(self.point, self.tasks)
        return float(value), {n: np.array(g) for n, g in slopes.items()}


def milliseconds(step):
    """The median of 5 rounds of at least a tenth of a second each."""
    start = time.perf_counter()
    step()
    count = max(1, int(0.1 / (time.perf_counter() - start)))
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(count):
            step()
        rounds.append((time.perf_counter() - start) / count)
    return sorted(rounds)[2] * 1e3


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: meta_step.py PEER THREADS")
    peer, threads = sys.argv[1], int(sys.argv[2])
    if peer != "jax":
        import torch
        torch.set_num_threads(threads)
    ready = {}
    for line in sys.stdin:
        name, path, gradients = line.split()
        key = (name, gradients == "-")
        if key not in ready:
            ready[key] = (JaxPeer if peer == "jax" else TorchPeer)(peer, load_file(path), name)
            if gradients == "-":
                for _ in range(3):
                    ready[key].step()
        if gradients == "-":
            result = {"milliseconds": milliseconds(ready[key].step)}
        else:
            value, slopes = ready[key].results()
            save_file(slopes, gradients)
            result = {"loss": value}
        print(json.dumps(result), flush=True)


main()
