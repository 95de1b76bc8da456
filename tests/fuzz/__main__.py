"""``python -m tests.fuzz [TARGET ...] [--seconds N]``: each target in a process of its own, one a processor.

New inputs that reach new code gather in build/fuzz/corpus/TARGET and are used again by the next run. What breaks a
promise is kept in build/fuzz/found, the run goes on with the next target, and ends with status 1.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.target import Target, every, named

BUILD = Path("build/fuzz")
SECONDS = 120.0
"""Of processors; each start adds two or three."""
STUCK_SECONDS = 300
"""Of an input that waits for something: less proves nothing on a busy machine."""
MEBIBYTES = 1024
"""Of a whole child; it has about 200 when it begins."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all when none is named")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="for all targets together (default: %(default)g)"
    )
    parser.add_argument("--keep", action="store_true", help="also keep the new inputs that reach new code, in the tree")
    given = parser.parse_args()
    try:
        targets = [named(name) for name in given.targets] or every()
    except LookupError as error:
        parser.error(f"no such target: {error.args[0]}; there are {', '.join(target.name for target in every())}")
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        held = list(workers.map(lambda target: _fuzz(target, given.seconds / len(targets), given.keep), targets))
    return 0 if all(held) else 1


def _fuzz(target: Target, seconds: float, keep: bool) -> bool:
    """Whether the promise was held."""
    working, found = BUILD / "corpus" / target.name, BUILD / "found"
    for folder in (working, found):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_len={target.longest}", f"-timeout={STUCK_SECONDS}", f"-rss_limit_mb={MEBIBYTES}"]
    if target.words:
        dictionary = BUILD / f"{target.name}.dict"
        dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
        limits.append(f"-dict={dictionary}")
    output = _child(
        target,
        *limits,
        f"-max_total_time={max(1, round(seconds))}",
        f"-artifact_prefix={found}/{target.name}-",
        "-print_final_stats=1",
        f"-seed={os.environ.get('SEED', '1')}",
        str(working),
        str(target.corpus),
    )
    runs = _figure(r"stat::number_of_executed_units:\s*(\d+)", output)
    new, reached = _figure(r"stat::new_units_added:\s*(\d+)", output), _figure(r"cov: (\d+)", output)
    print(f"{target.name:24} {runs:>9,} runs {reached:>6,} places reached {new:>5,} new inputs", flush=True)
    broken = re.search(r"Test unit written to (\S+)", output)
    if broken or not runs:
        told = re.search(r"=== Uncaught Python exception: ===\n(.*?)\n==\d+==", output, re.DOTALL)
        verdict = (
            f"{target.name} broke its promise. The input is kept in {broken[1]}: "
            f"copy it to {target.corpus.relative_to(Path.cwd())}, where the test of the corpus meets it, then mend."
            if broken
            else f"{target.name} did not run."
        )
        # In one piece: others speak meanwhile.
        print(f"{(told[1] if told else output).rstrip()}\n{verdict}", flush=True)
        return False
    if keep:
        _child(target, *limits, "-merge=1", str(target.corpus), str(working))
    return True


def _child(target: Target, *arguments: str) -> str:
    target.corpus.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.child", target.name, *arguments],
        stdin=subprocess.DEVNULL,
        # The same again finds the same again; SEED=… tries others.
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode(errors="replace")


def _figure(pattern: str, output: str) -> int:
    """The last that was said."""
    return int((re.findall(pattern, output) or ["0"])[-1])


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    sys.exit(main())
