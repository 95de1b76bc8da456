"""What the library of certificates raises for one that it cannot read, whenever it finds out.

It parses names, keys, algorithms and extensions only when it is asked for them, long after the file was loaded, and
its complaints have no common base. Whoever opens what others have written catches them all, and asks for everything
before he says that it can be read.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE = (
    TypeError,
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
