"""What tests of the config share: to change a setting, and how a wrong one is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from signverse.errors import InputError
from signverse.settings import checked_config

Config = dict[str, Any]


def put(config: Config, key: str, value: Any) -> None:
    """Change the setting of a dotted name."""
    *sections, name = key.split(".")
    for section in sections:
        config = config[section]
    config[name] = value


def refused(config: Mapping[str, Any]) -> str:
    """The message of the InputError, which is one line."""
    with pytest.raises(InputError) as caught:
        checked_config(config)
    assert "\n" not in str(caught.value)
    return str(caught.value)
