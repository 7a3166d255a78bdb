"""One epoch of PyTorch on a small table, from the start of Python: torch_start.py TABLE."""
import csv
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
import torch

if len(sys.argv) != 2:
    sys.exit(__doc__)

with open(sys.argv[1]) as file:
    rows = list(csv.reader(file))[1:81]
x = torch.tensor([[float(cell) for cell in row[:4]] for row in rows])
y = torch.tensor([int(row[4] == "yes") for row in rows])
layers = [torch.nn.Linear(4, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2)]
model = torch.nn.Sequential(*layers)
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for batch in torch.randperm(len(y)).split(16):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
    optimizer.step()
print("epoch 1/1", flush=True)
