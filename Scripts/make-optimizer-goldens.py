#!/usr/bin/env python3
"""Prints the parameters after 5 steps of PyTorch's optimizers, and after 8 of optax's, on 0.5 * sum(c w^2); needs torch, jax and optax.

The numbers in Tests/DescendingTests/GoldenTests.swift were printed by torch 2.13.0 and 2.15.0, and by optax 0.2.8.
"""
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
import torch

torch.set_default_dtype(torch.float64)
optim = torch.optim


class Hooked:
    """An optimizer that changes the gradients before each step."""

    def __init__(self, optimizer, change):
        self.optimizer, self.change = optimizer, change

    def zero_grad(self):
        self.optimizer.zero_grad()

    def step(self):
        for group in self.optimizer.param_groups:
            self.change(group["params"])
        self.optimizer.step()


def orthogonal(renormalize):
    """The published update of OrthoGrad (arXiv 2506.04487), written from its formula."""

    def change(parameters):
        for p in parameters:
            w, g = p.detach(), p.grad
            h = g - (w * g).sum() / ((w * w).sum() + 1e-30) * w
            p.grad = h * g.norm() / (h.norm() + 1e-30) if renormalize else h

    return change


def trusted(p, rate, epsilon=1e-6, decay=0.1):
    """LAMB (arXiv 1904.00962), written from its formula."""
    (w,) = p
    m, v = torch.zeros_like(w), torch.zeros_like(w)

    class Lamb:
        time = 0

        def zero_grad(self):
            w.grad = None

        def step(self):
            self.time += 1
            with torch.no_grad():
                m.lerp_(w.grad, 0.1)
                v.lerp_(w.grad**2, 0.001)
                u = m / (1 - 0.9**self.time) / ((v / (1 - 0.999**self.time)).sqrt() + epsilon) + decay * w
                w.sub_(rate * w.norm() / u.norm() * u)

    return Lamb()


def scheduled(make, optimizer):
    """A rate of torch.optim.lr_scheduler, one step per update."""
    scheduler = make(optimizer)
    step = optimizer.step

    class Both:
        zero_grad = staticmethod(optimizer.zero_grad)

        @staticmethod
        def step():
            step()
            scheduler.step()

    return Both()


rates = optim.lr_scheduler
cases = {
    "rate 0.1": lambda p: optim.SGD(p, 0.1),
    "momentum 0.9 | rate 0.1": lambda p: optim.SGD(p, 0.1, momentum=0.9),
    "momentum 0.9 nesterov=true | rate 0.1": lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
    "decay 0.1 | momentum 0.9 | rate 0.1": lambda p: optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
    "decay 0.1 | momentum 0.9 nesterov=true | rate 0.1": lambda p: optim.SGD(
        p, 0.1, momentum=0.9, weight_decay=0.1, nesterov=True
    ),
    "adam | rate 0.1": lambda p: optim.Adam(p, 0.1),
    "adam 0.8 0.95 1e-4 | rate 0.1": lambda p: optim.Adam(p, 0.1, betas=(0.8, 0.95), eps=1e-4),
    "adam 0.8 0.5 amsgrad=true | rate 0.4": lambda p: optim.Adam(p, 0.4, betas=(0.8, 0.5), amsgrad=True),
    "adam epsilon=1e-6 | decay 0.1 | trustratio | rate 0.1": lambda p: trusted(p, 0.1),
    "decay 0.1 | adam | rate 0.1": lambda p: optim.Adam(p, 0.1, weight_decay=0.1),
    "adam | decay 0.1 | rate 0.1": lambda p: optim.AdamW(p, 0.1, weight_decay=0.1),
    "rmsprop | rate 0.1": lambda p: optim.RMSprop(p, 0.1),
    "rmsprop 0.9 | momentum 0.5 | rate 0.1": lambda p: optim.RMSprop(p, 0.1, alpha=0.9, momentum=0.5),
    "adagrad | rate 0.1": lambda p: optim.Adagrad(p, 0.1),
    "radam 0.8 0.9 | rate 0.1": lambda p: optim.RAdam(p, 0.1, betas=(0.8, 0.9)),
    "adamax | rate 0.1": lambda p: optim.Adamax(p, 0.1),
    "adadelta 0.9 1e-2 | rate 1": lambda p: optim.Adadelta(p, 1, rho=0.9, eps=1e-2),
    "rprop | rate 0.8": lambda p: optim.Rprop(p, 0.8, step_sizes=(1e-6, 50)),
    "clipvalue 0.5 | momentum 0.9 | rate 0.1": lambda p: Hooked(
        optim.SGD(p, 0.1, momentum=0.9), lambda q: torch.nn.utils.clip_grad_value_(q, 0.5)
    ),
    "orthogonal guard=false | decay 0.1 | momentum 0.9 | rate 0.1": lambda p: Hooked(
        optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1), orthogonal(True)
    ),
    "orthogonal renormalize=false guard=false | momentum 0.9 | rate 0.1": lambda p: Hooked(
        optim.SGD(p, 0.1, momentum=0.9), orthogonal(False)
    ),
    "momentum 0.9 | rate cosine(0.1, 5updates, 0.01)": lambda p: scheduled(
        lambda o: rates.CosineAnnealingLR(o, 5, 0.01), optim.SGD(p, 0.1, momentum=0.9)
    ),
    "momentum 0.9 | rate steps(0.1, 0.5, 2updates)": lambda p: scheduled(
        lambda o: rates.StepLR(o, 2, 0.5), optim.SGD(p, 0.1, momentum=0.9)
    ),
}
for name, make in cases.items():
    w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    c = torch.tensor([1.0, 0.5, 2.0])
    optimizer = make([w])
    for _ in range(5):
        optimizer.zero_grad()
        (0.5 * (c * w**2).sum()).backward()
        optimizer.step()
    print(f'      ("{name}", {[float(f"{x:.12g}") for x in w.tolist()]}),')


import jax
import jax.numpy as jnp
import numpy as np
import optax

jax.config.update("jax_enable_x64", True)


def steps(optimizer, count=8, matrix=False):
    """The parameters after some steps, and the state."""
    w = jnp.array([1.0, -2.0, 3.0, 0.5, -1.5, 2.5] if matrix else [1.0, -2.0, 3.0])
    c = jnp.array([1.0, 0.5, 2.0] * (2 if matrix else 1))
    if matrix:
        w, c = w.reshape(2, 3), c.reshape(2, 3)
    state = optimizer.init(w)
    for _ in range(count):
        at = w.fast if isinstance(w, optax.LookaheadParams) else w
        change, state = optimizer.update(c * at, state, w)
        w = optax.apply_updates(w, change)
    return w, state


def slow_and_fast(optimizer, period, pull):
    """optax.lookahead on a pair of parameters: the fast ones."""
    w = optax.LookaheadParams.init_synced(jnp.array([1.0, -2.0, 3.0]))
    c = jnp.array([1.0, 0.5, 2.0])
    both = optax.lookahead(optimizer, period, pull)
    state = both.init(w)
    for _ in range(8):
        change, state = both.update(c * w.fast, state, w)
        w = optax.apply_updates(w, change)
    return w.fast


def adan(rate, b1, b2, b3, epsilon=1e-8):
    """Adan (arXiv 2208.06677), written from the authors' code; optax 0.2.8 looks ahead by 1 - b2 where they have b2."""
    w, c = np.array([1.0, -2.0, 3.0]), np.array([1.0, 0.5, 2.0])
    m, v, n, before = np.zeros(3), np.zeros(3), np.zeros(3), c * w
    for t in range(1, 9):
        g = c * w
        d, before = g - before, g
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * d
        n = b3 * n + (1 - b3) * (g + b2 * d) ** 2
        u = m / (1 - b1**t) + b2 * v / (1 - b2**t)
        w = w - rate * u / (np.sqrt(n / (1 - b3**t)) + epsilon)
    return w


def factored(relative):
    return optax.adafactor(
        0.1, min_dim_size_to_factor=2, multiply_by_parameter_scale=relative, decay_rate=0.8, clipping_threshold=1.0
    )


def root(matrix, order, ridge):
    """The power -1/order of a symmetric matrix, by its eigenvalues; the ridge in units of its norm."""
    values, vectors = np.linalg.eigh(matrix + ridge * np.linalg.norm(matrix) * np.eye(len(matrix)))
    return vectors * values ** (-1 / order) @ vectors.T


def shampoo(rate, b1, b2, ridge, period, graft, largest=1024):
    """Shampoo (arXiv 1802.09568) with means in place of sums and Adam's length, written from its formula."""
    w, c = np.array([[1.0, -2.0, 3.0], [0.5, -1.5, 2.5]]), np.array([[1.0, 0.5, 2.0]] * 2)
    m, v, moments = np.zeros((2, 3)), np.zeros((2, 3)), [np.zeros((2, 2)), np.zeros((3, 3))]
    roots = [None, None]
    sides = [side for side in (0, 1) if w.shape[side] <= largest]
    for t in range(1, 9):
        g = c * w
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        u = m / (1 - b1**t)
        adam = u / (np.sqrt(v / (1 - b2**t)) + 1e-8)
        for side in sides:
            moments[side] = b2 * moments[side] + (1 - b2) * (g @ g.T if side == 0 else g.T @ g)
            if (t - 1) % period == 0:
                roots[side] = root(moments[side] / (1 - b2**t), 2 * len(sides), ridge)
            u = roots[side] @ u if side == 0 else u @ roots[side]
        w = w - rate * u * (np.linalg.norm(adam) / np.linalg.norm(u) if graft else 1)
    return w


def soap(rate, b1, b2, period, epsilon=1e-8):
    """SOAP (arXiv 2409.11321), written from the authors' code, but for the first basis: columns of the identity, by the same step."""
    w, c = np.array([[1.0, -2.0, 3.0], [0.5, -1.5, 2.5]]), np.array([[1.0, 0.5, 2.0]] * 2)
    m, v, moments = np.zeros((2, 3)), np.zeros((2, 3)), [np.zeros((2, 2)), np.zeros((3, 3))]
    bases = [np.eye(2), np.eye(3)]
    for t in range(8):
        g = c * w
        if t > 0:
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * (bases[0].T @ g @ bases[1]) ** 2
            turned = bases[0].T @ m @ bases[1] / (1 - b1**t)
            w = w - rate * bases[0] @ (turned / (np.sqrt(v / (1 - b2**t)) + epsilon)) @ bases[1].T
        for side in (0, 1):
            moments[side] = b2 * moments[side] + (1 - b2) * (g @ g.T if side == 0 else g.T @ g)
            if t % period == 0:
                order = np.argsort(-np.diag(bases[side].T @ moments[side] @ bases[side]), kind="stable")
                v = np.take(v, order, axis=side)
                q, r = np.linalg.qr(moments[side] @ bases[side][:, order])
                bases[side] = q * np.where(np.diag(r) < 0, -1, 1)
    return w


def psgd(rate, momentum, step, kept=0.9, largest=1024, matrix=True):
    """Kronecker-factored whitening PSGD (arXiv 2402.11858), written from the author's code with its update QUAD, without its noise; the random
    estimate of norms there is a bound of them here, ||A^4||^(1/4)."""
    w, c = np.array([[1.0, -2.0, 3.0], [0.5, -1.5, 2.5]]), np.array([[1.0, 0.5, 2.0]] * 2)
    w, c = (w, c) if matrix else (w[:1], c[:1])
    sides = [side for side in (0, 1) if w.shape[side] > 1]
    m, divisors = np.zeros(w.shape), [0.0, 0.0]
    scale = np.mean((c * w) ** 4) ** (-1 / 8 / len(sides))
    q = [np.eye(n) * (scale if n > 1 else 1) for n in w.shape]
    for t in range(8):
        g, share = c * w, min(t / (t + 1), momentum)
        m = share * m + (1 - share) * g
        white, fitted = q[0] @ q[0] @ g @ q[1] @ q[1], list(q)
        for side in sides:
            dense = matrix and w.shape[side] <= largest
            a = white @ white.T if side == 0 else white.T @ white
            a, whole = a if dense else np.diag(np.diag(a)), w.size / w.shape[side]
            size = np.linalg.norm(a)
            fourth = np.linalg.matrix_power(a / size, 4)
            new = (size * np.linalg.norm(fourth) ** 0.25 if dense else a.max()) + whole
            divisors[side] = max(kept * divisors[side] + (1 - kept) * new, new)
            half = step / 2 / divisors[side]
            x = q[side] - half * (a @ q[side] - whole * q[side])
            x = x - half * (x @ a - whole * x)
            fitted[side] = (x + x.T) / 2
        q = fitted
        u = q[0] @ q[0] @ m @ q[1] @ q[1]
        u = u / max(1, np.sqrt(np.mean(u**2)) / 2)
        w = w - rate * np.clip(u, -10, 10)
    return w


def adahessian(rate, b1, b2, power, period, epsilon):
    """AdaHessian (arXiv 2006.00719), written from its formula: signs give the diagonal of a diagonal Hessian exactly."""
    w, c = np.array([1.0, -2.0, 3.0]), np.array([1.0, 0.5, 2.0])
    m, v, count = np.zeros(3), np.zeros(3), 0
    for t in range(1, 9):
        m = b1 * m + (1 - b1) * c * w
        if (t - 1) % period == 0:
            v, count = b2 * v + (1 - b2) * c**2, count + 1
        w = w - rate * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**count)) ** power + epsilon)
    return w


def mars(rate, b1, b2, gamma, clip, epsilon=1e-8):
    """MARS-AdamW, approximate (arXiv 2411.10438), written from the authors' code, but that the first update changes nothing of its gradient."""
    w, c = np.array([1.0, -2.0, 3.0]), np.array([1.0, 0.5, 2.0])
    m, v, before = np.zeros(3), np.zeros(3), c * w
    for t in range(1, 9):
        g = c * w
        u, before = g + gamma * b1 / (1 - b1) * (g - before), g
        u = u * min(clip / np.linalg.norm(u), 1)
        m, v = b1 * m + (1 - b1) * u, b2 * v + (1 - b2) * u**2
        w = w - rate * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + epsilon)
    return w


def cautious(rate, decay):
    """Momentum, cautious (arXiv 2411.16085), as in the authors' code."""
    w, c, v = np.array([1.0, -2.0, 3.0]), np.array([1.0, 0.5, 2.0]), np.zeros(3)
    for _ in range(8):
        g = c * w
        v = decay * v + g
        agrees = v * g > 0
        w = w - rate * v * agrees / max(agrees.mean(), 1e-3)
    return w


contrib = optax.contrib
free = contrib.schedule_free(optax.sgd(0.3), 0.3, b1=0.8)
cases = {
    "lion 0.8 0.6 | rate 0.4": lambda: steps(optax.lion(0.4, 0.8, 0.6, weight_decay=0))[0],
    "adam nesterov=true | rate 0.1": lambda: steps(optax.nadam(0.1))[0],
    "adabelief 0.8 0.9 1e-8 | rate 0.1": lambda: steps(optax.adabelief(0.1, 0.8, 0.9, eps=1e-8, eps_root=1e-8))[0],
    "adan 0.9 0.8 0.7 | rate 0.1": lambda: adan(0.1, 0.9, 0.8, 0.7),
    "prodigy start=0.1 decay=0.1 | rate 1": lambda: steps(
        contrib.prodigy(1.0, estim_lr0=0.1, weight_decay=0.1)
    )[0],
    "lbfgs 3 | rate 0.4": lambda: steps(optax.lbfgs(0.4, 3, linesearch=None))[0],
    "lookahead 3 0.6 (momentum 0.5 | rate 0.2)": lambda: slow_and_fast(optax.sgd(0.2, 0.5), 3, 0.6),
    "schedulefree 0.8 (rate 0.3)": lambda: steps(free)[0],
    "schedulefree 0.8 (rate 0.3), the mean": lambda: contrib.schedule_free_eval_params(*reversed(steps(free))),
    "ademamix 0.8 0.9 0.95 3 | rate 0.1": lambda: steps(contrib.ademamix(0.1, 0.8, 0.9, 0.95, 3.0))[0],
    "adopt 0.8 0.9 | rate 0.1": lambda: steps(contrib.adopt(0.1, 0.8, 0.9))[0],
    "mars | rate 0.1": lambda: mars(0.1, 0.95, 0.99, 0.025, 1),
    "mars 0.8 0.9 0.5 4 | rate 0.1": lambda: mars(0.1, 0.8, 0.9, 0.5, 4),
    "mars 0.8 0.9 0.5 100 | rate 0.1": lambda: mars(0.1, 0.8, 0.9, 0.5, 100),
    "dog 0.1 | rate 1": lambda: steps(contrib.dog(1.0, ("heuristic", 0.1)))[0],
    "adahessian 0.8 0.9 0.5 3 1e-4 | rate 0.1": lambda: adahessian(0.1, 0.8, 0.9, 0.5, 3, 1e-4),
    "cautious (momentum 0.9) | rate 0.3": lambda: cautious(0.3, 0.9),
    "shampoo 0.8 0.9 1e-3 3 | rate 0.1": lambda: shampoo(0.1, 0.8, 0.9, 1e-3, 3, True),
    "shampoo 0.8 0.9 1e-3 1 graft=false | rate 0.1": lambda: shampoo(0.1, 0.8, 0.9, 1e-3, 1, False),
    "shampoo 0.8 0.9 1e-3 3 largest=2 | rate 0.1": lambda: shampoo(0.1, 0.8, 0.9, 1e-3, 3, True, 2),
    "soap 0.8 0.9 period=3 | rate 0.1": lambda: soap(0.1, 0.8, 0.9, 3),
    "psgd damping=0 | rate 0.1": lambda: psgd(0.1, 0.9, 0.1),
    "psgd 0 0.3 damping=0 | rate 0.1": lambda: psgd(0.1, 0, 0.3),
    "psgd damping=0 largest=2 | rate 0.1": lambda: psgd(0.1, 0.9, 0.1, largest=2),
    "psgd damping=0 | rate 0.1, of a vector": lambda: psgd(0.1, 0.9, 0.1, matrix=False),
    "adafactor | rate 0.1": lambda: steps(factored(False), matrix=True)[0],
    "adafactor relative=true | rate 0.1": lambda: steps(factored(True), matrix=True)[0],
}
for name, make in cases.items():
    print(f'      ("{name}", {[float(f"{x:.12g}") for x in np.asarray(make()).ravel().tolist()]}),')
