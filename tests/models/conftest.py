"""Models are built by name, as a runner builds them."""

import pytest
from mmengine.registry import init_default_scope


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')
