"""Whether the machine has what new settings need of it: asked when somebody puts them in force, and only then.

Later a port may be gone for a while (USB), and the router goes on without that line.
"""

from __future__ import annotations

from appliance.control import line_passwords
from appliance.control.ready import Ready
from appliance.kernel import links


def refuse_what_is_missing(before: Ready | None, after: Ready) -> None:
    """before: what is at work now. What it already did without is not asked for again.

    Raises SekishoError ``kernel.no-interface``, ``line.no-password``.
    """
    standing = before.intent.lines if before else ()
    links.refuse_missing({line.port for line in after.intent.lines} - {line.port for line in standing})
    logins = [line.name for line in after.intent.lines if line.is_session]
    passwords = line_passwords.known(logins)
    for name in logins:
        if name not in passwords:
            raise line_passwords.missing(name)
