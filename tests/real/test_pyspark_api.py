"""Every public method of PySpark over Spark Connect: as real Spark, or refused by name. docs/pyspark.md says which."""
import json
from pathlib import Path

import pytest

from support import pyspark_api

METHODS = [f"{name}.{method}" for name, methods in pyspark_api.methods().items() for method in methods]


@pytest.fixture(scope="module")
def found(sluice):
    return pyspark_api.outcomes(pyspark_api.ask(sluice))


def test_every_method_has_a_call_and_an_answer_of_spark():
    assert sorted(METHODS) == sorted(pyspark_api.calls()) == sorted(json.loads(pyspark_api.ANSWERS.read_text()))


@pytest.mark.parametrize("method", METHODS)
def test_method(found, method):
    outcome, about = found[method]
    assert outcome != "differs", about


def test_most_methods_work(found):
    assert pyspark_api.share(found, pyspark_api.COUNTED) >= 0.85


def test_the_table_is_true(found):
    text = Path(pyspark_api.CALLS.parents[3], "docs", "pyspark.md").read_text()
    assert text == pyspark_api.document(found), "tools/pyspark_docs.py writes it anew"
