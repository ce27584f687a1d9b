"""The compiler and its predictions of the three cases, made once for all tests, two at a time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.infra import compiler as bicep
from tests.infra.compiler import CASES, Compiler
from tests.infra.prediction import Prediction


@pytest.fixture(scope="session")
def compiler() -> Compiler:
    """The Bicep compiler of this machine."""
    return bicep.find()


@pytest.fixture(scope="session")
def predictions(compiler: Compiler, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Prediction]:
    """What each case would create, as the compiler predicts it now."""
    infra = bicep.copy_of_infra(tmp_path_factory.mktemp("predicted"))

    def predict(case: str) -> Prediction:
        return Prediction(case, compiler.predict(infra, case))

    with ThreadPoolExecutor(max_workers=2) as pool:
        return {made.case: made for made in pool.map(predict, CASES)}


@pytest.fixture(params=CASES)
def predicted(request: pytest.FixtureRequest, predictions: dict[str, Prediction]) -> Prediction:
    """One case after the other."""
    return predictions[request.param]


@pytest.fixture
def infra_copy(tmp_path: Path) -> Path:
    """A copy of the folder `infra` to change."""
    return bicep.copy_of_infra(tmp_path)
