"""A terminal does its whole day's work by both modes, and the gate takes in nobody without a good certificate."""

from __future__ import annotations

import dataclasses
import ssl
from functools import partial

import pytest

from tests.lab import addresses
from tests.lab.client import ReceiptClient
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, metric

pytestmark = pytest.mark.namespaces


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_log_in_by_both_modes(clinic: World) -> None:
    for host in MODES:
        reception, doctor = clinic.client("reception", host), clinic.client("doctor", host)
        login = reception.login()
        # The real client's: TLS 1.2 only, and what it was seen to negotiate.
        assert (login.tls_version, login.cipher) == ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")
        assert login.facts["start_session"]["app_rpc_endpoint_uri"].startswith(f"https://{host}")
        assert reception.api()["acceptlstres"]["Api_Result"] == "00"
        assert reception.blob("bytes-3000000") == bytes(3_000_000)
        with reception.subscribe() as pushed:
            doctor.login()
            event = pushed.receive()["data"]
            assert event["event"] == "print_data"
            assert reception.blob(event["body"]["Data_Id"]).startswith(b"%PDF")

    _gate_wants_a_good_certificate(clinic)
    _gate_speaks_modern_tls_only(clinic)


def _gate_wants_a_good_certificate(clinic: World) -> None:
    with pytest.raises(ssl.SSLError, match=r"handshake failure|certificate required"):
        _handshake(clinic, _context(clinic))
    forged = _context(clinic)
    files = clinic.pki_directory
    forged.load_cert_chain(files / "forged-terminal.pem", files / "forged-terminal.key")
    with pytest.raises(ssl.SSLError, match="unknown ca"):
        _handshake(clinic, forged)
    client = dataclasses.replace(
        clinic.client("reception", addresses.RECEIPT_GATE_HOST),
        cert=files / "clinic.pem",
        key=files / "clinic.key",
    )
    # The clinic's own certificate is for engines: with it a terminal is nobody.
    with pytest.raises(ssl.SSLError, match="unknown ca"):
        client.login()
    for reason, times in (("terminal-certificate-missing", 1), ("terminal-certificate-refused", 2)):
        series = f'sekisho_gate_refusals_total{{reason="{reason}",service="receipt-gate"}}'
        until(partial(_is_counted, clinic, series, times), f"monitoring hears of {series}")


def _is_counted(clinic: World, series: str, times: int) -> bool:
    try:
        return metric(clinic, series) == times
    except KeyError:
        return False


def _gate_speaks_modern_tls_only(clinic: World) -> None:
    modern = _context(clinic, "reception")
    modern.maximum_version = modern.minimum_version = ssl.TLSVersion.TLSv1_3
    assert _handshake(clinic, modern) == "TLSv1.3"
    # CRYPTREC's high-security profile: ephemeral keys and AEAD, nothing else.
    for old in ("AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384"):
        context = _context(clinic, "reception")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{old}:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError, match="handshake failure"):
            _handshake(clinic, context)
    context = _context(clinic, "reception")
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="protocol version"):
        _handshake(clinic, context)


def _context(clinic: World, role: str | None = None) -> ssl.SSLContext:
    """As a program on a terminal has it, with that terminal's certificate or with none."""
    files = clinic.pki_directory
    context = ssl.create_default_context(cafile=files / "engine-ca.pem")
    if role is not None:
        context.load_cert_chain(files / f"{role}.pem", files / f"{role}.key")
    return context


def _handshake(clinic: World, context: ssl.SSLContext) -> str | None:
    """Ask for one byte, since in TLS 1.3 the verdict on a certificate comes only then. Returns the TLS version."""
    client: ReceiptClient = clinic.client("reception", addresses.RECEIPT_GATE_HOST)
    with (
        client.connect(client.host, client.port) as tcp,
        context.wrap_socket(tcp, server_hostname=client.host) as tls,
    ):
        tls.sendall(f"GET /blobapi/bytes-1 HTTP/1.1\r\nHost: {client.host}\r\n\r\n".encode())
        tls.recv(1)
        return tls.version()
