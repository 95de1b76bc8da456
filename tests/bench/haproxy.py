"""HAProxy set up to do what the gate's terminate mode does: the peer of that benchmark."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from appliance.gate.config import KeyPair, ServiceConfig
from appliance.gate.profile import POLICY
from tests.lab.machine import Machine

_FILES = "/etc/haproxy-peer"


TCP = "mode tcp"
HTTP_REUSE = "mode http\n  http-reuse always"
"""Whatever is idle towards the engine may carry anybody's next request."""


def start(
    machine: Machine, service: ServiceConfig, listen: tuple[str, int], mode: str = TCP, connections: int = 2000
) -> subprocess.Popen[str]:
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
        "haproxy.cfg": _configuration(service, listen, mode, connections),
    }
    return _run(machine, _FILES, contents)


def start_plain(machine: Machine, listen: tuple[str, int], engine: tuple[str, int]) -> subprocess.Popen[str]:
    """Start HAProxy as a relay of TCP that leaves TLS alone: what passthrough is without a proxy."""
    configuration = f"""\
global
  nbthread 1
  maxconn 2000

defaults
  mode tcp
  option splice-auto
  timeout connect 10s
  timeout client 10m
  timeout server 10m

listen passthrough
  bind {listen[0]}:{listen[1]}
  server e1 {engine[0]}:{engine[1]}
"""
    return _run(machine, "/etc/haproxy-plain", {"haproxy.cfg": configuration})


def start_engine(
    machine: Machine, listen: tuple[str, int], own: KeyPair, client_anchors: str, connections: int
) -> subprocess.Popen[str]:
    """Start HAProxy as an engine that holds many connections: it demands certificates, and answers with nothing.

    Not a peer of anybody: the lab's own engine would take longer for them than all others together.
    """
    folder = "/etc/haproxy-engine"
    configuration = f"""\
global
  nbthread 1
  maxconn {connections}
  ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
  mode http
  timeout client 1h

frontend engine
  bind {listen[0]}:{listen[1]} ssl crt {folder}/own.pem ca-file {folder}/clients.pem verify required
  http-request return status 200
"""
    contents = {"own.pem": own.certificate + own.key, "clients.pem": client_anchors, "haproxy.cfg": configuration}
    return _run(machine, folder, contents)


def _run(machine: Machine, folder: str, contents: Mapping[str, str]) -> subprocess.Popen[str]:
    for name, content in contents.items():
        machine.write(f"{folder}/{name}", content, 0o600)
    return machine.popen("haproxy", "-db", "-f", f"{folder}/haproxy.cfg")


def _configuration(service: ServiceConfig, listen: tuple[str, int], mode: str, connections: int) -> str:
    ciphers = ":".join((*POLICY.tls12_ciphers, f"@SECLEVEL={POLICY.security_level}"))
    return f"""\
global
  nbthread 1
  maxconn {connections}
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
