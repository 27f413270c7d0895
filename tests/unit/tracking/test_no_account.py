"""What a job finds in its environment where there is no account of W&B or SwanLab, and where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.tracking.no_account import SITE, offline

SWANLAB = {"SWANLAB_MODE": "offline", "SWANLAB_LOG_DIR": "/run/swanlog"}
WANDB = {"WANDB_MODE": "offline", "WANDB_DIR": "/run", "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "0.2"}


def found(home: Path, program: str | None = None, **environment: str) -> dict[str, str]:
    return offline({"HOME": str(home), **environment}, "/run", str(home / "work"), program)


def test_without_an_account_all_is_logged_offline_into_the_attempts_directory(tmp_path: Path) -> None:
    """No login prompt, no network, and nothing in the working directory."""
    assert found(tmp_path) == {**WANDB, **SWANLAB}


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_a_wandb_login_is_left_alone(tmp_path: Path, name: str) -> None:
    """Whoever has an account wants his runs there."""
    (tmp_path / name).write_text("machine api.wandb.ai\n  login user\n  password secret\n")
    assert found(tmp_path) == SWANLAB
    assert found(tmp_path, WANDB_BASE_URL="https://own.example.org") == {**WANDB, **SWANLAB}
    assert found(tmp_path / "nobody", NETRC=str(tmp_path / name)) == SWANLAB


def test_a_wandb_key_or_mode_in_the_environment_is_left_alone(tmp_path: Path) -> None:
    """Both say what is wanted."""
    assert found(tmp_path, WANDB_API_KEY="secret") == SWANLAB
    assert found(tmp_path, WANDB_MODE="online") == SWANLAB
    assert found(tmp_path, WANDB_MODE="disabled") == SWANLAB


def test_an_offline_mode_without_a_folder_gets_the_attempts_directory(tmp_path: Path) -> None:
    """WANDB_MODE=offline in a .bashrc does not fill every working directory."""
    wandb = {name: value for name, value in WANDB.items() if name != "WANDB_MODE"}
    assert found(tmp_path, WANDB_MODE="offline", WANDB_API_KEY="secret") == {**wandb, **SWANLAB}
    assert "WANDB_DIR" not in found(tmp_path, WANDB_MODE="offline", WANDB_DIR="/mine")
    assert found(tmp_path, WANDB_DIR="/mine")["WANDB_MODE"] == "offline"


def test_a_swanlab_login_is_left_alone(tmp_path: Path) -> None:
    """In the home directory, in the working directory, in the environment."""
    for folder in (tmp_path / ".swanlab", tmp_path / "work/.swanlab", tmp_path / "own"):
        folder.mkdir(parents=True)
        login = folder / ".netrc"
        login.write_text("machine https://api.swanlab.cn\n  login x\n  password secret\n")
        assert found(tmp_path, **({"SWANLAB_ROOT": str(folder)} if folder.name == "own" else {})) == WANDB
        login.unlink()
    assert found(tmp_path, SWANLAB_API_KEY="secret") == WANDB
    assert found(tmp_path, SWANLAB_MODE="online") == WANDB
    assert found(tmp_path, SWANLAB_MODE="local") == {**WANDB, "SWANLAB_LOG_DIR": "/run/swanlog"}
    assert found(tmp_path, SWANLAB_LOG_DIR="/mine") == {**WANDB, "SWANLAB_MODE": "offline"}
    assert found(tmp_path, SWANLAB_LOGDIR="/mine") == {**WANDB, "SWANLAB_MODE": "offline"}


def test_only_a_program_that_uses_swanlab_gets_the_login_that_does_nothing(tmp_path: Path) -> None:
    """The path of all other programs stays as it is; the user's own comes behind ours."""
    (tmp_path / "a.py").write_text("import swanlab\nswanlab.login()\n")
    (tmp_path / "b.py").write_text("import torch\n")
    assert found(tmp_path, str(tmp_path / "a.py"))["PYTHONPATH"] == str(SITE)
    assert found(tmp_path, str(tmp_path / "a.py"), PYTHONPATH="/x:/y")["PYTHONPATH"] == f"{SITE}:/x:/y"
    assert "PYTHONPATH" not in found(tmp_path, str(tmp_path / "b.py"))
    assert "PYTHONPATH" not in found(tmp_path, str(tmp_path / "missing.py"))
