"""Why an engine is not proven and why a connection is refused: stable codes and their words."""

from __future__ import annotations

from enum import StrEnum

from appliance.text import Text


class Reason(StrEnum):
    """The value is the stable code that evidence, metrics, logs and tests use."""

    # The identity of whoever answers at the engine's address.
    WRONG_PIN = "wrong-pin"
    WRONG_NAME = "wrong-name"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNKNOWN_CA = "unknown-ca"
    SELF_SIGNED = "self-signed"
    REVOKED = "revoked"
    STAPLE_MISSING = "staple-missing"
    WRONG_PURPOSE = "wrong-purpose"
    WEAK_KEY = "weak-key"
    SHA1 = "sha1"
    CERTIFICATE_UNUSABLE = "certificate-unusable"
    PROTOCOL_TOO_OLD = "protocol-too-old"
    HANDSHAKE_REFUSED = "handshake-refused"
    CLIENT_CERTIFICATE_REFUSED = "client-certificate-refused"
    NOT_ENCRYPTED = "not-encrypted"

    # The network on the way there.
    TIMEOUT = "timeout"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_CLOSED = "connection-closed"
    UNREACHABLE = "unreachable"

    # What the router itself decided about a permission.
    NAME_WITHDRAWN = "name-withdrawn"
    PROOF_LAPSED = "proof-lapsed"
    SERVICE_WITHDRAWN = "service-withdrawn"

    # Terminals at the gate.
    UNKNOWN_TERMINAL = "unknown-terminal"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    SERVICE_CLOSED = "service-closed"
    NO_PROVEN_ENGINE = "no-proven-engine"
    TERMINAL_CERTIFICATE_MISSING = "terminal-certificate-missing"
    TERMINAL_CERTIFICATE_REFUSED = "terminal-certificate-refused"
    TERMINAL_CERTIFICATE_REVOKED = "terminal-certificate-revoked"
    TERMINAL_NOT_ALLOWED = "terminal-not-allowed"
    NOT_PERMITTED = "not-permitted"
    TERMINAL_NOT_ENCRYPTED = "terminal-not-encrypted"
    TERMINAL_PROTOCOL_TOO_OLD = "terminal-protocol-too-old"
    TERMINAL_HANDSHAKE_FAILED = "terminal-handshake-failed"
    TERMINAL_TOO_SLOW = "terminal-too-slow"
    TERMINAL_LEFT = "terminal-left"


NETWORK = frozenset({Reason.TIMEOUT, Reason.CONNECTION_REFUSED, Reason.CONNECTION_CLOSED, Reason.UNREACHABLE})
"""These say nothing against the engine's identity: try again soon, revoke nothing."""

TEXTS: dict[Reason, Text] = {
    Reason.WRONG_PIN: Text(
        "サーバーの鍵が、アカウントに登録された鍵と違います。データセンターに確認してください。",
        "The server's key is not one of the keys registered in the account. Ask the data center.",
    ),
    Reason.WRONG_NAME: Text(
        "サーバーの証明書に書かれた名前が、つなぎ先の名前と違います。データセンターに確認してください。",
        "The server's certificate is for another name. Ask the data center.",
    ),
    Reason.EXPIRED: Text(
        "サーバーの証明書の期限が切れています。ルータの時計が正しければ、データセンターに知らせてください。",
        "The server's certificate has expired. If the router's clock is right, tell the data center.",
    ),
    Reason.NOT_YET_VALID: Text(
        "サーバーの証明書は、まだ有効期間に入っていません。ルータの時計を確かめてください。",
        "The server's certificate is not valid yet. Check the router's clock.",
    ),
    Reason.UNKNOWN_CA: Text(
        "サーバーの証明書が、アカウントにある認証局から発行されたものではありません。データセンターに確認してください。",
        "The server's certificate was not issued by a certification authority of the account. Ask the data center.",
    ),
    Reason.SELF_SIGNED: Text(
        "サーバーの証明書が、認証局ではなく、サーバー自身の署名だけで作られています。データセンターに確認してください。",
        "The server's certificate is signed by nobody but itself. Ask the data center.",
    ),
    Reason.REVOKED: Text(
        "サーバーの証明書は、認証局が取り消したものです。すぐにデータセンターに知らせてください。",
        "The server's certificate has been revoked by its authority. Tell the data center at once.",
    ),
    Reason.STAPLE_MISSING: Text(
        "サーバーが、証明書が取り消されていないことの証明 (OCSP) を出しません。データセンターに確認してください。",
        "The server does not show, as it must, that its certificate has not been revoked (OCSP). Ask the data center.",
    ),
    Reason.WRONG_PURPOSE: Text(
        "サーバーの証明書が、サーバー用のものではありません。データセンターに確認してください。",
        "The server's certificate is not meant for a server. Ask the data center.",
    ),
    Reason.WEAK_KEY: Text(
        "サーバーの証明書の鍵が短すぎます (RSA は 2048 ビット以上、楕円曲線は 256 ビット以上が必要です)。",
        "A key in the server's certificate chain is too short (RSA needs 2048 bits, elliptic curves 256 bits).",
    ),
    Reason.SHA1: Text(
        "サーバーの証明書が、古くて安全でない方式 (SHA-1 など) で署名されています。",
        "The server's certificate chain is signed with an outdated hash such as SHA-1.",
    ),
    Reason.CERTIFICATE_UNUSABLE: Text(
        "サーバーの証明書を、この用途には使えません。データセンターに確認してください。",
        "The server's certificate cannot be used for this purpose. Ask the data center.",
    ),
    Reason.PROTOCOL_TOO_OLD: Text(
        "サーバーが TLS 1.2 以上に対応していません。",
        "The server speaks neither TLS 1.2 nor TLS 1.3.",
    ),
    Reason.HANDSHAKE_REFUSED: Text(
        "サーバーとの間で、安全な通信を始められませんでした。",
        "No TLS connection could be agreed with the server.",
    ),
    Reason.CLIENT_CERTIFICATE_REFUSED: Text(
        "サーバーが、この医院の証明書を受け付けません。データセンターに確認してください。",
        "The server does not accept this clinic's certificate. Ask the data center.",
    ),
    Reason.NOT_ENCRYPTED: Text(
        "サーバーが、暗号化された通信に応じません。データセンターに確認してください。",
        "The server does not agree to encryption. Ask the data center.",
    ),
    Reason.TIMEOUT: Text("サーバーが時間内に返事をしません。", "The server did not answer in time."),
    Reason.CONNECTION_REFUSED: Text("サーバーが接続を受け付けません。", "The server refuses connections."),
    Reason.CONNECTION_CLOSED: Text(
        "サーバーが、確認の途中で接続を切りました。",
        "The server closed the connection in the middle of the handshake.",
    ),
    Reason.UNREACHABLE: Text("サーバーまで通信が届きません。", "The server cannot be reached."),
    Reason.NAME_WITHDRAWN: Text(
        "サーバーの名前が、このアドレスを指さなくなったため、通信を止めました。",
        "The server's name no longer points to this address, so the way to it was closed.",
    ),
    Reason.PROOF_LAPSED: Text(
        "しばらくサーバーを確認できないため、通信を止めました。",
        "The server could not be proven for a while, so the way to it was closed.",
    ),
    Reason.SERVICE_WITHDRAWN: Text(
        "アカウントからこのサービスがなくなった、または変わったため、通信を止めました。",
        "The account no longer has this service in this form, so the way to it was closed.",
    ),
    Reason.UNKNOWN_TERMINAL: Text(
        "登録されていない端末からの接続を断りました。端末をルータの設定に登録してください。",
        "A machine that is not registered was refused. Register the terminal in the router's settings.",
    ),
    Reason.TERMINAL_NOT_ALLOWED: Text(
        "このサービスを使ってよい端末として登録されていない端末からの接続を断りました。",
        "A terminal was refused that is not registered for this service.",
    ),
    Reason.NOT_PERMITTED: Text(
        "医院のルーターが、この呼び出しを断りました。この端末には許可されていません。",
        "The clinic's router refused this call: this terminal is not permitted to make it.",
    ),
    Reason.TERMINAL_NOT_ENCRYPTED: Text(
        "医院のルーターが、暗号化されていない接続を断りました。端末のプログラムで SSL (TLS) を必須にしてください。",
        "The clinic's router refused a connection without encryption. Let the terminal's program require SSL (TLS).",
    ),
    Reason.TOO_MANY_CONNECTIONS: Text(
        "同時に開ける接続の数を超えたため、新しい接続を断りました。",
        "A new connection was refused because too many are open at once.",
    ),
    Reason.SERVICE_CLOSED: Text("このサービスへの通信は、いま止めています。", "The way to this service is closed now."),
    Reason.NO_PROVEN_ENGINE: Text(
        "本物と確認できたサーバーがないため、接続を断りました。",
        "The connection was refused because no server is proven now.",
    ),
    Reason.TERMINAL_CERTIFICATE_MISSING: Text(
        "端末が証明書を出さなかったため、断りました。端末に証明書を入れてください。",
        "A terminal showed no certificate and was refused. Install its certificate.",
    ),
    Reason.TERMINAL_CERTIFICATE_REFUSED: Text(
        "端末の証明書を確認できないため、断りました。証明書の発行元と期限を確かめてください。",
        "A terminal's certificate could not be verified. Check who issued it and when it expires.",
    ),
    Reason.TERMINAL_CERTIFICATE_REVOKED: Text(
        "認証局が取り消した証明書を出した端末を断りました。心当たりがなければ、端末の盗難や持ち出しを疑ってください。",
        "A terminal with a revoked certificate was refused. If nobody knows why it was revoked, think of theft.",
    ),
    Reason.TERMINAL_PROTOCOL_TOO_OLD: Text(
        "端末のソフトが TLS 1.2 以上に対応していません。ソフトを更新してください。",
        "A terminal's software speaks neither TLS 1.2 nor TLS 1.3. Update it.",
    ),
    Reason.TERMINAL_HANDSHAKE_FAILED: Text(
        "端末との間で、安全な通信を始められませんでした。",
        "No TLS connection could be agreed with a terminal.",
    ),
    Reason.TERMINAL_TOO_SLOW: Text(
        "端末が時間内に安全な通信を始めなかったため、接続を切りました。",
        "A terminal did not finish its TLS handshake in time.",
    ),
    Reason.TERMINAL_LEFT: Text(
        "端末が、安全な通信を始める前に接続を切りました。",
        "A terminal closed the connection before its TLS handshake was done.",
    ),
}
