"""Fresh Python processes, with and without the plugin's repairs."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tpn_tsn_plugin

PythonRun = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fresh_python(tmp_path: Path) -> PythonRun:
    """Run this Python in an empty folder, without a GPU, on one thread."""
    environment = {
        **os.environ,
        'PYTHONPATH': str(Path(tpn_tsn_plugin.__file__).parents[1]),
        'PYTHONWARNINGS': 'ignore',
        'CUDA_VISIBLE_DEVICES': '',
        'OMP_NUM_THREADS': '1',
    }

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
