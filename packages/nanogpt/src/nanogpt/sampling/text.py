"""From tokens to text while they are drawn, so that nothing shown is ever taken back.

A token may end inside a character: its first bytes wait for the rest. A text may end inside what
could become a stop string: that end waits until the string is complete or ruled out. So every
piece is whole characters, and the pieces together are the text up to the stop string.

A text ends where the first stop string is complete, as if it were read character by character;
where tokens begin and end makes no difference. It ends before that string, and of several that
end at the same place, before the longest. Only what is drawn is searched, not the prompt.
"""

import codecs
from collections.abc import Iterable, Iterator, Sequence

from nanogpt.tokenizers.base import Tokenizer


class TextStream:
    """Text of one row of tokens.

    Args:
        tokenizer: Whose tokens come; its end of text, if it has one, ends the text.
        stop: Strings before which the text ends.
    """

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str] = ()) -> None:
        self._tokenizer = tokenizer
        self._stop = stop
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # an end of the text that may be the beginning of a stop string
        self.ended = False

    def push(self, token: int) -> str:
        """Return the text that ``token`` settles; nothing once the text has ended."""
        if self.ended:
            return ""
        if token == self._tokenizer.eot:
            return self.finish()
        return self._release(self._decoder.decode(self._tokenizer.decode_bytes([token])))

    def finish(self) -> str:
        """End the text and return what was held back; half a character becomes U+FFFD."""
        if self.ended:
            return ""
        text = self._release(self._decoder.decode(b"", final=True)) + self._held
        self._held, self.ended = "", True
        return text

    def _release(self, new: str) -> str:
        text, self._held = self._held + new, ""
        found = [(text.find(stop) + len(stop), -len(stop)) for stop in self._stop if stop in text]
        if found:
            end, minus_length = min(found)
            self.ended = True
            return text[: end + minus_length]
        longest = max((len(stop) - 1 for stop in self._stop), default=0)
        for length in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-length:]) for stop in self._stop):
                self._held = text[-length:]
                return text[:-length]
        return text


def stream_text(
    tokens: Iterable[int], tokenizer: Tokenizer, stop: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the text of ``tokens`` piece by piece; take no token after its end.

    Args:
        tokens: What `generate` yields.
        tokenizer: Whose tokens they are; its end of text, if it has one, ends the text.
        stop: Strings before which the text ends, such as ``SamplingConfig.stop``.
    """
    stream = TextStream(tokenizer, stop)
    for token in tokens:
        yield stream.push(token)
        if stream.ended:
            return
    yield stream.finish()
