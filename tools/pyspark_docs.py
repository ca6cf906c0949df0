#!/usr/bin/env python3
"""Write docs/pyspark.md from what the built command answers to a call of each of PySpark's methods.

usage: build/deps/venv/bin/python tools/pyspark_docs.py [build/test]
"""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support import pyspark_api  # noqa: E402


def main():
    build = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "test")
    found = pyspark_api.outcomes(pyspark_api.ask(build / "bin" / "sluice"))
    for method, (outcome, about) in found.items():
        if outcome == "differs":
            print(f"{method} differs: {about}")
    (ROOT / "docs" / "pyspark.md").write_text(pyspark_api.document(found))
    print(f"{pyspark_api.share(found, pyspark_api.COUNTED):.1%} of {len(found)} methods' counted part")


if __name__ == "__main__":
    main()
