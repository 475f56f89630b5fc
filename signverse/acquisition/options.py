"""yt-dlp's options as the config section `platform` wants them, and the secrets among them."""

import os
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from yt_dlp.networking.impersonate import ImpersonateTarget

from signverse.errors import InputError

# What the workflow decides, whatever the config says.
FIXED: dict[str, Any] = {
    "quiet": True,
    "noprogress": True,
    "color": "never",
    "cachedir": False,
    "noplaylist": True,
    "writeautomaticsub": True,  # else YouTube's translations of manual tracks are not listed
    "skip_unavailable_fragments": False,
    "allow_unplayable_formats": False,
    # No other program touches the file, so that it does not depend on what is installed.
    "fixup": "never",
    "external_downloader": {"default": "native"},
}
# Options, and keys of the options that are mappings, whose whole value is a secret.
SECRET_OPTIONS = (
    *("username", "password", "videopassword", "ap_username", "ap_password"),
    *("client_certificate_password", "http_headers"),
)
# Texts this long among extractor arguments are tokens, no names of clients or formats.
TOKEN_LENGTH = 16
REFERENCE = re.compile(r"\$\{(\w+)\}")
# As yt-dlp's --cookies-from-browser: BROWSER[+KEYRING][:PROFILE][::CONTAINER]
BROWSER = re.compile(r"([^+:]+)(?:\+([^:]+))?(?::(?!:)(.+?))?(?:::(.+))?")
COOKIE_FIELDS = 7  # domain, subdomains, path, secure, expires, name, value


def downloader_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of `yt_dlp.YoutubeDL` from the config section `platform`.

    Texts of `yt_dlp` may name environment variables as `${NAME}`, so that a secret need not
    stand in the config. Raises InputError naming one that is not set.
    """
    options: dict[str, Any] = _resolved(settings["yt_dlp"])
    retries = settings["retries"]
    options |= {"socket_timeout": settings["timeout_sec"], "retries": retries}
    options |= {"extractor_retries": retries, "fragment_retries": retries}
    if "impersonate" in options:
        options["impersonate"] = _impersonated(options["impersonate"])
    if settings["cookies_from_browser"]:
        options["cookiesfrombrowser"] = _browser(settings["cookies_from_browser"])
    return options | FIXED


def _resolved(value: Any) -> Any:
    """`value` with `${NAME}` in its texts replaced by environment variables."""
    if isinstance(value, Mapping):
        return {key: _resolved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    return REFERENCE.sub(_variable, value) if isinstance(value, str) else value


def _variable(reference: re.Match[str]) -> str:
    name = reference[1]
    if name not in os.environ:
        raise InputError(f"config, platform: yt_dlp: the environment variable {name} is not set")
    return os.environ[name]


def _impersonated(text: str) -> ImpersonateTarget:
    try:
        return ImpersonateTarget.from_str(text.lower())
    except ValueError as error:
        raise InputError(
            f"config, platform: yt_dlp: impersonate: found {text!r}; "
            "allowed: as yt-dlp's --impersonate, e.g. chrome"
        ) from error


def _browser(text: str) -> tuple[str | None, ...]:
    """Browser, profile, keyring and container, as yt-dlp takes them."""
    found = BROWSER.fullmatch(text)
    if found is None:
        raise InputError(f"config, platform: cookies_from_browser: cannot be read: {text!r}")
    browser, keyring, profile, container = found.groups()
    return browser.lower(), profile, keyring and keyring.upper(), container


def cookie_text(path: str | None) -> str | None:
    """The content of a cookies.txt, curl's `#HttpOnly_` lines included; None without a path.

    yt-dlp gets this text, never the path: at its end it would write the file anew. A line that
    is damaged is refused here by its number, for yt-dlp would print it. Raises InputError.
    """
    if path is None:
        return None
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError(f"{path}: the cookies file cannot be read ({reason})") from error
    for number, line in enumerate(text.splitlines(), start=1):
        fields = _cookie_fields(line)
        if fields and not _is_cookie(fields):
            raise InputError(
                f"{path}: line {number}: no cookie; expected: {COOKIE_FIELDS} fields with tabs "
                "in between, as browsers' exports for curl and yt-dlp have them (Netscape format)"
            )
    return f"# Netscape HTTP Cookie File\n{text}"


def _cookie_fields(line: str) -> list[str]:
    """The fields of a line of a cookies.txt; none for a comment or an empty line."""
    line = line.removeprefix("#HttpOnly_")
    return [] if line.startswith("#") or not line.strip() else line.split("\t")


def _is_cookie(fields: list[str]) -> bool:
    flags = {"TRUE", "FALSE"}
    return (
        len(fields) == COOKIE_FIELDS
        and {fields[1], fields[3]} <= flags
        and re.fullmatch(r"\d*(\.\d+)?", fields[4]) is not None
        and (fields[1] == "TRUE") == fields[0].startswith(".")
    )


def secret_texts(options: Mapping[str, Any], cookies: str | None) -> list[str]:
    """Texts that must stand in no log and no product, the longest first."""
    found = {text for name in SECRET_OPTIONS for text in _texts(options.get(name))}
    arguments = _texts(options.get("extractor_args"))
    found |= {text for text in arguments if len(text) >= TOKEN_LENGTH}
    found |= {login for text in _texts(dict(options)) if (login := _login(text))}
    for fields in map(_cookie_fields, (cookies or "").splitlines()):
        found |= {fields[-1].strip()} if len(fields) == COOKIE_FIELDS else set()
    # Of shorter ones ("1", "en") nothing would be left of a log.
    return sorted((text for text in found if len(text) >= 4), key=len, reverse=True)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _login(url: str) -> str | None:
    """What stands before the @ of an address."""
    return urllib.parse.urlsplit(url).netloc.rpartition("@")[0] if "://" in url else None
