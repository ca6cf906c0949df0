#!/usr/bin/env python3
"""Ten million keys in state: filling, small batches, restart, and the same beyond a memory budget. Prints a table and one
line of JSON.

usage: state.py --build build/release [--keys 10000000] [--budget 128m]
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def count(build, **arguments):
    command = [str(Path(build) / "bin" / "driver_state"), *(f"{key}={value}" for key, value in arguments.items())]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def measure(build, folder, keys, settings, **arguments):
    """Ten batches that bring all keys, then a new process and batches of 1,000 known keys."""
    start = dict(checkpoint=f"{folder}/checkpoint", keys=keys, **settings, **arguments)
    fill = count(build, batches=10, rows=keys // 10, **start)
    state = fill["progress"][-1]["stateOperators"][0]
    if state["numRowsTotal"] != keys:
        raise SystemExit(f"{state['numRowsTotal']} of {keys} keys in state")
    # The first batch is the one that was running when the query stopped; it waits for the state to be read.
    again = count(build, batches=22, rows=1000, **start)
    small = sorted(batch["durationMs"]["triggerExecution"] for batch in again["progress"][1:])
    return {"keys_per_s": keys / fill["seconds"], "peak_mib": max(fill["peak_mib"], again["peak_mib"]),
            "state_mib": state["memoryUsedBytes"] / 2**20, "restart_s": again["first_s"],
            "small_batch_ms": statistics.median(small), "slowest_small_batch_ms": small[-1]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--keys", type=int, default=10_000_000)
    parser.add_argument("--budget", default="128m")
    args = parser.parse_args()
    budget = {"conf.sluice.state.memoryBudget": args.budget}
    cases = {"BIGINT keys": ({}, {}), f"budget {args.budget}": (budget, {}), "STRING keys": ({}, {"key": "string"}),
             f"STRING, {args.budget}": (budget, {"key": "string"})}
    out = {}
    for name, (settings, arguments) in cases.items():
        print(name, file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="bench-state-") as folder:
            out[name] = measure(args.build, folder, args.keys, settings, **arguments)
    labels = {"keys_per_s": "new keys/s", "peak_mib": "peak memory, MiB", "state_mib": "of it state, MiB",
              "restart_s": "restart to first batch, s", "small_batch_ms": "1,000 keys, ms (median)",
              "slowest_small_batch_ms": "1,000 keys, ms (slowest)"}
    print(" " * 26 + "".join(f"{name:>16s}" for name in out))
    for key, label in labels.items():
        print(f"{label:26s}" + "".join(f"{case[key]:16,.1f}" for case in out.values()))
    print(json.dumps({**out, "keys": args.keys, "when": time.strftime("%Y-%m-%d")}))


if __name__ == "__main__":
    main()
