#!/usr/bin/env python3
"""Long files are hard to read: warn above 200 lines in a header and 500 in a source, fail above 800."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AIM = {".h": 200, ".cc": 500, ".py": 500}
LIMIT = 800


def main():
    failed = False
    for folder in ("src", "include", "tests", "tools", "examples", "bench", "python"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in AIM:
                continue
            lines = path.read_text().count("\n")
            if lines > AIM[path.suffix]:
                failed |= lines > LIMIT
                word = "too long" if lines > LIMIT else "long"
                print(f"{path.relative_to(ROOT)}: {lines} lines, {word} (aim {AIM[path.suffix]}, limit {LIMIT})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
