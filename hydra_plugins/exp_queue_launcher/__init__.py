"""Where Hydra looks for plugins: `python app.py -m hydra/launcher=exp_queue lr=1,2`. All else is in scheduler.hydra_launcher."""

import exp_queue  # noqa: F401, I001 (first: beside a scheduler.py of the application's own this finds ours)
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore

from scheduler.hydra_launcher import launcher
from scheduler.hydra_launcher.returning import Returning


@dataclass
class Settings(launcher.Settings):
    """Hydra pickles configurations: by this name the class is found beside any scheduler.py."""


class ExpQueueLauncher(launcher.Launching):
    """Hydra takes launchers of this namespace only."""


class Returned(Returning):
    """The callback that each job is started with."""


ConfigStore.instance().store(group="hydra/launcher", name="exp_queue", node=Settings, provider="exp_queue_launcher")
