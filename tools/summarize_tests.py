#!/usr/bin/env python3
"""Count the single cases of a CTest run: tools/summarize_tests.py RESULTS

RESULTS holds ctest.xml (ctest --output-junit) and NAME.xml for each CTest that wrote cases of its
own (GoogleTest, pytest). Prints what failed and, last, 'N passed, N failed, N skipped'.
"""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def parse(path):
    try:
        return list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return []


def count(results):
    totals, failures = {"passed": 0, "failed": 0, "skipped": 0}, []
    for test in parse(results / "ctest.xml"):
        name = test.get("name")
        cases = parse(results / f"{name}.xml")
        outcomes = [(f"{name}: {case.get('classname')}.{case.get('name')}", outcome(case)) for case in cases]
        # A program that crashed or ran out of time leaves no file, or failed after its cases had passed.
        if not any(result == "failed" for _, result in outcomes) and (not outcomes or outcome(test) == "failed"):
            outcomes.append((name, "failed" if outcome(test) != "passed" else "passed"))
        for what, result in outcomes:
            totals[result] += 1
            if result == "failed":
                failures.append(what)
    return totals, failures


def main():
    totals, failures = count(Path(sys.argv[1]))
    for failure in failures:
        print(f"FAILED {failure}")
    line = f"{totals['passed']} passed, {totals['failed']} failed"
    print(line + (f", {totals['skipped']} skipped" if totals["skipped"] else ""), flush=True)
    return 1 if totals["failed"] or not totals["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
