"""Config groups, composed as Hydra does."""
