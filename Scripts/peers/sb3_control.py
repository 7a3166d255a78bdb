"""TD3 of Stable-Baselines3 at 64 x 64, batch 128, on one thread: critic updates a second, one number a line.

The environment is Pendulum, cheaper to step than the deconfliction scene: a favour. Usage: sb3_control.py ROUNDS [SECONDS]
"""

import sys
import time

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
import torch
from stable_baselines3 import TD3


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    torch.set_num_threads(1)
    model = TD3("MlpPolicy", "Pendulum-v1", batch_size=128, policy_kwargs={"net_arch": [64, 64]}, learning_starts=200,
                policy_delay=2, train_freq=(1, "step"), gradient_steps=1, device="cpu", seed=0)
    model.learn(400)
    for _ in range(rounds):
        begin, updates = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            before = model._n_updates
            model.learn(200, reset_num_timesteps=False)
            updates += model._n_updates - before
        print(updates / (time.perf_counter() - begin), flush=True)


if __name__ == "__main__":
    main()
