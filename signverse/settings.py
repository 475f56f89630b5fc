"""The config, checked against its schema with messages for people."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from signverse.errors import InputError

SCHEMA = Path(__file__).resolve().parent.parent / "config" / "config.schema.yaml"

# Section, and its keys of which the first may not be greater than the second.
ORDERED = (
    ("fetch_metadata", "min_height_px", "max_height_px"),
    ("traffic", "pause_sec", "max_pause_sec"),
)


def checked_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with values of the right type.

    What comes by `--config 'section={"key": 24}'` reaches the workflow as text, "24"; it is read
    as what the schema wants. Raises InputError naming the first key that is unknown, missing or
    of a wrong kind.
    """
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    typed: dict[str, Any] = _typed(dict(config), schema)
    errors = sorted(VALIDATOR(schema).iter_errors(typed), key=lambda e: [*map(str, e.path)])
    if errors:
        raise InputError(_message(errors[0]))
    _check_order(typed)
    return typed


def _check_order(config: Mapping[str, Any]) -> None:
    """Raise InputError where a least value is above its greatest one."""
    for section, low, high in ORDERED:
        least, greatest = config[section][low], config[section][high]
        if least > greatest:
            raise InputError(
                f"config, {section}: {low}: found {least}; "
                f"allowed: at most {high}, which is {greatest}"
            )


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """`value` with texts read as numbers, truth values or null where the schema wants those."""
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        return {key: _typed(item, known.get(key, {})) for key, item in value.items()}
    kinds = schema.get("type", "string")
    wanted = {TYPES[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)}
    if isinstance(value, str):
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError:
            return value
        if isinstance(read, str):
            return value
        if type(read) in wanted or (type(read) is int and float in wanted):
            return read
    return value


def _is_number(checker: Any, value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


VALIDATOR = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number).redefine(
        "integer", lambda checker, value: type(value) is int
    ),
)

TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": float,
    "null": type(None),
    "array": list,
    "object": dict,
}


def _message(error: ValidationError) -> str:
    key = ": ".join(str(part) for part in error.absolute_path) or "top level"
    known = ", ".join(error.schema.get("properties", {}))
    if error.validator == "additionalProperties":
        unknown = ", ".join(repr(k) for k in error.instance if k not in error.schema["properties"])
        return f"config, {key}: unknown key {unknown}; allowed: {known}"
    if error.validator == "required":
        missing = ", ".join(repr(k) for k in error.validator_value if k not in error.instance)
        return f"config, {key}: missing key {missing}; expected: {known}"
    allowed = error.schema.get("description", f"a section with the keys {known}")
    secret = error.schema.get("writeOnly", False)
    found = f"a value of type {type(error.instance).__name__}" if secret else repr(error.instance)
    return f"config, {key}: found {found}; allowed: {_kind(error)}{allowed}"


def _kind(error: ValidationError) -> str:
    """The type and bounds a value must have, as words."""
    schema = error.schema
    words = []
    kind = schema.get("type")
    if kind and kind != "object":
        words.append(" or ".join(kind) if isinstance(kind, list) else kind)
    for keyword, word in (("minimum", "at least"), ("exclusiveMinimum", "over"),
                          ("maximum", "at most"), ("pattern", "matching")):  # fmt: skip
        if keyword in schema:
            words.append(f"{word} {schema[keyword]}")
    if "enum" in schema:
        words.append("one of " + ", ".join(map(str, schema["enum"])))
    return f"{', '.join(words)} – " if words else ""


def read_config(files: Iterable[str | Path], assignments: Iterable[str]) -> dict[str, Any]:
    """The checked config as a run of Snakemake has it, for programs beside the workflow.

    files: config.yaml first; a later one overrides single keys of an earlier one, as
    `--configfile` does. assignments: `key=value` with a value in YAML, as for `--config`.
    """
    config: dict[str, Any] = {}
    for path in files:
        try:
            read = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"config: {path} cannot be read ({error})") from error
        if not isinstance(read, dict):
            raise InputError(f"config: {path} holds no keys with values")
        _override(config, read)
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        try:
            read = yaml.load(value, yaml.BaseLoader)  # plain texts, typed by the schema
        except yaml.YAMLError as error:
            raise InputError(f"config: {assignment!r} cannot be read ({error})") from error
        if not equals:
            raise InputError(f"config: found {assignment!r}; expected KEY=VALUE")
        _override(config, {key: read})
    return checked_config(config)


def _override(config: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(config.get(key), dict):
            _override(config[key], value)
        else:
            config[key] = value
