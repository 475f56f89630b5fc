"""The ways things go wrong, by whose fault it is."""


class SignverseError(Exception):
    """Base of all errors that carry a message written for the user."""


class InputError(SignverseError):
    """The user's input is wrong: manifest, config, plan or a damaged intermediate file."""


class MachineError(SignverseError):
    """The machine, the network or the platform failed: the job fails and may be retried.

    status: the class of the fault (outcomes.WORLD_FAULTS) where a downloader's message told it.
    retry_after_sec: how long the platform asked to wait, where it did.
    """

    def __init__(
        self, message: str, status: str = "", retry_after_sec: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_sec = retry_after_sec


class VideoError(SignverseError):
    """The video itself is at fault: it becomes a tombstone with this status and reason."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason
