"""What stands on the label: pure. In plain print, and the same in a QR code for whoever would have to type it."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.secret import Secret

MARK = "SEKISHO1"


@dataclass(frozen=True, slots=True)
class Label:
    """model: what the machine is called in a catalogue. name, address: of the router's page before it is set up.
    log_in: whose the password is. key_sha256: of the page's public key, hex."""

    model: str
    serial: str
    name: str
    address: str
    log_in: str
    password: Secret
    key_sha256: str


def rows(label: Label) -> list[tuple[str, str]]:
    """What each line is called, in both languages, and what it says; the password as it is to be typed."""
    return [
        ("製造番号 / Serial", label.serial),
        ("ページ / Page", f"https://{label.name}/"),
        ("", f"https://{label.address}/"),
        ("ログイン名 / Log-in", label.log_in),
        ("最初のパスワード / First password", label.password.get_secret_value()),
    ]


def fingerprint(label: Label) -> list[str]:
    """As browsers show it, in two lines."""
    digest = label.key_sha256.upper()
    pairs = [digest[at : at + 2] for at in range(0, len(digest), 2)]
    half = len(pairs) // 2
    return [":".join(pairs[:half]) + ":", ":".join(pairs[half:])]


def code(label: Label) -> str:
    """For the QR code: a line for each, in this order, and nothing else."""
    return "\n".join(
        (
            MARK,
            f"serial {label.serial}",
            f"page https://{label.address}/",
            f"login {label.log_in}",
            f"password {label.password.get_secret_value()}",
            f"key sha256:{label.key_sha256}",
        )
    )


def plain(label: Label) -> str:
    """For a console and a printer of lines."""
    lines = [f"関所 / Sekisho  {label.model}", *(f"{what}  {says}".strip() for what, says in rows(label))]
    return "\n".join([*lines, "公開鍵 / Public key  SHA-256", *fingerprint(label), ""])


def file_name(serial: str) -> str:
    """On the stick. One for each machine: a label that is made anew takes the place of the one before."""
    return f"label-{serial}.pdf"
