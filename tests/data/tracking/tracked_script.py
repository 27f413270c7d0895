"""A training that shows everything there is, by exp-queue's own calls."""

import numpy

from scheduler import tracking

tracker = tracking.init({"lr": 0.1, "net": {"depth": 3}, "sizes": [1, 2]}, objective=("cer", "minimize"), name="eager")
tracker.config.update({"late": True})
for step in range(3):
    tracker.log({"cer": 0.5 / (step + 1), "val": {"loss": float("nan")}, "word": "hello"}, step=10 * step)
    tracker.image("picture", numpy.full((4, 5, 3), 40 * step, numpy.uint8), caption="grey", step=10 * step)
    tracker.histogram("weights", numpy.arange(20.0), step=10 * step)
tracker.table("samples", ["input", "said"], [[1, "x|y"], [2, None]], step=20)
tracker.predictions([{"target": "a", "prediction": "b"}], [numpy.zeros((4, 6), numpy.uint8)], step=20)
print("of the training")
tracker.finish({"test_cer": 0.3})
