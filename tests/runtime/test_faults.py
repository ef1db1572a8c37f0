"""Storms, kills and stops. Kills and stops are fewer here; ``pytest --full`` runs them as they are meant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "faults"
MODES = ("lease", "transactional")


def run(script: str, folder: Path, *words: object) -> dict[str, Any]:
    """What a script of ``faults`` reports. It prints its figures, so that ``-rP`` shows them."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / script, folder, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    print(script, *words, found)
    return found


@pytest.mark.parametrize(("durability", "share"), [("normal", 1), ("full", 10)])
@pytest.mark.parametrize("mode", MODES)
def test_a_storm_of_duplicates(mode: str, durability: str, share: int, tmp_path: Path) -> None:
    found = run("storm.py", tmp_path, mode, durability, 2000 // share, 5, 8)
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert found["again"] == ["duplicate"]
    assert set(found["answers"]) <= {"200 succeeded", "200 duplicate", "409 in_progress", "503 store_unavailable"}


@pytest.mark.parametrize("mode", MODES)
def test_of_all_that_race_for_an_event_one_wins(mode: str, tmp_path: Path) -> None:
    number = 1000
    found = run("barrier.py", tmp_path, mode, "normal", number, 8)
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert found["outcomes"]["succeeded"] == number


@pytest.mark.parametrize(("durability", "share"), [("normal", 1), ("full", 5)])
@pytest.mark.parametrize("mode", MODES)
def test_killed_at_every_step(mode: str, durability: str, share: int, tmp_path: Path, full: bool) -> None:
    found = run("kills.py", tmp_path, mode, durability, (50 if full else 10) // share)
    assert found["kills"] == found["steps"] * ((50 if full else 10) // share)
    assert found["lost"] == []
    assert found["unexplained"] == []
    assert found["backwards"] == 0
    assert found["again"] == ["duplicate"]
    assert bool(found["doubled"]) == (mode == "lease")


@pytest.mark.parametrize("mode", MODES)
def test_stopped_for_longer_than_a_lease(mode: str, tmp_path: Path, full: bool) -> None:
    number = 200 if full else 40
    found = run("zombies.py", tmp_path, mode, "normal", number)
    assert (found["zombies"], found["lost"], found["accepted"], found["tripled"]) == (number, 0, 0, 0)
    assert found["again"] == ["duplicate"]
    if mode == "lease":
        assert found["replies"] == {"lease_lost": number}
    else:
        assert found["doubled"] == 0


def test_every_operation_is_executed_once(tmp_path: Path, full: bool) -> None:
    number, kills = (10_000, 500) if full else (2_000, 100)
    found = run("outgoing.py", tmp_path, number, kills, 4)
    assert found["kills"] == kills
    assert (found["missing"], found["doubled"]) == (0, 0)
    assert (found["too_late"], found["sent_after_window"]) == (0, 0)
    assert (found["unhealed"], found["still_unknown"]) == (0, 0)
    assert found["healed"] > 0
    changed = {name: count for name, count in found["refused"].items() if name.startswith("changed")}
    assert set(changed) == {"changed OperationFailed"}
    assert found["refused"]["mismatch"] + changed["changed OperationFailed"] == number
