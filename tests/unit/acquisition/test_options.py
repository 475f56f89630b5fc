"""yt-dlp's options from the config, and the secrets among them."""

from pathlib import Path
from typing import Any

import pytest
from platform_settings import platform_settings
from yt_dlp.cookies import YoutubeDLCookieJar
from yt_dlp.networking.impersonate import ImpersonateTarget

from signverse.acquisition.options import (
    FIXED,
    cookie_text,
    downloader_options,
    secret_texts,
)
from signverse.errors import InputError

COOKIES = (
    "# Netscape HTTP Cookie File\n"
    "# a comment\n\n"
    "#HttpOnly_.video.example\tTRUE\t/\tTRUE\t0\tSID\tsession-secret\n"
    "video.example\tFALSE\t/\tFALSE\t4102444800\tPREF\tlanguage-en\n"
)


def options(**given: Any) -> dict[str, Any]:
    return downloader_options(platform_settings(yt_dlp=given))


def test_time_limit_and_tries_go_to_every_kind_of_request() -> None:
    found = downloader_options(platform_settings(timeout_sec=7, retries=4))
    assert found["socket_timeout"] == 7
    names = ("retries", "extractor_retries", "fragment_retries")
    assert [found[name] for name in names] == [4, 4, 4]


def test_options_of_the_config_are_passed_on() -> None:
    given = {"proxy": "socks5://127.0.0.1:9", "extractor_args": {"youtube": {"skip": ["hls"]}}}
    assert options(**given).items() >= given.items()


def test_what_the_workflow_decides_stays_whatever_is_given() -> None:
    assert options(**dict.fromkeys(FIXED, "other")).items() >= FIXED.items()


def test_environment_variables_are_put_in_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_USER", "me")
    monkeypatch.setenv("THE_TOKEN", "web+abc")
    found = options(
        proxy="http://${THE_USER}:x@127.0.0.1:9",
        extractor_args={"youtube": {"po_token": ["${THE_TOKEN}", "$HOME"]}},
    )
    assert found["proxy"] == "http://me:x@127.0.0.1:9"
    assert found["extractor_args"] == {"youtube": {"po_token": ["web+abc", "$HOME"]}}


def test_an_environment_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    with pytest.raises(InputError, match=r"yt_dlp: the environment variable NOT_THERE is not set"):
        options(proxy="${NOT_THERE}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("firefox", ("firefox", None, None, None)),
        ("Firefox:work", ("firefox", "work", None, None)),
        ("firefox:work::shop", ("firefox", "work", None, "shop")),
        ("firefox::shop", ("firefox", None, None, "shop")),
        ("chromium+gnomekeyring:Default", ("chromium", "Default", "GNOMEKEYRING", None)),
        (None, None),
    ],
)
def test_a_browser_is_spelt_as_on_yt_dlps_command_line(text: str | None, expected: Any) -> None:
    found = downloader_options(platform_settings(cookies_from_browser=text))
    assert found.get("cookiesfrombrowser") == expected


def test_a_browser_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InputError, match=r"cookies_from_browser: cannot be read: '\+x'"):
        downloader_options(platform_settings(cookies_from_browser="+x"))


def test_a_browser_to_impersonate_is_given_by_name() -> None:
    assert options(impersonate="Chrome-110")["impersonate"] == ImpersonateTarget("chrome", "110")


@pytest.mark.parametrize("text", ["a:b:c", "-1"])
def test_a_browser_that_cannot_be_impersonated_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="yt_dlp: impersonate: found "):
        options(impersonate=text)


def test_yt_dlp_reads_the_text_of_a_cookies_file_with_curls_marks(tmp_path: Path) -> None:
    import io

    file = tmp_path / "cookies.txt"
    file.write_text(COOKIES)
    text = cookie_text(str(file))
    jar = YoutubeDLCookieJar(io.StringIO(text))
    jar.load()
    assert {(c.domain, c.name, c.value) for c in jar} == {
        (".video.example", "SID", "session-secret"),
        ("video.example", "PREF", "language-en"),
    }


@pytest.mark.parametrize("head", ["", "# HTTP Cookie File\n", "\ufeff# Netscape\r\n"])
def test_a_cookies_file_needs_no_head(tmp_path: Path, head: str) -> None:
    import io

    file = tmp_path / "cookies.txt"
    file.write_text(head + "video.example\tFALSE\t/\tFALSE\t0\ta\tb\r\n", encoding="utf-8")
    jar = YoutubeDLCookieJar(io.StringIO(cookie_text(str(file))))
    jar.load()
    assert [(cookie.name, cookie.value) for cookie in jar] == [("a", "b")]


def test_no_cookies_file_is_no_text() -> None:
    assert cookie_text(None) is None


@pytest.mark.parametrize(
    "line",
    [
        "SID=session-secret",
        '[{"name": "SID", "value": "session-secret"}]',
        ".video.example TRUE / TRUE 0 SID session-secret",
        ".video.example\tTRUE\t/\tTRUE\tsoon\tSID\tsession-secret",
        ".video.example\tyes\t/\tTRUE\t0\tSID\tsession-secret",
        "video.example\tTRUE\t/\tTRUE\t0\tSID\tsession-secret",
    ],
    ids=["header", "JSON", "blanks", "expiry", "flag", "domain"],
)
def test_a_damaged_line_is_refused_by_its_number_without_its_words(
    tmp_path: Path, line: str
) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text(f"# comment\n{line}\n")
    with pytest.raises(InputError, match=r"cookies\.txt: line 2: no cookie; expected: 7") as caught:
        cookie_text(str(file))
    assert "session-secret" not in str(caught.value)


def test_a_cookies_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.txt: the cookies file cannot be read \(No such"):
        cookie_text(str(tmp_path / "none.txt"))
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match=r"latin\.txt: .* \(not UTF-8\)"):
        cookie_text(str(tmp_path / "latin.txt"))


def test_secrets_are_logins_headers_passwords_tokens_and_cookies() -> None:
    found = options(
        proxy="http://me:proxy-secret@127.0.0.1:9",
        geo_verification_proxy="socks5://only-user@127.0.0.1:9",
        password="password-secret",
        http_headers={"Cookie": "header-secret"},
        extractor_args={"youtube": {"player_client": ["web"], "po_token": ["t" * 40]}},
        sleep_interval_requests=1.5,
    )
    assert set(secret_texts(found, COOKIES)) == {
        *("me:proxy-secret", "only-user", "password-secret", "header-secret", "t" * 40),
        *("session-secret", "language-en"),
    }


def test_the_longest_secret_comes_first_and_short_words_are_none() -> None:
    found = secret_texts(options(password="abcd", videopassword="abcdefg", username="en"), None)
    assert found == ["abcdefg", "abcd"]
