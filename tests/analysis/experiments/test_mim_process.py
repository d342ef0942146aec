"""What the log of a process says of it: how to end it, and why it failed."""

import os
import platform
import re
import subprocess
import sys

import pytest

from tpn_tsn_plugin.analysis.experiments.mim_process import run_mim
from tpn_tsn_plugin.analysis.experiments.shared_work import BusyError
from tpn_tsn_plugin.datasets import lock
from tpn_tsn_plugin.errors import ExperimentError

# A run that is killed at once.
KILLED = """
import os, sys
from pathlib import Path
from tpn_tsn_plugin.analysis.experiments.mim_process import run_mim

log_file, sys.executable = Path(sys.argv[1]), sys.argv[2]
kill = lambda: os.kill(os.getpid(), 9)
run_mim('train', [], name='a', log_file=log_file, environment=os.environ, show=kill)
"""


@pytest.fixture
def program(tmp_path):
    """Makes a shell script that can stand in for Python."""

    def write(text):
        path = tmp_path / 'program'
        path.write_text(f'#!/bin/sh\n{text}\n')
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture
def run(tmp_path):
    log_file = tmp_path / 'a.log'
    return lambda: run_mim(
        'train',
        ['config.py'],
        name='a',
        log_file=log_file,
        environment=os.environ,
        show=lambda: None,
    )


def test_what_a_killed_run_has_started_can_be_ended(
    run, program, monkeypatch, repo_root, tmp_path
):
    """The message has the command that ends it, and all that it has started."""
    script = program('sleep 60 & sleep 60')
    path = tmp_path / 'a.log'
    killed = subprocess.run(
        [sys.executable, '-c', KILLED, str(path), script],
        env={**os.environ, 'PYTHONPATH': str(repo_root)},
    )
    assert killed.returncode == -9
    with monkeypatch.context() as patch:
        patch.setattr(lock, 'PATIENCE', 0.1)
        with pytest.raises(BusyError, match='still at work') as busy:
            run()
    host, command = re.search(r'end it \(on (\S+): (.+)\)$', str(busy.value)).groups()
    assert host == platform.node()
    subprocess.run(['bash', '-c', command], check=True)
    with path.open('a') as log:
        assert lock.acquire(log.fileno())


@pytest.mark.parametrize(
    ('printed', 'reason'),
    [
        ('Traceback\nValueError: new\nsubprocess.CalledProcessError: x', 'or: new'),
        ('Killed', 'failed: Killed'),
        ('', 'failed: it printed nothing'),
    ],
)
def test_an_error_of_an_earlier_run_is_not_shown(
    run, program, monkeypatch, tmp_path, printed, reason
):
    (tmp_path / 'a.log').write_text('$ train\nValueError: old\n')
    monkeypatch.setattr(sys, 'executable', program(f'echo "{printed}"; exit 3'))
    with pytest.raises(ExperimentError, match=reason) as error:
        run()
    assert 'old' not in str(error.value)


def test_a_log_begins_with_the_command(run, program, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, 'executable', program('exit 0'))
    run()
    text = (tmp_path / 'a.log').read_text()
    pattern = (
        r'\$ \S+program -m mim train mmaction config.py  # process group \d+ on \S+\n'
    )
    assert re.fullmatch(pattern, text)
