import pytest
from mmengine.runner.checkpoint import CheckpointLoader

from tpn_tsn_plugin import compat


def test_reports_every_repair() -> None:
    repairs = [*compat.REPAIRS, *compat.DATA_REPAIRS]
    compat.apply(compat.DATA_REPAIRS)
    reports = compat.reports()
    assert [report.name for report in reports] == [r.name for r in repairs]
    assert all(report.upstream for report in reports)


def test_second_call_changes_nothing() -> None:
    before = vars(CheckpointLoader)['load_checkpoint']
    first = compat.apply()
    assert compat.apply() == first == compat.reports()
    assert vars(CheckpointLoader)['load_checkpoint'] is before


@pytest.mark.parametrize('has_fault', [True, False])
def test_repairs_what_is_found_once(
    has_fault: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    repair = compat.Repair(
        name='toy fault',
        upstream='toy issue 1',
        effect='nothing',
        found=lambda: has_fault,
        repair=lambda: calls.append('repaired'),
    )
    monkeypatch.setattr(compat, '_reports', {})
    for _ in range(2):
        (report,) = compat.apply([repair])
        assert report.found is has_fault
        assert report.repaired is has_fault
    assert calls == ['repaired'] * has_fault


def test_import_is_silent(fresh_python) -> None:
    done = fresh_python('-c', 'import tpn_tsn_plugin')
    assert (done.returncode, done.stdout) == (0, ''), done.stderr


def test_log_names_each_repair_once(fresh_python) -> None:
    script = (
        'from mmengine.logging import MMLogger\n'
        "MMLogger.get_instance('test', log_level='DEBUG')\n"
        'from tpn_tsn_plugin import compat\n'
        'compat.apply()\n'
        'import tpn_tsn_plugin.datasets\n'
    )
    done = fresh_python('-c', script)
    for report in compat.reports():
        assert done.stdout.count(report.name) == int(report.repaired), done.stdout
