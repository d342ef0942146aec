"""Fixtures that every test may use: places, seeds, and the plugin as installed."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import cv2  # noqa: F401  (first: after decord it finds another zlib, and reads no PNG)
import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
# what a wheel is built from, and the tests, which must stay out of it
SOURCES = ('setup.py', 'README.md', 'LICENSE', 'tpn_tsn_plugin', 'configs', 'tests')

# The tests' tensors are small: more threads cost time, and change rounding.
torch.set_num_threads(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of ``every_switch.py``."""
    parser.addoption(
        '--every-switch', action='store_true', help='test with all fast paths on'
    )


def pytest_configure(config: pytest.Config) -> None:
    """Treat all models that are made, if asked for."""
    if config.getoption('--every-switch'):
        from every_switch import switch_on

        switch_on()


@pytest.fixture(autouse=True)
def _seed_everything() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(scope='session')
def repo_root() -> Path:
    """Top of the source tree."""
    return ROOT


@pytest.fixture(scope='session')
def media_dir() -> Path:
    """Folder of real video clips beside the source tree; skips where it is missing."""
    folder = ROOT.parent / 'shared' / 'media'
    if not folder.is_dir():
        pytest.skip(f'needs the folder of real clips {folder}')
    return folder


@pytest.fixture(scope='session')
def source_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy of what is packaged, so that building leaves nothing in the source tree."""
    copy = tmp_path_factory.mktemp('source')
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, symlinks=True)
        elif source.is_file():
            shutil.copy2(source, copy / name)
    # Python leaves such folders anywhere; they must stay out of the wheel as well
    leftover = copy / 'configs' / '__pycache__'
    leftover.mkdir(exist_ok=True)
    (leftover / 'left.cpython-311.pyc').touch()
    return copy


@pytest.fixture(scope='session')
def built_wheel(source_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a wheel built from the source tree, without network."""
    folder = tmp_path_factory.mktemp('wheel')
    # fmt: off
    run_python(
        '-m', 'pip', 'wheel', str(source_copy), '--no-deps', '--no-build-isolation',
        '--no-index', '--quiet', '--wheel-dir', str(folder),
    )
    # fmt: on
    (wheel,) = folder.glob('*.whl')
    return wheel


@pytest.fixture(scope='session')
def installed_plugin(built_wheel: Path, tmp_path_factory: pytest.TempPathFactory):
    """Folder into which the wheel, and nothing of the source tree, is installed.

    Put it on ``PYTHONPATH`` of a subprocess (see ``installed_env``): imports and
    ``mim`` then find the plugin there, whatever else is installed.
    """
    folder = tmp_path_factory.mktemp('site')
    # fmt: off
    run_python(
        '-m', 'pip', 'install', str(built_wheel), '--no-deps', '--no-index', '--quiet',
        '--target', str(folder),
    )
    # fmt: on
    return folder


@pytest.fixture(scope='session')
def installed_env(installed_plugin: Path) -> dict[str, str]:
    """Environment of a subprocess that sees the installed plugin, on one thread."""
    return {
        **os.environ,
        'PYTHONPATH': str(installed_plugin),
        'OMP_NUM_THREADS': '1',
    }


def run_python(*arguments: str) -> None:
    """Run this Python with ``arguments``; a failure shows what was printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f'{arguments} failed:\n{done.stdout}\n{done.stderr}')
