"""An installed Sluice serves another project, and its command runs, out of a folder of its own."""
import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "project"


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", build, "--prefix", folder)
    return folder


def test_another_project_builds_and_runs(prefix, tmp_path):
    run("cmake", "-S", PROJECT, "-B", tmp_path, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path)
    assert run(tmp_path / "outside") == "struct<id:bigint,tags:array<string>>\n"


def test_command_runs(prefix):
    assert "0.1.0" in run(prefix / "bin" / "sluice", "version")


def test_nothing_points_into_the_build_tree(prefix):
    for path in (prefix / "bin" / "sluice", *(prefix / "lib").rglob("libsluice.so")):
        dynamic = run("readelf", "-d", path)
        assert str(Path(__file__).resolve().parents[2]) not in dynamic, dynamic


def test_public_headers_stand_alone(prefix, tmp_path):
    """Each installed header compiles by itself, without any third-party header."""
    for header in sorted((prefix / "include" / "sluice").glob("*.h")):
        source = tmp_path / f"{header.stem}.cc"
        source.write_text(f"#include <sluice/{header.name}>\n")
        run(os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", f"-I{prefix / 'include'}", source)
