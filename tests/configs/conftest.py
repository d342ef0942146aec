"""Every config of the repository as a test parameter, and what is read off a config."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from view_shapes import backbones

ROOT = Path(__file__).resolve().parents[2]
# families of experiments are no configs for a runner
CONFIGS = sorted(
    p for p in ROOT.glob('configs/[!_]*/*.py') if p.parent.name != 'ablations'
)
READ: dict[Path, Config] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Configs by parameter: of one stream, of two; those of tpn/, pyramids or plain."""
    tpn = [path for path in CONFIGS if path.parent.name == 'tpn']
    two = [path for path in CONFIGS if path.name.startswith('two-stream-')]
    for name, paths in (
        ('config_path', [path for path in CONFIGS if path not in two]),
        ('two_stream_path', two),
        ('tpn_path', tpn),
        ('pyramid_path', [path for path in tpn if path.name.startswith('tpn-')]),
        ('plain_path', [path for path in tpn if not path.name.startswith('tpn-')]),
    ):
        if name in metafunc.fixturenames:
            ids = [f'{path.parent.name}/{path.stem}' for path in paths]
            metafunc.parametrize(name, paths, ids=ids)


@pytest.fixture(autouse=True)
def _mmaction_scope() -> None:
    init_default_scope('mmaction')


@pytest.fixture(scope='session')
def read():
    """Reads a config once, without pretrained weights; copy before changing it."""

    def read_once(path: Path | str) -> Config:
        path = ROOT / 'configs' / path
        if path not in READ:
            READ[path] = read_without_weights(path)
        return READ[path]

    return read_once


def read_without_weights(path: Path) -> Config:
    config = Config.fromfile(path)
    for backbone in backbones(config).values():
        if 'pretrained' in backbone and not backbone.type.startswith('mmpretrain.'):
            backbone.pretrained = None
    return config
