"""What follows the import of another module."""

import sys
from importlib import import_module

import pytest

from tpn_tsn_plugin.import_hook import after_import


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Name and file of a module that nobody has imported."""
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / 'imported_later.py'
    path.write_text('value = 3\n')
    before = list(sys.meta_path)
    yield path.stem, path
    sys.modules.pop(path.stem, None)
    sys.meta_path[:] = before


def test_called_once_when_the_module_is_whole(module):
    name, _ = module
    seen = []
    after_import(name, lambda: seen.append(sys.modules[name].value))
    finders = len(sys.meta_path)
    import_module('json')
    assert seen == []
    import_module(name)
    assert seen == [3]
    assert len(sys.meta_path) == finders - 1
    del sys.modules[name]
    import_module(name)
    assert seen == [3]


def test_called_at_once_for_what_is_there(module):
    name, _ = module
    import_module(name)
    seen = []
    after_import(name, lambda: seen.append(1))
    assert seen == [1]


def test_an_import_that_fails_may_be_tried_again(module):
    name, path = module
    path.write_text('raise ImportError("broken")\n')
    seen = []
    after_import(name, lambda: seen.append(1))
    with pytest.raises(ImportError, match='broken'):
        import_module(name)
    assert seen == []
    path.write_text('value = 4  # mended\n')
    import_module(name)
    assert seen == [1]
