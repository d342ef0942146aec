"""Damaged and hostile files end in success or in one line, and no code of theirs runs.

``FUZZ_CASES=500 FUZZ_SEED=1 python -m pytest tests/fuzz`` tries 500 of each kind; the
same seed tries the same files.
"""

import os
import signal
import tempfile
import traceback
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, seed, settings
from readers import READERS

from tpn_tsn_plugin.errors import PluginError

CASES = int(os.environ.get('FUZZ_CASES', '30'))
SEED = int(os.environ.get('FUZZ_SEED', '0'))
# What the command line prints in one line.
SELF_EXPLAINING = (PluginError, ValueError, OSError, click.UsageError)
LONGEST = 1500
# Seconds after which a file is one that nothing comes back from.
PATIENCE = 20


class HangError(BaseException):
    """Reading a file does not come to an end."""


def _give_up(*_):
    raise HangError


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A working folder, and an alarm clock that nothing else uses."""
    monkeypatch.chdir(tmp_path)
    before = signal.signal(signal.SIGALRM, _give_up)
    yield tmp_path
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize('reader', READERS, ids=lambda reader: reader.name)
def test_success_or_one_line(reader, scratch):
    tried, wanted = 0, round(CASES * reader.share)

    @seed(SEED)
    @settings(
        max_examples=wanted,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(content=reader.cases())
    def check(content):
        nonlocal tried
        tried += 1
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            path = reader.put(Path(folder), content)
            signal.alarm(PATIENCE)
            try:
                reader.read(path)
            except SELF_EXPLAINING as error:
                require_one_line(error, folder if reader.names_file else '')
            finally:
                signal.alarm(0)
            assert not Path('ran').exists()

    check()
    assert tried >= wanted


def require_one_line(error, folder):
    """Require an error that can be acted on: one line, with the name of the file."""
    text = error.message if isinstance(error, click.UsageError) else str(error)
    assert text.isprintable(), repr(text)
    assert len(text) < LONGEST
    assert folder in text, f'{text} ({traceback.format_exc()})'


@pytest.mark.parametrize('reader', READERS, ids=lambda reader: reader.name)
def test_valid_files_are_read(reader, scratch):
    for number, content in enumerate(reader.valid):
        folder = scratch / str(number)
        folder.mkdir()
        reader.read(reader.put(folder, content))
