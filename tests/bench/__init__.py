"""The figures that the project promises, each measured beside its peer in one run: ``python -m tests.bench.NAME``.

Each prints a table and writes ``build/bench/NAME.json`` (see `table`). Nothing here passes or fails a build:
a missed goal is a row that says so. Processor time is the operating system's accounting, never the wall clock.
"""
