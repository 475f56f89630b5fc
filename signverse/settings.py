"""The config, checked against its schema with messages for people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from signverse.errors import InputError

SCHEMA = Path(__file__).resolve().parent.parent / "config" / "config.schema.yaml"


def check_config(config: Mapping[str, Any]) -> None:
    """Raise InputError naming the first key that is unknown, missing or of a wrong kind."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    errors = sorted(
        Draft202012Validator(schema).iter_errors(dict(config)), key=lambda e: [*map(str, e.path)]
    )
    if errors:
        raise InputError(_message(errors[0]))


def _message(error: ValidationError) -> str:
    key = ": ".join(str(part) for part in error.absolute_path) or "top level"
    known = ", ".join(error.schema.get("properties", {}))
    if error.validator == "additionalProperties":
        unknown = ", ".join(repr(k) for k in error.instance if k not in error.schema["properties"])
        return f"config, {key}: unknown key {unknown}; allowed: {known}"
    if error.validator == "required":
        missing = ", ".join(repr(k) for k in error.validator_value if k not in error.instance)
        return f"config, {key}: missing key {missing}; expected: {known}"
    allowed = error.schema.get("description", str(error.validator_value))
    return f"config, {key}: found {error.instance!r}; allowed: {_kind(error)}{allowed}"


def _kind(error: ValidationError) -> str:
    """The type and bounds a value must have, as words."""
    schema = error.schema
    words = []
    kind = schema.get("type")
    if kind:
        words.append(" or ".join(kind) if isinstance(kind, list) else kind)
    for keyword, word in (("minimum", "at least"), ("exclusiveMinimum", "over"),
                          ("maximum", "at most"), ("pattern", "matching")):  # fmt: skip
        if keyword in schema:
            words.append(f"{word} {schema[keyword]}")
    if "enum" in schema:
        words.append("one of " + ", ".join(map(str, schema["enum"])))
    return f"{', '.join(words)} – " if words else ""
