"""One training step of each workload in PyTorch: torch_step.py eager|compile WORKLOAD.

Prints one JSON line: the median of 5 rounds after a warm-up, in milliseconds, and the process's peak memory.
"""
import json
import resource
import sys
import time

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
import torch
from torch import nn
from torch.nn import functional as F

if len(sys.argv) != 3:
    sys.exit("usage: torch_step.py eager|compile WORKLOAD")
mode, workload = sys.argv[1:]
torch.manual_seed(0)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, features, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, features, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(features)
        changes = stride != 1 or inputs != features
        self.around = (
            nn.Sequential(nn.Conv2d(inputs, features, 1, stride, bias=False), nn.BatchNorm2d(features))
            if changes
            else nn.Identity()
        )

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + self.around(x))


def resnet(stages):
    width = stages[0][0]
    layers = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    inputs = width
    for stage, (features, blocks) in enumerate(stages):
        for index in range(blocks):
            layers.append(ResidualBlock(inputs, features, 2 if stage > 0 and index == 0 else 1))
            inputs = features
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.packed, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        packed = self.packed(self.norm1(x)).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = packed.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.contract(F.gelu(self.expand(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, vocabulary=96, width=128, layers=4, heads=4, context=128):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(context, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.tokens(x) + self.positions)))


def cross_entropy(output, labels):
    return F.cross_entropy(output.flatten(0, -2), labels.flatten())


def classes(bound, *shape):
    return torch.randint(0, bound, shape)


def mlp(*widths):
    layers = []
    for index, (a, b) in enumerate(zip(widths, widths[1:])):
        layers += [nn.Linear(a, b)] + ([nn.ReLU()] if index + 2 < len(widths) else [])
    return nn.Sequential(*layers)


make, x, y, loss, repetitions = {
    "tiny": lambda: (mlp(8, 64, 64, 1), torch.randn(32, 8), torch.randn(32, 1), F.mse_loss, 500),
    "mlp": lambda: (mlp(784, 512, 512, 10), torch.randn(128, 784), classes(10, 128), cross_entropy, 50),
    "resnet8": lambda: (
        resnet([(16, 1), (32, 1), (64, 1)]), torch.randn(128, 3, 32, 32), classes(10, 128), cross_entropy, 5),
    "resnet18": lambda: (
        resnet([(64, 2), (128, 2), (256, 2), (512, 2)]), torch.randn(64, 3, 32, 32), classes(10, 64), cross_entropy, 2),
    "gpt": lambda: (GPT(), classes(96, 16, 128), classes(96, 16, 128), cross_entropy, 5),
}[workload]()
model = make
optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)


def forward(x, y):
    return loss(model(x), y)


run = torch.compile(forward) if mode == "compile" else forward


def step():
    optimizer.zero_grad(set_to_none=True)
    value = run(x, y)
    value.backward()
    optimizer.step()


start = time.perf_counter()
step()
first = time.perf_counter() - start
for _ in range(3):
    step()
rounds = []
for _ in range(5):
    start = time.perf_counter()
    for _ in range(repetitions):
        step()
    rounds.append((time.perf_counter() - start) / repetitions)
print(json.dumps({
    "peer": f"torch-{mode}", "workload": workload, "milliseconds": sorted(rounds)[2] * 1e3, "compileSeconds": first,
    "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "version": torch.__version__,
}))
