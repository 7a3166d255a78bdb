"""Prints the parameters after 5 steps of PyTorch's optimizers on 0.5 * sum(c w^2); needs torch.

The numbers in Tests/DescendingTests/GoldenTests.swift were printed by torch 2.13.0.
"""
import torch

torch.set_default_dtype(torch.float64)
optim = torch.optim
cases = {
    "rate 0.1": lambda p: optim.SGD(p, 0.1),
    "momentum 0.9 | rate 0.1": lambda p: optim.SGD(p, 0.1, momentum=0.9),
    "momentum 0.9 nesterov=true | rate 0.1": lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
    "decay 0.1 | momentum 0.9 | rate 0.1": lambda p: optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
    "adam | rate 0.1": lambda p: optim.Adam(p, 0.1),
    "adam | decay 0.1 | rate 0.1": lambda p: optim.AdamW(p, 0.1, weight_decay=0.1),
    "rmsprop | rate 0.1": lambda p: optim.RMSprop(p, 0.1),
    "adagrad | rate 0.1": lambda p: optim.Adagrad(p, 0.1),
}
for name, make in cases.items():
    w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    c = torch.tensor([1.0, 0.5, 2.0])
    optimizer = make([w])
    for _ in range(5):
        optimizer.zero_grad()
        (0.5 * (c * w**2).sum()).backward()
        optimizer.step()
    print(f'    ("{name}", {[float(f"{x:.12g}") for x in w.tolist()]}),')
