"""Messages hold names from files of strangers: they stay one short line."""

from napari_compressed_transcriptomics.core.errors import UserError, listing


def test_control_characters_are_shown_not_sent():
    assert str(UserError("gene \x1b[31mred\a\x9b; fix it")) == "gene \\x1b[31mred\\x07\\x9b; fix it"
    assert str(UserError("two\nlines\r\nand\u2028more")) == "two lines and more"
    assert str(UserError("right-to-left \u202e and half \ud800")) == (
        "right-to-left \\u202e and half \\ud800"
    )
    assert str(UserError("région 脳")) == "région 脳"


def test_a_message_has_at_most_500_characters_its_ends_kept():
    message = str(UserError("t.csv has " + "x" * 10_000 + "; fix the line"))
    assert len(message) == 500
    assert message.startswith("t.csv has xxx")
    assert message.endswith("xxx; fix the line")


def test_long_names_in_a_listing_lose_their_middle():
    shown = listing(["short", "a" * 300, "third"], most=2)
    assert shown.startswith("short, aaa")
    assert shown.endswith("aaa and 1 more")
    assert len(shown) < 90
