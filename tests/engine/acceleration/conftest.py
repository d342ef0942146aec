"""Models are built as configs of MMAction2 are."""

import pytest
from mmengine.registry import init_default_scope


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmaction')
