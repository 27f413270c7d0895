"""A training of a second, to be replaced by your own: a curve is fitted to noisy points, in plain Python.

It is told its settings by flags and appends what it measures to the file that EXP_QUEUE_METRICS names. In a training of your own
`exp_queue.track(config)` does that, or W&B's, SwanLab's or TensorBoard's calls, or lines such as `loss: 0.3` that it prints.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--degree", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args()

    random.seed(settings.seed)
    points = [random.uniform(-1, 1) for _ in range(200)]
    wanted = [x**3 - 0.5 * x + random.gauss(0, 0.05) for x in points]
    weights = [0.0] * (settings.degree + 1)
    for epoch in range(1, settings.epochs + 1):
        for x, y in zip(points[:160], wanted[:160], strict=True):
            error = value(weights, x) - y
            weights = [w - settings.lr * error * x**power for power, w in enumerate(weights)]
        log(epoch=epoch, train_loss=loss(weights, points[:160], wanted[:160]), val_loss=loss(weights, points[160:], wanted[160:]))
    print(f"trained for {settings.epochs} epochs, weights {[round(w, 3) for w in weights]}")


def value(weights: list[float], x: float) -> float:
    return sum(w * x**power for power, w in enumerate(weights))


def loss(weights: list[float], points: list[float], wanted: list[float]) -> float:
    return sum((value(weights, x) - y) ** 2 for x, y in zip(points, wanted, strict=True)) / len(points)


def log(**row: float) -> None:
    with Path(os.environ.get("EXP_QUEUE_METRICS", os.devnull)).open("a", encoding="utf-8") as file:
        print(json.dumps(row), file=file)


if __name__ == "__main__":
    main()
