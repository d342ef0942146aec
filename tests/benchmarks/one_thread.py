"""How a measurement on one thread of the CPU begins and ends."""

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import torch
from mmengine.registry import init_default_scope

import tpn_tsn_plugin
from tpn_tsn_plugin.analysis.benchmark.machine import describe_machine


def use_one_thread() -> None:
    """Take one thread for all that is measured, and MMAction2's registries."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    tpn_tsn_plugin.register()
    init_default_scope('mmaction')


def keep(path: Path | None, *, device: str = 'cpu', **figures: Any) -> None:
    """Say on which machine all was measured, and write the figures."""
    machine = describe_machine(device, tpn_tsn_plugin.__version__)
    print(f'\n{machine}')
    if path is not None:
        content = dict(command=' '.join(sys.argv), machine=machine, **figures)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + '\n')
