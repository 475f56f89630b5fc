import pytest

from signverse.acquisition.addresses import public_address, without_login


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://a.example/x?sig=secret#part", "https://a.example/x"),
        ("https://me:secret@a.example:8/x", "https://a.example:8/x"),
        ("", ""),
    ],
)
def test_a_public_address_has_no_login_and_no_signature(url: str, public: str) -> None:
    assert public_address(url) == public


def test_an_address_without_login_keeps_its_query() -> None:
    assert without_login("https://me@a.example/x?v=1#t") == "https://a.example/x?v=1#t"
