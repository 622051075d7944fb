"""The wallet's word that the user proved the password a moment ago, which an enrolment needs."""

from __future__ import annotations

#: How old the proof may be, and how far the wallet's clock may be ahead of ours.
PROOF_S = 300.0
AHEAD_S = 30.0


class ProofTooOld(Exception):
    """The password was proved too long ago, or in the future."""


def require_proof(proved_at: float, at: float) -> None:
    """Raises ProofTooOld unless the password was proved within PROOF_S before `at`; both are epoch seconds."""
    if not at - PROOF_S <= proved_at <= at + AHEAD_S:
        raise ProofTooOld
