"""Lets PySpark programs run unchanged on the engine that `sluice submit` or `sluice pyspark` has started.

Python imports this before the program. SPARK_REMOTE names the engine; pyspark refuses .master() beside it and has no
SparkContext there, so both get the meaning they have here once pyspark is imported.
"""
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import threading


def _accept_master(module):
    """.master("local[3]") goes to the engine as a setting of the session."""
    builder = module.SparkSession.Builder
    check = builder._validate_startup_urls

    def check_without_master(self):
        remote = self._options.get("spark.remote", os.environ.get("SPARK_REMOTE"))
        if remote and remote == os.environ.get("SLUICE_REMOTE") and "spark.master" in self._options:
            self._options["sluice.master"] = self._options.pop("spark.master")
        check(self)

    builder._validate_startup_urls = check_without_master


class _SparkContext:
    """The few things that programs written for a SparkContext ask of it when they only use SQL and streams."""

    def __init__(self, session):
        self._session = session

    def setLogLevel(self, level):  # noqa: N802
        self._session.conf.set("sluice.log.level", str(level).lower())

    @property
    def appName(self):  # noqa: N802
        return self._session.conf.get("spark.app.name")

    @property
    def master(self):
        return self._session.conf.get("spark.master")

    @property
    def version(self):
        return self._session.version

    def stop(self):
        self._session.stop()

    def __getattr__(self, name):
        from pyspark.errors import PySparkAttributeError

        raise PySparkAttributeError(
            errorClass="JVM_ATTRIBUTE_NOT_SUPPORTED", messageParameters={"attr_name": "sparkContext." + name})


def _offer_context(module):
    module.SparkSession.sparkContext = property(_SparkContext)


_CHANGES = {"pyspark.sql.session": _accept_master, "pyspark.sql.connect.session": _offer_context}


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        change = _CHANGES.pop(name, None)
        if change is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                change(module)

            spec.loader.exec_module = exec_module
        return spec


class _Missing(importlib.abc.MetaPathFinder):
    """Asked last: says what to do about a Python without pyspark."""

    def find_spec(self, name, path, target=None):
        if name == "pyspark":
            raise ModuleNotFoundError(
                f"{sys.executable} has no pyspark: install pyspark[connect] or pyspark-client for it, or name another Python with PYSPARK_PYTHON",
                name=name)
        return None


def _end_after_interrupt():
    """KeyboardInterrupt may come while grpc holds a lock of its own; Python would then wait for grpc's threads for ever."""
    show = sys.excepthook

    def show_and_end(kind, value, traceback):
        show(kind, value, traceback)
        if issubclass(kind, KeyboardInterrupt):
            timer = threading.Timer(3, os._exit, (130,))
            timer.daemon = True
            timer.start()

    sys.excepthook = show_and_end


def _run_next():
    """The sitecustomize that this one hides."""
    here = os.path.dirname(os.path.abspath(__file__))
    others = [p for p in sys.path if os.path.abspath(p or os.curdir) != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if os.environ.get("SLUICE_REMOTE"):
    sys.meta_path.insert(0, _Finder())
    sys.meta_path.append(_Missing())
    _end_after_interrupt()
_run_next()
