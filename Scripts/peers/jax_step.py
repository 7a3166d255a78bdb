"""One training step of each workload in JAX (jit) with optax: jax_step.py WORKLOAD.

Prints one JSON line: the median of 5 rounds after a warm-up, in milliseconds, and the process's peak memory.
"""
import json
import resource
import sys
import time

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
import jax
import jax.numpy as jnp
import optax
from jax import lax

if len(sys.argv) != 2:
    sys.exit("usage: jax_step.py WORKLOAD")
workload = sys.argv[1]
key = jax.random.key(0)


def normal(*shape):
    return jax.random.normal(key, shape)


def classes(bound, *shape):
    return jax.random.randint(key, shape, 0, bound)


def linear(inputs, outputs):
    return normal(inputs, outputs) / inputs**0.5, jnp.zeros(outputs)


def norm_parameters(width):
    return jnp.ones(width), jnp.zeros(width)


def convolve(x, weights, stride=1):
    pad = weights.shape[0] // 2
    return lax.conv_general_dilated(
        x, weights, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def normalize(parameters, x, axes):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * parameters[0] + parameters[1]


def batch_norm(parameters, x):
    return normalize(parameters, x, (0, 1, 2))


def layer_norm(parameters, x):
    return normalize(parameters, x, (-1,))


def weights(size, inputs, features):
    return normal(size, size, inputs, features) * (2 / (size * size * inputs)) ** 0.5


def mlp(*widths):
    def forward(parameters, x):
        for index, (w, b) in enumerate(parameters):
            x = x @ w + b
            x = jax.nn.relu(x) if index + 1 < len(parameters) else x
        return x

    return [linear(a, b) for a, b in zip(widths, widths[1:])], forward


def resnet(stages):
    width = stages[0][0]
    blocks, strides, inputs = [], [], width
    for stage, (features, count) in enumerate(stages):
        for index in range(count):
            stride = 2 if stage > 0 and index == 0 else 1
            block = dict(
                c1=weights(3, inputs, features), n1=norm_parameters(features), c2=weights(3, features, features),
                n2=norm_parameters(features))
            if stride != 1 or inputs != features:
                block |= dict(cs=weights(1, inputs, features), ns=norm_parameters(features))
            blocks.append(block)
            strides.append(stride)
            inputs = features
    parameters = dict(c=weights(3, 3, width), n=norm_parameters(width), blocks=blocks, head=linear(inputs, 10))

    def forward(p, x):
        x = jax.nn.relu(batch_norm(p["n"], convolve(x, p["c"])))
        for q, stride in zip(p["blocks"], strides):
            y = jax.nn.relu(batch_norm(q["n1"], convolve(x, q["c1"], stride)))
            y = batch_norm(q["n2"], convolve(y, q["c2"]))
            around = batch_norm(q["ns"], convolve(x, q["cs"], stride)) if "cs" in q else x
            x = jax.nn.relu(y + around)
        return x.mean((1, 2)) @ p["head"][0] + p["head"][1]

    return parameters, forward


def gpt(vocabulary=96, width=128, layers=4, heads=4, context=128):
    block = lambda: dict(
        n1=norm_parameters(width), packed=linear(width, 3 * width), output=linear(width, width),
        n2=norm_parameters(width), expand=linear(width, 4 * width), contract=linear(4 * width, width))
    parameters = dict(
        tokens=normal(vocabulary, width), positions=normal(context, width) * 0.02, blocks=[block() for _ in range(layers)],
        norm=norm_parameters(width), head=normal(width, vocabulary) * 0.02)
    visible = jnp.tril(jnp.ones((context, context), bool))

    def forward(p, x):
        x = p["tokens"][x] + p["positions"]
        batch, length, _ = x.shape
        for q in p["blocks"]:
            y = layer_norm(q["n1"], x) @ q["packed"][0] + q["packed"][1]
            query, keys, values = jnp.moveaxis(y.reshape(batch, length, 3, heads, width // heads), 2, 0)
            scores = jnp.einsum("bqhd,bkhd->bhqk", query, keys) / (width // heads) ** 0.5
            scores = jax.nn.softmax(jnp.where(visible, scores, -1e9), -1)
            mixed = jnp.einsum("bhqk,bkhd->bqhd", scores, values).reshape(batch, length, width)
            x = x + mixed @ q["output"][0] + q["output"][1]
            hidden = jax.nn.gelu(layer_norm(q["n2"], x) @ q["expand"][0] + q["expand"][1], approximate=False)
            x = x + hidden @ q["contract"][0] + q["contract"][1]
        return layer_norm(p["norm"], x) @ p["head"]

    return parameters, forward


def cross_entropy(output, labels):
    return optax.softmax_cross_entropy_with_integer_labels(output, labels).mean()


def squared_error(output, target):
    return ((output - target) ** 2).mean()


(parameters, forward), x, y, loss, repetitions = {
    "tiny": lambda: (mlp(8, 64, 64, 1), normal(32, 8), normal(32, 1), squared_error, 500),
    "mlp": lambda: (mlp(784, 512, 512, 10), normal(128, 784), classes(10, 128), cross_entropy, 50),
    "resnet8": lambda: (
        resnet([(16, 1), (32, 1), (64, 1)]), normal(128, 32, 32, 3), classes(10, 128), cross_entropy, 5),
    "resnet18": lambda: (
        resnet([(64, 2), (128, 2), (256, 2), (512, 2)]), normal(64, 32, 32, 3), classes(10, 64), cross_entropy, 2),
    "gpt": lambda: (gpt(), classes(96, 16, 128), classes(96, 16, 128), cross_entropy, 5),
}[workload]()
optimizer = optax.sgd(0.01, momentum=0.9)
state = optimizer.init(parameters)


@jax.jit
def step(parameters, state, x, y):
    value, gradient = jax.value_and_grad(lambda p: loss(forward(p, x), y))(parameters)
    updates, state = optimizer.update(gradient, state)
    return optax.apply_updates(parameters, updates), state, value


start = time.perf_counter()
parameters, state, value = step(parameters, state, x, y)
value.block_until_ready()
first = time.perf_counter() - start
for _ in range(3):
    parameters, state, value = step(parameters, state, x, y)
value.block_until_ready()
rounds = []
for _ in range(5):
    start = time.perf_counter()
    for _ in range(repetitions):
        parameters, state, value = step(parameters, state, x, y)
    value.block_until_ready()
    rounds.append((time.perf_counter() - start) / repetitions)
print(json.dumps({
    "peer": "jax", "workload": workload, "milliseconds": sorted(rounds)[2] * 1e3, "compileSeconds": first,
    "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "version": jax.__version__,
}))
