"""Whether a certificate is for a host (RFC 9525 section 6.3)."""

from __future__ import annotations

from cryptography import x509


def is_for(certificate: x509.Certificate, host: str) -> bool:
    """host: in lower case. Only what stands among the DNS names counts; a wildcard stands for one label, the first."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return False
    wildcard = f"*.{host.partition('.')[2]}"
    return any(name.lower() in (host, wildcard) for name in extension.value.get_values_for_type(x509.DNSName))
