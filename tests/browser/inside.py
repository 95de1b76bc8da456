"""A browser on a machine of the world: it sees that machine's network and nothing else, and this host's files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.parts import CHROMIUM
from tests.lab.machine import Machine


@contextmanager
def browser_on(machine: Machine, directory: Path) -> Iterator[Browser]:
    """directory: for the script that starts it."""
    # Of the machine only the network: what a person uploads and gets is looked at from out here.
    inside = directory / "chromium"
    inside.write_text(f'#!/bin/sh\nexec nsenter --net=/proc/{machine.pid}/ns/net /usr/bin/chromium "$@"\n')
    inside.chmod(0o755)
    arguments = [*CHROMIUM, "--ignore-certificate-errors"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=inside, args=arguments)
        yield browser
        browser.close()
