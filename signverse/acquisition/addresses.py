"""Addresses as they may be kept."""

import urllib.parse


def public_address(url: str) -> str:
    """The address without its query, where platforms put signatures, and without a login."""
    return urllib.parse.urlsplit(without_login(url))._replace(query="", fragment="").geturl()


def without_login(url: str) -> str:
    """The address without the user and password that may stand before its host."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
