"""Wrong use of `tpn-tsn demo` is refused before anything is made."""

import pytest
from click.testing import CliRunner

from tpn_tsn_plugin.cli.main import cli


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--models', 'tpn,foo'], "'foo' is not one of slowonly, slowonly-wide, tpn"),
        (['--seeds', '0,a'], "must be whole numbers like 0,1,2, got '0,a'"),
        (['--cfg-options', 'epochs'], "must be KEY=VALUE, got 'epochs'"),
    ],
)
def test_wrong_use(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ['demo', 'out', *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []
