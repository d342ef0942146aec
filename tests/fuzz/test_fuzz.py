"""Damaged and hostile files end in success or in one line, and no code of theirs runs.

``FUZZ_CASES=2000 python -m pytest tests/fuzz`` tries as many of each kind.
"""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from mutations import damaged
from readers import READERS

from tpn_tsn_plugin.errors import PluginError

CASES = int(os.environ.get('FUZZ_CASES', '60'))
# What the command line prints in one line.
SELF_EXPLAINING = (PluginError, ValueError, OSError)
LONGEST = 1500


@pytest.mark.parametrize('reader', READERS, ids=lambda reader: reader.name)
def test_success_or_one_line(reader):
    outcomes = {True: 0, False: 0}

    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        derandomize=CASES < 100,
        suppress_health_check=list(HealthCheck),
    )
    @given(content=damaged(reader.seeds))
    def check(content):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            path = Path(folder) / reader.name
            path.write_bytes(content)
            try:
                reader.read(path)
                outcomes[True] += 1
            except SELF_EXPLAINING as error:
                text = str(error)
                assert text
                assert len(text.splitlines()) == 1, text
                assert len(text) < LONGEST
                outcomes[False] += 1
            assert not Path('ran').exists()
            os.chdir('/')

    start = Path.cwd()
    try:
        check()
    finally:
        os.chdir(start)
    # Both happen, or the seeds are wrong.
    assert outcomes[True] + outcomes[False] >= CASES


@pytest.mark.parametrize('reader', READERS, ids=lambda reader: reader.name)
def test_valid_files_are_read(reader, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, seed in enumerate(reader.seeds):
        if b'ran' in seed:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / reader.name).write_bytes(seed)
        reader.read(folder / reader.name)
