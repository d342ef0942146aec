import pytest
from mmaction.registry import MODELS

from tpn_tsn_plugin.compat import drn
from tpn_tsn_plugin.errors import MissingDependencyError

IMPORT_ERROR = "No module named 'mmaction.models.localizers.drn'"


def test_host_still_has_the_fault(fresh_python) -> None:
    done = fresh_python('-c', 'import mmaction.models')
    assert IMPORT_ERROR in done.stderr, 'compat/drn.py can go'


def test_found_on_this_host() -> None:
    assert drn.found()


@pytest.mark.parametrize('missing', ['drn/drn.py', '__init__.py'])
def test_not_found_with_the_module_or_without_mmaction(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    for name in {'drn/drn.py', '__init__.py'} - {missing}:
        path = tmp_path / 'models' / 'localizers' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('from .drn.drn import DRN\n')

    def host_file(package: str, relative: str):
        path = tmp_path / relative
        return path if path.is_file() else None

    monkeypatch.setattr(drn, 'host_file', host_file)
    # Only the importer without the module is a fault.
    assert drn.found() is (missing == 'drn/drn.py')


def test_building_drn_names_the_issue() -> None:
    with pytest.raises(MissingDependencyError, match=r'mmaction2 issue 2714') as caught:
        MODELS.build({'type': 'DRN', 'vocab_size': 3})
    assert '\n' not in str(caught.value)


def test_works_after_a_failed_import(fresh_python) -> None:
    script = (
        'try:\n'
        '    import mmaction.models\n'
        'except ModuleNotFoundError:\n'
        "    print('failed first')\n"
        'import tpn_tsn_plugin\n'
        'import mmaction.models\n'
        'from mmaction.registry import MODELS\n'
        'print(mmaction.models.backbones.ResNet is MODELS.get("ResNet"))\n'
        'print(MODELS.get("TPN").__name__, mmaction.models.localizers.bmn.__name__)\n'
    )
    done = fresh_python('-c', script)
    assert done.stdout.splitlines() == [
        'failed first',
        'True',
        'TPN mmaction.models.localizers.bmn',
    ], done.stderr
