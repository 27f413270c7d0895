"""What Hydra knows of the launcher."""

from __future__ import annotations

import pytest


def test_the_class_of_its_settings_has_a_name_that_nobody_else_has() -> None:
    """Hydra pickles it with every configuration; by a name in `scheduler` it would not be found beside an own scheduler.py."""
    pytest.importorskip("hydra", reason="the extra `hydra` is not installed")
    pytest.importorskip("hydra_plugins.exp_queue_launcher")
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    node = ConfigStore.instance().load("hydra/launcher/exp_queue.yaml").node
    kind = OmegaConf.get_type(node)
    assert kind is not None
    assert kind.__module__ == "hydra_plugins.exp_queue_launcher"
    assert node._target_ == "hydra_plugins.exp_queue_launcher.ExpQueueLauncher"
