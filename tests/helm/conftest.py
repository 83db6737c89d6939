import shutil

import pytest


@pytest.fixture
def helm() -> str:
    """Helm's path. It is no package of Debian's, and to build it takes minutes: the workflows' machines have it."""
    path = shutil.which("helm")
    if path is None:
        pytest.skip("helm is missing: the chart is checked without being rendered")
    return path
