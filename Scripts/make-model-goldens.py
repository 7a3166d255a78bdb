#!/usr/bin/env python3
"""Prints small forward and gradient values of PyTorch's layers; needs torch.

The numbers in Tests/ModelsTests/GoldenTests.swift were printed by torch 2.13.0.
"""
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
x = torch.arange(24.0).reshape(4, 6).sin().requires_grad_()
scale = torch.linspace(0.5, 1.5, 6, requires_grad=True)
shift = torch.linspace(-1, 1, 6, requires_grad=True)
weights = torch.arange(24.0).reshape(4, 6).cos()


def show(name, y, *inputs):
    g = torch.autograd.grad((y * weights.reshape(y.shape)).sum(), inputs)
    values = [y.flatten()[5], y.sum()] + [t for i in g for t in (i.flatten()[3], i.abs().sum())]
    print(f'    "{name}": {[float(f"{v.item():.10g}") for v in values]},')


mean, variance = torch.zeros(6), torch.ones(6)
y = F.batch_norm(x, mean, variance, scale, shift, training=True)
show("batchNorm", y, x, scale, shift)
print("    running:", [float(f"{v:.10g}") for v in (mean[2], variance[2])])
show("layerNorm", F.layer_norm(x, (6,), scale, shift), x, scale, shift)
show("gelu", F.gelu(x), x)
q, k, v = (x.reshape(1, 2, 4, 3) * s for s in (1.0, 0.7, 1.3))
show("attention", F.scaled_dot_product_attention(q, k, v, is_causal=True), x)
image = torch.arange(72.0).reshape(1, 2, 6, 6).sin().requires_grad_()
kernel = torch.arange(36.0).reshape(2, 2, 3, 3).cos().requires_grad_()
y = F.conv2d(image, kernel, stride=2, padding=1)
weights = torch.arange(18.0).cos()
show("convolution", y, image, kernel)
