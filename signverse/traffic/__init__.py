"""Politeness towards the platform, shared by all processes and hosts that work on a corpus."""

from signverse.traffic.answers import retry_after
from signverse.traffic.state import RATE_LIMITED, TrafficSettings, Wait
from signverse.traffic.turns import Traffic, common_pause, shared_traffic

__all__ = [
    "RATE_LIMITED",
    "Traffic",
    "TrafficSettings",
    "Wait",
    "common_pause",
    "retry_after",
    "shared_traffic",
]
