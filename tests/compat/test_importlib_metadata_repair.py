import re
from importlib import metadata

from tpn_tsn_plugin.compat import importlib_metadata

# None in sys.modules is what Python treats as "not installed".
HIDE = "import sys; sys.modules['importlib_metadata'] = None\n"


def test_host_still_has_the_fault(fresh_python) -> None:
    requirements = metadata.requires('mmaction2') or []
    names = {re.split(r'[ ;<>=!\[(]', text)[0] for text in requirements}
    assert not names & {'importlib_metadata', 'importlib-metadata'}
    done = fresh_python('-c', HIDE + 'import mmaction.utils.dependency')
    fault_is_there = 'importlib_metadata' in done.stderr
    assert fault_is_there, 'compat/importlib_metadata.py can go'


def test_standard_library_stands_in(fresh_python) -> None:
    script = (
        'import tpn_tsn_plugin\n'
        'from mmaction.utils import dependency\n'
        'import importlib.metadata\n'
        'print(dependency.distribution is importlib.metadata.distribution)\n'
    )
    done = fresh_python('-c', HIDE + script)
    assert done.stdout.strip() == 'True', done.stderr


def test_nothing_is_done_where_it_is_installed(monkeypatch) -> None:
    installed = object()
    monkeypatch.setattr('importlib.util.find_spec', lambda name: installed)
    monkeypatch.setattr(importlib_metadata, 'host_file', lambda *_: _Importer())
    assert not importlib_metadata.found()
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    assert importlib_metadata.found()


class _Importer:
    def read_text(self, encoding: str) -> str:
        return 'from importlib_metadata import distribution'
