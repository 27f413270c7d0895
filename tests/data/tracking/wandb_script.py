"""A training script as people write it for W&B sweeps. It knows nothing of exp-queue."""

import argparse
import json
import time

import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--pause", type=float, default=0.0)
parser.add_argument("--ways", action="store_true", help="log in every way that the client has")
arguments = parser.parse_args()

run = wandb.init(project="demo", config={"lr": arguments.lr, "own": 1})
print("config", json.dumps(dict(wandb.config)), run.group, *run.tags, run.sweep_id, flush=True)
for epoch in range(arguments.epochs):
    print(f"\rbatch 1/1 loss=99 {epoch}", flush=True)
    wandb.log({"loss": 1 / (epoch + 1), "val": {"cer": epoch}})
    time.sleep(arguments.pause)
if arguments.ways:
    wandb.log({"loss": float("nan")})
    wandb.log({"other": 1, "flag": True, "ints": 2**40, "text": "é"}, commit=False)
    wandb.log({"loss": 0.05}, step=100)
    wandb.log({"loss": 0.04}, step=100)
    wandb.log({"loss": 0.03}, step=200)
    wandb.summary["best"] = 0.01
