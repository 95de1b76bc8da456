"""nginx's stream proxy, set up as the gate and as passthrough are: another peer beside HAProxy."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from appliance.gate.config import ServiceConfig
from appliance.gate.profile import POLICY
from tests.lab.machine import Machine

VERSION = ("nginx", "-v")
_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"


def start(machine: Machine, service: ServiceConfig, listen: tuple[str, int]) -> subprocess.Popen[str]:
    """Start nginx for `service` on another address; the same certificates, ciphers and demands on both sides.

    One process, as the gate is. There is nothing in nginx that would correspond to the pin.
    """
    if service.presented is None:
        raise ValueError("nginx stands here for a gate that speaks TLS")
    folder = "/etc/nginx-peer"
    contents = {
        "presented.pem": service.presented.certificate,
        "presented.key": service.presented.key,
        "identity.pem": service.identity.certificate,
        "identity.key": service.identity.key,
        "terminals.pem": service.terminal_anchors,
        "engines.pem": service.trust_anchors,
    }
    ciphers = ":".join((*POLICY.tls12_ciphers, f"@SECLEVEL={POLICY.security_level}"))
    server = f"""\
    listen {listen[0]}:{listen[1]} ssl backlog=512;
    ssl_certificate {folder}/presented.pem;
    ssl_certificate_key {folder}/presented.key;
    ssl_client_certificate {folder}/terminals.pem;
    ssl_verify_client on;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers {ciphers};
    proxy_pass {service.upstreams[0]}:{service.port};
    proxy_bind {service.source};
    proxy_ssl on;
    proxy_ssl_certificate {folder}/identity.pem;
    proxy_ssl_certificate_key {folder}/identity.key;
    proxy_ssl_trusted_certificate {folder}/engines.pem;
    proxy_ssl_verify on;
    proxy_ssl_server_name on;
    proxy_ssl_name {service.host};
    proxy_ssl_protocols TLSv1.2 TLSv1.3;
    proxy_ssl_ciphers {ciphers};
"""
    return _run(machine, folder, server, contents)


def start_plain(machine: Machine, listen: tuple[str, int], engine: tuple[str, int]) -> subprocess.Popen[str]:
    """Start nginx as a relay of TCP that leaves TLS alone."""
    server = f"""\
    listen {listen[0]}:{listen[1]} backlog=512;
    proxy_pass {engine[0]}:{engine[1]};
"""
    return _run(machine, "/etc/nginx-plain", server, {})


def _run(machine: Machine, folder: str, server: str, contents: Mapping[str, str]) -> subprocess.Popen[str]:
    configuration = f"""\
load_module {_MODULE};
daemon off;
master_process off;
pid {folder}/nginx.pid;

events {{
  worker_connections 8192;
}}

stream {{
  proxy_connect_timeout 10s;
  proxy_timeout 10m;
  tcp_nodelay on;
  server {{
{server}  }}
}}
"""
    for name, content in {**contents, "nginx.conf": configuration}.items():
        machine.write(f"{folder}/{name}", content, 0o600)
    return machine.popen("nginx", "-e", "stderr", "-c", f"{folder}/nginx.conf")
