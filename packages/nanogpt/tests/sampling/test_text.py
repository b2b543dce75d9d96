"""What is shown is valid UTF-8, is never taken back, and ends where the whole text says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt.sampling.text import TextStream, stream_text
from nanogpt.tokenizers.char import CharTokenizer


class Pieces:
    """A tokenizer whose tokens are any bytes, as those of byte pairs are."""

    def __init__(self, pieces: list[bytes], eot: int | None = None) -> None:
        self._pieces = pieces
        self.eot = eot

    def decode_bytes(self, ids: list[int]) -> bytes:
        return b"".join(self._pieces[token] for token in ids)


def shown(pieces: list[bytes], stop: tuple[str, ...] = (), eot: int | None = None) -> list[str]:
    return list(stream_text(range(len(pieces)), Pieces(pieces, eot), stop))  # type: ignore[arg-type]


def cut_by_hand(text: str, stop: tuple[str, ...]) -> str:
    """Read character by character, until the text so far ends with a stop string."""
    for end in range(len(text) + 1):
        complete = [s for s in stop if text[:end].endswith(s)]
        if complete:
            return text[: end - max(map(len, complete))]
    return text


BYTES = st.lists(st.sampled_from([b"a", b"b", b"ab", b"\xe2", b"\x82", b"\xac", b"\xff", b""]))
STOPS = st.lists(st.text("ab€\ufffd", min_size=1, max_size=4), max_size=3).map(tuple)


@given(BYTES, STOPS)
def test_pieces_are_the_text_up_to_the_first_stop(
    pieces: list[bytes], stop: tuple[str, ...]
) -> None:
    whole = b"".join(pieces).decode("utf-8", "replace")
    assert "".join(shown(pieces, stop)) == cut_by_hand(whole, stop)


@given(st.lists(st.binary(max_size=5)), STOPS)
def test_every_piece_is_valid_utf8(pieces: list[bytes], stop: tuple[str, ...]) -> None:
    for piece in shown(pieces, stop):
        piece.encode("utf-8")


@given(st.text(), st.data())
def test_borders_of_tokens_make_no_difference(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)))))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    stop = ("ab", "b", "\n")
    assert "".join(shown(pieces, stop)) == "".join(shown([raw], stop))
    assert "".join(shown(pieces)) == text


def test_character_waits_for_its_last_byte() -> None:
    assert shown([b"a", b"\xe2\x82", b"\xac", b"b"]) == ["a", "", "€", "b", ""]
    assert shown([b"a\xe2\x82"]) == ["a", "\ufffd"]


def test_stop_string_waits_until_it_is_complete_or_ruled_out() -> None:
    assert shown([b"x", b"E", b"N", b"D", b"y"], ("END",)) == ["x", "", "", ""]
    assert shown([b"x", b"E", b"N", b"T", b"y"], ("END",)) == ["x", "", "", "ENT", "y", ""]
    assert shown([b"x", b"E", b"N"], ("END",)) == ["x", "", "", "EN"]
    assert shown([b"say END now"], ("END",)) == ["say "]


def test_stop_string_completed_first_wins() -> None:
    assert "".join(shown([b"abc"], ("abc", "b"))) == "a"
    assert "".join(shown([b"abc"], ("bc", "abc"))) == ""


def test_no_token_is_taken_after_the_end() -> None:
    tokens = iter(range(4))
    pieces = Pieces([b"a", b"b", b"c", b"d"])
    assert "".join(stream_text(tokens, pieces, ("b",))) == "a"  # type: ignore[arg-type]
    assert next(tokens) == 2


def test_end_of_text_token_ends_the_text() -> None:
    assert "".join(shown([b"a", b"E", b"<|endoftext|>", b"b"], ("END",), eot=2)) == "aE"


def test_ended_stream_gives_nothing_more() -> None:
    stream = TextStream(CharTokenizer("ab"), ("b",))
    assert [stream.push(token) for token in (1, 2, 1)] == ["a", "", ""]
    assert stream.ended
    assert stream.finish() == ""


@pytest.mark.parametrize("text", ["", "to be", "ab\ud800"])
def test_characters_pass_through(text: str) -> None:
    tokenizer = CharTokenizer.train(text)
    pieces = list(stream_text(tokenizer.encode(text).tolist(), tokenizer))
    assert "".join(pieces) == text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
