#!/usr/bin/env python3
"""Prints the parameters after 5 steps of PyTorch's optimizers on 0.5 * sum(c w^2); needs torch.

The numbers in Tests/DescendingTests/GoldenTests.swift were printed by torch 2.13.0.
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
