"""Python functions over Spark Connect and what they give, on real Spark (recorded) or on Sluice.

answers(spark) runs every case and gives {name: answer}: ["value", ...] or ["error", exception class, condition, SQLSTATE,
last line of the message].
"""
import json
import sys
from pathlib import Path

from pyspark import cloudpickle
from pyspark.errors import PySparkException

ANSWERS = Path(__file__).resolve().parent.parent / "real" / "data" / "python_calls.json"
CASES = {}

# Workers do not have this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def case(function):
    CASES[function.__name__] = function
    return function


def rows(frame):
    return sorted((plain(row) for row in frame.collect()), key=str)


def plain(value):
    if isinstance(value, (bool, int, str, type(None))):
        return value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return repr(value)


def answer(call, spark):
    try:
        return ["value", plain(call(spark))]
    except PySparkException as error:
        text = str(error).split("JVM stacktrace")[0].strip().splitlines()
        if type(error).__name__ == "PickleException":
            return "an object"
        # The plan below the message of an AnalysisException is the engine's own.
        return ["error", type(error).__name__, error.getCondition(), error.getSqlState(), text[-1] if error.getCondition() is None else ""]


def answers(spark, only=None):
    return {name: answer(call, spark) for name, call in CASES.items() if only is None or name in only}


def write(found):
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


# They add themselves to CASES.
from support import python_group_calls, python_state_calls, python_stream_calls, python_udf_calls  # noqa: E402,F401
