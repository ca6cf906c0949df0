#!/usr/bin/env python3
"""Runs the README's demos and draws what they printed as terminals, docs/pictures/*.svg.

usage: build/deps/venv/bin/python tools/terminal_pictures.py [SLUICE]     SLUICE: build/release/bin/sluice

Every character of the pictures comes from the run's standard output.
"""
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60  # the longest wait for one batch

# rich's own frame takes its font from the network; this one takes what is there.
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Program:
    """`sluice submit` of an example; its lines as they come."""

    def __init__(self, sluice, *arguments):
        self.folder = tempfile.TemporaryDirectory()
        self.shown = []
        self.lines = queue.Queue()
        environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "TZ": "UTC", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen([str(sluice), "submit", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        cwd=self.folder.name, env=environment)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def until_batch(self, number):
        """Reads until the table of batch `number` is whole."""
        rules = None  # of the table: +---+
        while rules != 3:
            line = self.lines.get(timeout=SECONDS)
            self.shown.append(line)
            if line == f"Batch: {number}":
                rules = 0
            elif rules is not None and line.startswith("+-"):
                rules += 1

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)
        self.folder.cleanup()
        return self.shown


def word_count(sluice):
    typed = ["to be or not to be", "to see or not to see"]
    with socket.create_server(("localhost", 0)) as server:
        program = Program(sluice, ROOT / "examples/word_count.py", str(server.getsockname()[1]))
        server.settimeout(SECONDS)
        connection, _ = server.accept()
        with connection:
            program.until_batch(0)
            for batch, line in enumerate(typed, 1):
                connection.sendall(f"{line}\n".encode())
                program.until_batch(batch)
            shown = program.stop()
    return [("nc -lk 9999", typed), ("sluice submit examples/word_count.py", shown)]


def rate(sluice):
    program = Program(sluice, ROOT / "examples/rate.py")
    program.until_batch(3)
    return [("sluice submit examples/rate.py", program.stop())]


def terminal(command, lines):
    text = Text(f"$ {command}\n", style="bold green")
    text.append("\n".join(lines), style="not bold white")
    return Panel(text, width=max(len(line) for line in [f"$ {command}", *lines]) + 4, border_style="bright_black")


def main():
    sluice = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/bin/sluice").resolve()
    for name, demo in (("word_count", word_count), ("rate", rate)):
        console = Console(record=True, width=76, file=open(os.devnull, "w"), color_system="truecolor", force_terminal=True)
        console.print(Columns([terminal(*shown) for shown in demo(sluice)]))
        target = ROOT / "docs/pictures" / f"{name}.svg"
        target.write_text(console.export_svg(title=name.replace("_", " "), theme=MONOKAI, code_format=FRAME, unique_id=f"sluice-{name}"))
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
