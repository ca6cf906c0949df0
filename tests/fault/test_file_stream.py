"""A stream from a folder to a folder whose process dies in the middle of durable writes: every row is there once."""
import json
import os
import subprocess
from pathlib import Path

import pytest

FILES = 12


@pytest.mark.parametrize("where", ["short", "before-rename", "rename"])
def test_each_row_once_whatever_write_is_cut(build, tmp_path, where):
    (tmp_path / "in").mkdir()
    for i in range(FILES):
        path = tmp_path / "in" / f"{i:02}.json"
        path.write_text(json.dumps({"a": i}) + "\n")
        os.utime(path, (1_700_000_000 + i,) * 2)
    command = [str(Path(build) / "bin" / "driver_files"), str(tmp_path)]

    def run(**env):
        return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=120)

    # Metadata, then for each batch the source's log, offsets, the sink's log, commits: each run dies one write further on.
    died = 0
    for turn in range(200):
        done = run(SLUICE_FAULT_WRITE=f"{1 + turn % 5}:{where}")
        if done.returncode == 0:
            break
        assert done.returncode == 137, done.stderr
        died += 1
    assert died >= FILES
    done = run()
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == FILES
    listed = {}
    logs = sorted((tmp_path / "out" / "_spark_metadata").iterdir(), key=lambda p: p.name)
    for log in logs:
        if not log.name.startswith("."):
            for line in log.read_text().splitlines()[1:]:
                listed[json.loads(line)["path"].removeprefix("file://")] = None
    rows = sorted(json.loads(line)["a"] for path in listed for line in Path(path).read_text().splitlines())
    assert rows == list(range(FILES))
