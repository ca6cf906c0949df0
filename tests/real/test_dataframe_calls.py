"""PySpark's DataFrame, Column, GroupedData and Catalog through Spark Connect: every call of data/dataframe_calls.txt answers
as real Spark did (schema and rows, values, printed text, or the error's condition), or is refused by name."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import dataframe_calls

SPARK = json.loads(dataframe_calls.ANSWERS.read_text())

# What Sluice does not have: refused with UNSUPPORTED_FEATURE.
REFUSED = {
    'people.repartitionById(2, F.col("id")).count() if hasattr(people, "repartitionById") else 5',
}
# Fails in both; Spark's error is a plain IllegalArgumentException without a condition.
OTHER_ERROR = {'nums.corr("i", "s")', 'nums.approxQuantile("s", [0.5], 0.0)'}


@pytest.fixture(scope="module")
def answers(sluice, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calls")
    settings = ["spark.sql.session.timeZone=UTC", "spark.sql.shuffle.partitions=2"]
    server = subprocess.Popen([sluice, "server", "--port", "0", *(word for s in settings for word in ("--conf", s))],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder)
    try:
        url = next(word for word in server.stdout.readline().split() if word.startswith("sc://"))
        environment = {**os.environ, "TZ": "UTC", "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        client = subprocess.run([sys.executable, "-m", "support.dataframe_calls", url], env=environment, cwd=folder,
                                capture_output=True, text=True, timeout=600)
        assert client.returncode == 0, client.stderr[-4000:]
        assert server.poll() is None, "the server ended"
        return json.loads(client.stdout)
    finally:
        server.terminate()
        server.wait(30)


def test_every_call_has_an_answer_of_spark():
    assert list(dataframe_calls.calls()) == list(SPARK)


@pytest.mark.parametrize("call", dataframe_calls.calls())
def test_call(answers, call):
    if call in REFUSED:
        assert answers[call]["error"] == "UNSUPPORTED_FEATURE" and answers[call]["feature"]
    elif call in OTHER_ERROR:
        assert "error" in answers[call]
    else:
        assert answers[call] == SPARK[call]
