"""Fixtures of every pytest under tests/: the real parts, one of each per run, and the built `sluice`."""
import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import parts, spark as real_spark  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent

# Programs this short spend half of a JVM's time in its optimizing compiler. Without it a JVM keeps
# code in 48 MiB, which a session of many queries fills.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC")

# Background jobs of a shell ignore SIGINT, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """The longest files first: one that starts last has the other workers wait for it."""
    items.sort(key=lambda item: "handover" not in item.path.name)


def start(request, part):
    try:
        part.start()
    except parts.Missing as missing:
        pytest.fail(str(missing), pytrace=False)
    request.addfinalizer(part.stop)
    return part


@pytest.fixture(scope="session")
def build():
    """The build folder under test."""
    return Path(os.environ.get("SLUICE_BUILD", ROOT / "build" / "test"))


@pytest.fixture(scope="session")
def sluice(build):
    """Path of the command `sluice`."""
    command = build / "bin" / "sluice"
    if not command.exists():
        pytest.fail(f"{command} is missing: build it, or set SLUICE_BUILD to the build folder", pytrace=False)
    return command


@pytest.fixture(scope="session")
def kafka(request, tmp_path_factory):
    """A broker that all tests share: use topics of your own. For one to stop or kill, start a KafkaBroker."""
    return start(request, parts.KafkaBroker(tmp_path_factory.mktemp("kafka")))


@pytest.fixture(scope="session")
def s3(request, tmp_path_factory):
    return start(request, parts.S3Server(tmp_path_factory.mktemp("s3")))


@pytest.fixture(scope="session")
def rest_catalog(request, tmp_path_factory):
    """A REST catalog over local files."""
    return start(request, parts.RestCatalog(tmp_path_factory.mktemp("rest")))


@pytest.fixture(scope="session")
def spark(request, tmp_path_factory):
    """Real Spark, shared; add catalogs with spark.conf.set before they are first used."""
    try:
        session = real_spark.session(folder=str(tmp_path_factory.mktemp("spark")))
    except parts.Missing as missing:
        pytest.fail(str(missing), pytrace=False)
    request.addfinalizer(session.stop)
    return session
