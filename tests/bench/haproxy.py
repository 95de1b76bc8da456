"""HAProxy set up to do what the gate's terminate mode does: the peer of that benchmark."""

from __future__ import annotations

import subprocess

from appliance.gate.config import ServiceConfig
from appliance.gate.profile import POLICY
from tests.lab.machine import Machine

_FILES = "/etc/haproxy-peer"


TCP = "mode tcp"
HTTP_REUSE = "mode http\n  http-reuse always"
"""Whatever is idle towards the engine may carry anybody's next request."""


def start(machine: Machine, service: ServiceConfig, listen: tuple[str, int], mode: str = TCP) -> subprocess.Popen[str]:
    """Start HAProxy for `service` on another address; the same certificates, ciphers and demands on both sides.

    One process with one thread, as the gate is. There is nothing in HAProxy that would correspond to the pin.
    """
    if service.presented is None:
        raise ValueError("HAProxy stands here for a gate that speaks TLS")
    contents = {
        "presented.pem": service.presented.certificate + service.presented.key,
        "identity.pem": service.identity.certificate + service.identity.key,
        "terminals.pem": service.terminal_anchors,
        "engines.pem": service.trust_anchors,
        "haproxy.cfg": _configuration(service, listen, mode),
    }
    for name, content in contents.items():
        machine.write(f"{_FILES}/{name}", content, 0o600)
    return machine.popen("haproxy", "-db", "-f", f"{_FILES}/haproxy.cfg")


def _configuration(service: ServiceConfig, listen: tuple[str, int], mode: str) -> str:
    ciphers = ":".join((*POLICY.tls12_ciphers, f"@SECLEVEL={POLICY.security_level}"))
    return f"""\
global
  nbthread 1
  maxconn 2000
  ssl-default-bind-options ssl-min-ver TLSv1.2
  ssl-default-server-options ssl-min-ver TLSv1.2
  ssl-default-bind-ciphers {ciphers}
  ssl-default-server-ciphers {ciphers}

defaults
  {mode}
  timeout connect 10s
  timeout client 10m
  timeout server 10m

frontend terminals
  bind {listen[0]}:{listen[1]} ssl crt {_FILES}/presented.pem ca-file {_FILES}/terminals.pem verify required
  default_backend engine

backend engine
  server e1 {service.upstreams[0]}:{service.port} source {service.source} ssl verify required \
ca-file {_FILES}/engines.pem crt {_FILES}/identity.pem sni str({service.host}) verifyhost {service.host}
"""
