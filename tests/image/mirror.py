"""Where the data center keeps the routers' firmware: nginx on its core, as any web server would."""

from __future__ import annotations

from pathlib import Path

from tests.lab import addresses
from tests.lab.machine import Machine

PORT = 8090
URL = f"http://{addresses.TRUST_HOST}:{PORT}/sekisho.firmware"
_FOLDER = "/var/firmware"
_CONFIGURATION = f"""\
daemon off;
master_process off;
pid {_FOLDER}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log {_FOLDER}/access.log;
  client_body_temp_path {_FOLDER};
  proxy_temp_path {_FOLDER};
  fastcgi_temp_path {_FOLDER};
  uwsgi_temp_path {_FOLDER};
  scgi_temp_path {_FOLDER};
  server {{
    listen {addresses.CENTER_DNS.ip}:{PORT};
    root {_FOLDER}/offered;
  }}
}}
"""


class Mirror:
    """Empty in the beginning."""

    def __init__(self, core: Machine) -> None:
        self._core = core
        core.run("mkdir", "-p", f"{_FOLDER}/offered")
        core.write(f"{_FOLDER}/nginx.conf", _CONFIGURATION)
        core.popen("nginx", "-e", "stderr", "-c", f"{_FOLDER}/nginx.conf")

    def offer(self, bundle: Path) -> None:
        """From now on. Replaced by a rename, as docs/firmware-update.md wants it."""
        place = f"{_FOLDER}/offered/sekisho.firmware"
        self._core.run("cp", bundle, f"{place}.part")
        self._core.run("mv", f"{place}.part", place)

    def asked(self) -> str:
        """The server's log."""
        return self._core.read(f"{_FOLDER}/access.log")
