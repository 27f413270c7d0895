"""The keys of `train_args`, with their defaults for characters and for lines."""

from __future__ import annotations

from dataclasses import dataclass

from text_recognizer.options import key

PRECISIONS = ("auto", "32", "bf16", "16")
OPTIMIZERS = ("AdamW", "Muon", "Adam", "RAdam", "SGD")
LR = ("learning_rate", "one_cycle_max_lr")
ACCUMULATE = ("accumulate_grad_batches",)
RARELY = ("check_val_every_n_epoch",)


@dataclass(frozen=True)
class TrainOptions:
    """Training on characters."""

    epochs: int = key(4, "passes over the training set", aliases=("max_epochs",), least=1)
    cpu_minutes: float = key(0.0, "CPU minutes of the whole process to train for, in place of epochs; 0: count epochs", least=0)
    batch_size: int = key(128, "samples in a step; of lines, as many pixels as that many mean lines have", least=1)
    accumulate: int = key(
        1, "batches whose gradients make one step; an epoch's last step takes what is left", aliases=ACCUMULATE, least=1
    )
    optimizer: str = key(
        "AdamW", "AdamW, Muon, Adam, RAdam, or SGD (momentum 0.9, whose lr is ten or more times as high)", choices=OPTIMIZERS
    )
    lr: float = key(4e-3, "peak of the one-cycle learning rate", aliases=LR, least=0)
    warmup: float = key(0.2, "share of the training in which the learning rate rises", least=0, most=1)
    weight_decay: float = key(0.01, "decay of the weights of two and more dimensions, in each step", least=0)
    clip: float = key(1.0, "largest norm of the gradient", aliases=("gradient_clip_val",), least=0)
    ema: float = key(0.0, "decay of the moving average of the weights that reads in their place; 0: none", least=0, most=1)
    augment: float = key(0.0, "strength of the random changes to what is trained on, 1: strong, 0: none", least=0)
    span_masks: float = key(0.0, "blanked spans per ten heights of what is trained on, on average", least=0)
    patience: int = key(5, "epochs without a better validation figure before the training ends; 0: never", least=0)
    min_epochs: int = key(1, "epochs before the training may end early", least=1)
    validate_every: int = key(1, "epochs from one validation to the next; the last epoch always has one", aliases=RARELY, least=1)
    precision: str = key("auto", "32, bf16, 16, or auto: bf16 where this device computes it fast", choices=PRECISIONS)
    overfit_batches: float = key(0.0, "train, validate and test on this many batches (below 1: a share) alone; 0: off", least=0)
    limit_train_batches: float = key(0.0, "batches of an epoch (below 1: a share); 0: all", least=0)
    watch: bool = key(False, "log the norm of the gradient of each part of the network")
    compile: bool = key(False, "compute with torch.compile, which takes a minute or more to start")
    load_checkpoint: str = key("", "a checkpoint to start from; from a training.pt the training goes on where it ended")
    seed: int = key(0, "seed of the weights, the order, dropout and augmentation", least=0, most=2**63 - 1)


@dataclass(frozen=True)
class LineTrainOptions(TrainOptions):
    """Training on lines."""

    epochs: int = key(5, "passes over the training set", aliases=("max_epochs",), least=1)
    batch_size: int = key(24, "samples in a step; of lines, as many pixels as that many mean lines have", least=1)
    lr: float = key(5e-3, "peak of the one-cycle learning rate", aliases=LR, least=0)
    looks: int = key(
        1, "times that each line of the test set is looked at, where networks read by frames: 1, 3 or 9", least=1, most=9
    )
    beams: int = key(1, "texts per line that are followed up while the test set is read; 1: greedily", least=1)
    lm: bool = key(True, "make a character language model of the texts trained on, and keep it beside the best checkpoint")
    lm_texts: str = key("", "plain UTF-8 text files that it learns from as well, with commas")
