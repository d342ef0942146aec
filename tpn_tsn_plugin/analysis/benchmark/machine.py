"""Where figures were measured: machine, versions, commit."""

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import cv2
import mmaction
import mmengine
import torch

from tpn_tsn_plugin.datasets.workers import available_cores

# From this load on, other programs take time from what is measured.
BUSY = 0.5


def describe_machine(device: str, plugin_version: str) -> dict[str, Any]:
    """Processor, graphics card, threads, versions and commit, as plain values.

    Args:
        device: Where models run; a graphics card is named only with ``'cuda'``.
        plugin_version: Version of this plugin.
    """
    cores = available_cores()
    described: dict[str, Any] = dict(
        cpu=_processor(), cores=cores, threads=torch.get_num_threads()
    )
    if device == 'cuda':
        described['gpu'] = torch.cuda.get_device_name()
    if hasattr(os, 'getloadavg'):
        described['load_before'] = round(os.getloadavg()[0], 2)
    versions = dict(
        python=platform.python_version(),
        torch=torch.__version__,
        opencv=cv2.__version__,
        mmengine=mmengine.__version__,
        mmaction2=mmaction.__version__,
        tpn_tsn_plugin=plugin_version,
    )
    return dict(described, versions=versions, commit=_commit())


def is_busy(machine: dict[str, Any]) -> bool:
    """Whether other programs kept much of the machine busy before the start."""
    return bool(machine.get('load_before', 0) > BUSY * machine['cores'])


def _processor() -> str:
    """The processor's name where the system tells it."""
    try:
        text = Path('/proc/cpuinfo').read_text(errors='replace')
    except OSError:
        text = ''
    named = re.search(r'^model name\s*:\s*(.+)$', text, re.MULTILINE)
    return named[1].strip() if named else platform.processor() or platform.machine()


def _commit() -> str | None:
    """The plugin's commit, with ``-dirty`` where files differ; None outside a checkout.

    An installed package may lie inside another project's checkout, which does not track
    it.
    """
    git = ['git', '-C', str(Path(__file__).parent)]
    name = Path(__file__).name
    commands = [
        [*git, 'ls-files', '--error-unmatch', name],
        [*git, 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'],
    ]
    answer = ''
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
        answer = done.stdout.strip()
    return answer
