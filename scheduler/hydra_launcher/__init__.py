"""A third face: the multirun of a Hydra application as jobs. Hydra finds it by way of hydra_plugins/exp_queue_launcher; no other
room imports hydra, and only Hydra imports this one."""
