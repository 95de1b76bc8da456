"""On a machine with a TPM the account is sealed by it, though the control plane may override nobody's permissions."""

from __future__ import annotations

import pytest

from tests.image.clinic import clinic, is_green
from tests.image.first_day import TPM_CREATE, a_clinic_router

pytestmark = pytest.mark.long

_UNSEAL = 0x15E
"""TPM2_Unseal."""


def test_tpm_holds_the_account() -> None:
    with clinic() as world, a_clinic_router(world, "tpm", tpm=True) as (machine, first_day):
        assert "is not encrypted" not in first_day.said
        assert machine.tpm_was_asked(TPM_CREATE) > first_day.sealed > 0
        machine.cut_power()
        unsealed = machine.tpm_was_asked(_UNSEAL)
        machine.switch_on()
        machine.await_word("the lights are green after ", 2)
        assert is_green(world.machines["doctor"])
        # The data partition, and what lies in it.
        assert machine.tpm_was_asked(_UNSEAL) > unsealed + 1
