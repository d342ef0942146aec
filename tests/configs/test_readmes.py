"""The README of a folder names its configs, and states the parameters of the models."""

import re
from functools import cache
from pathlib import Path

import pytest
import torch

from tpn_tsn_plugin.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# A row of a table of sizes: config, input of a view, parameters. Names that stand for
# configs in other tables have no underscore.
SIZE = r'^\| `([\w.-]+_[\w.-]+)` \| [^|]+ \| ([\d.]+) M \|'


@cache
def readme(folder):
    return (folder / 'README.md').read_text(encoding='utf-8')


def stated(folder):
    return re.findall(SIZE, readme(folder), re.MULTILINE)


def test_config_is_linked(tpn_path):
    assert f']({tpn_path.name})' in readme(tpn_path.parent)


def test_size_is_stated(tpn_path):
    assert tpn_path.stem in dict(stated(tpn_path.parent))


@pytest.mark.parametrize('folder', ['demo', 'tpn', 'tsn', 'two_stream'])
def test_links_lead_somewhere(folder):
    targets = re.findall(r'\]\(([^)#:]+)\)', readme(CONFIGS / folder))
    assert targets
    assert [to for to in targets if not (CONFIGS / folder / to).exists()] == []


@pytest.mark.parametrize(
    ('folder', 'name', 'millions'),
    [(f, *row) for f in ('tpn', 'two_stream') for row in stated(CONFIGS / f)],
)
def test_parameters_are_those_of_the_model(folder, name, millions, read):
    with torch.device('meta'):
        model = MODELS.build(read(CONFIGS / folder / f'{name}.py').model)
    assert millions == f'{sum(p.numel() for p in model.parameters()) / 1e6:.2f}'
