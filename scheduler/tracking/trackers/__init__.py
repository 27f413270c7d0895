"""To whom a training's calls are passed on beside its metric log, when asked: one file per tracker, imported on use."""
