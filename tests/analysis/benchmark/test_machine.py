"""Where a measurement was taken."""

import re
import shutil
import subprocess

import pytest

from tpn_tsn_plugin.analysis.benchmark import machine
from tpn_tsn_plugin.analysis.benchmark.machine import describe_machine, is_busy


def test_machine_of_these_tests():
    described = describe_machine('cpu', '1.2.3')
    assert described['cpu']
    assert described['cores'] >= 1
    assert described['versions']['tpn_tsn_plugin'] == '1.2.3'
    assert described['versions']['mmaction2'].startswith('1.')
    assert 'gpu' not in described


@pytest.mark.skipif(shutil.which('git') is None, reason='needs git')
def test_commit_only_where_the_plugin_is_tracked(tmp_path, monkeypatch):
    file = tmp_path / 'lib' / 'machine.py'
    file.parent.mkdir()
    file.write_text('1')
    monkeypatch.setattr(machine, '__file__', str(file))
    assert machine._commit() is None

    def git(*arguments):
        names = ['-c', 'user.name=a', '-c', 'user.email=a@b.c']
        command = ['git', '-C', str(tmp_path), *names, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git('init')
    git('commit', '--allow-empty', '--message', 'a')
    # somebody else's checkout
    assert machine._commit() is None
    git('add', '.')
    git('commit', '--message', 'a')
    assert re.fullmatch(r'[0-9a-f]{12}', machine._commit())
    file.write_text('2')
    assert re.fullmatch(r'[0-9a-f]{12}-dirty', machine._commit())


@pytest.mark.parametrize(('load', 'busy'), [(0.9, False), (1.1, True)])
def test_busy_machine(load, busy):
    assert is_busy(dict(load_before=load, cores=2)) == busy
    assert not is_busy(dict(cores=2))
