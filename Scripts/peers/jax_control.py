"""TD3 with its environment in fused JAX: the deconfliction scene, replay buffer and updates in one compiled step.

16 copies of the scene step, and the updates that they owe (4 critic, 2 actor) follow, all inside one jit with donated
state: the fastest form that JAX has of this loop. Prints critic updates a second, one number a line.
Usage: jax_control.py ROUNDS [SECONDS]
"""

import os
import sys
import time

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
import jax
import jax.numpy as jnp

N, BATCH, CAPACITY, HIDDEN, CYCLES, DELAY = 16, 128, 100_000, 64, 2, 2
DT, GAMMA, POLYAK, RATE = 0.2, 0.98, 0.01, 1e-3
GOAL = jnp.array([10.0, 0.0, 0.0])
ACCELERATION = jnp.array([0.6, 0.6, 0.3])
MEAN = jnp.array([5.16, 0, 0, 0.9, 0, 0, 1.13, 0, 0, -0.6, 0, 0, 3.69, 0, 0, -0.63, 0, 0])
DEVIATION = jnp.array([3.02, .96, .80, .23, .29, .22, 1.93, 1.35, .92, .34, .69, .22, 2.64, 2.17, 1.20, .36, .67, .24])


def unit(x):
    return x / jnp.maximum(jnp.linalg.norm(x, axis=-1, keepdims=True), 1e-9)


def shortened(x, limit):
    return x * jnp.minimum(1.0, limit / jnp.maximum(jnp.linalg.norm(x, axis=-1, keepdims=True), 1e-9))


def spawn(p, v, q, delay):
    """An intruder for each row: p, v [N, 3], q [N, 8], delay a number."""
    c = jnp.where(q[:, :1] < 0.5, v, unit(GOAL - p))
    h = unit(c)
    f = unit(jnp.stack([-h[:, 1], h[:, 0], jnp.zeros(len(h))], 1))
    g = jnp.cross(h, f)
    psi, theta = (2 * q[:, 1:2] - 1) * jnp.pi / 2, (2 * q[:, 2:3] - 1) * jnp.pi / 9
    b = jnp.cos(theta) * (jnp.cos(psi) * h + jnp.sin(psi) * f) + jnp.sin(theta) * g
    w = -(0.7 + 0.6 * q[:, 3:4]) * b
    m = (2 * q[:, 4:7] - 1) / 2
    tau = 2.5 + 1.5 * q[:, 7:8]
    return p + c * tau + m - w * tau - w * delay, w, tau[:, 0] + delay


def fresh(key):
    k1, k2 = jax.random.split(key)
    p = (jax.random.uniform(k1, (N, 3)) * 2 - 1) * jnp.array([0.5, 1.0, 0.5])
    v = unit(GOAL - p)
    q = jax.random.uniform(k2, (N, 2, 8))
    o1, w1, t1 = spawn(p, v, q[:, 0], 0.0)
    o2, w2, t2 = spawn(p + 2 * v, v, q[:, 1], 2.0)
    return dict(p=p, v=v, o=jnp.stack([o1, o2], 1), w=jnp.stack([w1, w2], 1), tau=jnp.stack([t1, t2], 1),
                age=jnp.zeros((N, 2)), inside=jnp.zeros((N, 2), bool), step=jnp.zeros(N))


def observe(s):
    r = s["o"] - s["p"][:, None]
    swap = (jnp.sum(r[:, 1] ** 2, -1) < jnp.sum(r[:, 0] ** 2, -1))[:, None, None]
    r = jnp.where(swap, r[:, ::-1], r)
    w = jnp.where(swap, s["w"][:, ::-1], s["w"])
    both = jnp.concatenate([shortened(r, 8.0), w], -1).reshape(N, 12)
    return (jnp.concatenate([shortened(GOAL - s["p"], 10.0), s["v"], both], -1) - MEAN) / DEVIATION


def environment(s, a, key):
    v = s["v"] + ACCELERATION * a * DT
    v = v.at[:, 2].set(jnp.clip(v[:, 2], -0.4, 0.4))
    v = shortened(v, 1.2)
    p = s["p"] + v * DT
    o = s["o"] + s["w"] * DT
    age = s["age"] + DT
    d = jnp.linalg.norm(o - p[:, None], axis=-1)
    inside = d <= 1
    penalty = jnp.where(inside, 2 - d, jnp.where(d < 1.4, 0.5 * (1 - (d - 1) / 0.4), 0)).sum(-1)
    distance = jnp.linalg.norm(GOAL - p, axis=-1)
    arrived = distance < 1
    reward = (jnp.linalg.norm(GOAL - s["p"], axis=-1) - distance - 0.05 - 0.02 * jnp.sum(a**2, -1) - penalty
              + 3 * arrived)
    step = s["step"] + 1
    k1, k2 = jax.random.split(key)
    q = jax.random.uniform(k1, (N, 2, 8))
    new = [spawn(p, v, q[:, i], 0.0) for i in range(2)]
    again = (age > s["tau"] + 1.5) & ~inside
    w = jnp.where(again[..., None], jnp.stack([n[1] for n in new], 1), s["w"])
    o = jnp.where(again[..., None], jnp.stack([n[0] for n in new], 1), o)
    tau = jnp.where(again, jnp.stack([n[2] for n in new], 1), s["tau"])
    after = dict(p=p, v=v, o=o, w=w, tau=tau, age=jnp.where(again, 0.0, age), inside=inside, step=step)
    over = arrived | (step >= 100)
    start = fresh(k2)
    following = {k: jnp.where(over.reshape((N,) + (1,) * (x.ndim - 1)), start[k], x) for k, x in after.items()}
    return following, observe(after), reward, GAMMA * (1.0 - arrived)


def layers(key, sizes):
    keys = jax.random.split(key, len(sizes))
    return [(jax.random.uniform(k, (a, b), minval=-1, maxval=1) / a**0.5, jnp.zeros(b))
            for k, a, b in zip(keys, sizes, sizes[1:])]


def mlp(net, x):
    for w, b in net[:-1]:
        x = jax.nn.relu(x @ w + b)
    return x @ net[-1][0] + net[-1][1]


def policy(net, s):
    return jnp.tanh(mlp(net, s))


def value(net, s, a):
    return mlp(net, jnp.concatenate([s, a], -1))[:, 0]


def adam(p, g, memory, t):
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory[0], g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, memory[1], g)
    c1, c2 = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
    return jax.tree.map(lambda p, m, v: p - RATE * (m * c1) / (jnp.sqrt(v * c2) + 1e-8), p, m, v), (m, v)


def step(state):
    key = jax.random.fold_in(state["key"], state["time"])
    k_act, k_env, k_batch, k_noise = jax.random.split(key, 4)
    observation = observe(state["scene"])
    a = jnp.clip(policy(state["actor"], observation) + 0.1 * jax.random.normal(k_act, (N, 3)), -1, 1)
    scene, following, reward, discount = environment(state["scene"], a, k_env)
    place = (state["time"] * N) % CAPACITY
    rows = jnp.concatenate([observation, a, reward[:, None], discount[:, None], following], 1)
    buffer = jax.lax.dynamic_update_slice(state["buffer"], rows, (place, 0))
    size = jnp.minimum((state["time"] + 1) * N, CAPACITY)
    draws = jax.random.randint(k_batch, (CYCLES, DELAY, BATCH), 0, size)
    state = dict(state, scene=scene, buffer=buffer, time=state["time"] + 1)
    for cycle in range(CYCLES):
        for update in range(DELAY):
            rows = buffer[draws[cycle, update]]
            s, a, r, d, n = rows[:, :18], rows[:, 18:21], rows[:, 21], rows[:, 22], rows[:, 23:]
            noise = jnp.clip(0.2 * jax.random.normal(jax.random.fold_in(k_noise, cycle * DELAY + update), a.shape), -0.5, 0.5)
            b = jnp.clip(policy(state["targetActor"], n) + noise, -1, 1)
            target = r + d * jnp.minimum(*[value(q, n, b) for q in state["targetCritics"]])
            loss = lambda nets: sum(jnp.mean((value(q, s, a) - target) ** 2) for q in nets)
            count = state["updates"] + 1.0
            critics, memory = adam(state["critics"], jax.grad(loss)(state["critics"]), state["criticMemory"], count)
            state = dict(state, critics=critics, criticMemory=memory, updates=count)
        gradient = jax.grad(lambda net: -jnp.mean(value(state["critics"][0], s, policy(net, s))))(state["actor"])
        actor, memory = adam(state["actor"], gradient, state["actorMemory"], state["updates"] / DELAY)
        follow = lambda t, o: jax.tree.map(lambda t, o: t + POLYAK * (o - t), t, o)
        state = dict(state, actor=actor, actorMemory=memory, targetActor=follow(state["targetActor"], actor),
                     targetCritics=follow(state["targetCritics"], state["critics"]))
    return state


def start():
    k = jax.random.split(jax.random.PRNGKey(0), 5)
    actor = layers(k[0], [18, HIDDEN, HIDDEN, 3])
    critics = [layers(k[i], [21, HIDDEN, HIDDEN, 1]) for i in (1, 2)]
    copy = lambda t: jax.tree.map(lambda x: x + 0, t)
    memory = lambda t: (jax.tree.map(jnp.zeros_like, t), jax.tree.map(jnp.zeros_like, t))
    return dict(actor=actor, critics=critics, targetActor=copy(actor), targetCritics=copy(critics),
                actorMemory=memory(actor), criticMemory=memory(critics), scene=fresh(k[3]), key=k[4],
                buffer=jnp.zeros((CAPACITY, 41)), time=jnp.array(0), updates=jnp.array(0.0))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    # Fifty steps in one call: no time is lost in Python.
    many = jax.jit(lambda s: jax.lax.fori_loop(0, 50, lambda _, s: step(s), s), donate_argnums=0)
    state = many(start())
    jax.block_until_ready(state)
    for _ in range(rounds):
        begin, calls = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            state = many(state)
            jax.block_until_ready(state)
            calls += 1
        print(calls * 50 * CYCLES * DELAY / (time.perf_counter() - begin), flush=True)


if __name__ == "__main__":
    main()
