"""Tokens in memory and in mapped shards: the same answers from both."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nanogpt.data.shards import Job, Prepared, Shard, shard_file, write_shard
from nanogpt.data.splits import BatchSampler, Splits, consecutive_batches
from nanogpt.data.tokens import MappedTokens, MemoryTokens


def mapped(ids: list[int], borders: list[int], folder: Path) -> MappedTokens:
    """Return ``ids`` in shards that end at ``borders``."""
    job = Job("x", 1, "text", 1, "char", None, 70_000 if max(ids, default=0) >> 16 else 9, "0" * 64)
    shards = []
    for index, (begin, end) in enumerate(pairwise([0, *sorted(borders), len(ids)])):
        part = np.array(ids[begin:end], dtype=np.int32)
        count, sha256 = write_shard(folder / shard_file(index), job.dtype, [part[:3], part[3:]])
        shards.append(Shard(index, count, 1, 1, "0" * 64, sha256))
    prepared = Prepared(folder, job, tuple(shards))
    prepared.save()
    return MappedTokens.of(Prepared.open(folder))


@settings(max_examples=40)
@pytest.mark.parametrize("largest", [2**16 - 1, 2**20])
@given(data=st.data())
def test_windows_cross_the_borders_of_shards(
    tmp_path_factory: pytest.TempPathFactory, largest: int, data: st.DataObject
) -> None:
    ids = data.draw(st.lists(st.integers(0, largest), min_size=1, max_size=30))
    borders = data.draw(st.lists(st.integers(0, len(ids)), max_size=5))
    in_files = mapped(ids, borders, tmp_path_factory.mktemp("shards"))
    in_memory = MemoryTokens(torch.tensor(ids, dtype=torch.int32))
    begin = data.draw(st.integers(0, len(ids) - 1))
    end = data.draw(st.integers(begin + 1, len(ids)))
    length = data.draw(st.integers(1, end - begin))
    starts = np.array(data.draw(st.lists(st.integers(0, end - begin - length), max_size=4)), int)
    for tokens in (in_files.slice(begin, end), in_memory.slice(begin, end)):
        windows = tokens.gather(starts, length)
        assert windows.dtype == torch.int64
        assert windows.shape == (len(starts), length)
        expected = [ids[begin + start : begin + start + length] for start in starts]
        assert windows.tolist() == expected
        assert tokens.tolist() == ids[begin:end]
        assert len(tokens) == end - begin


def test_batches_are_the_same_from_files_and_from_memory(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 5000, 1000, dtype=np.int32)
    in_files = Splits.by_position(mapped(ids.tolist(), [100, 100, 333, 950], tmp_path), 8)
    in_memory = Splits.by_position(ids, 8)
    for ours, theirs in ((in_files.train, in_memory.train), (in_files.val, in_memory.val)):
        first, second = (
            BatchSampler(tokens, block_size=8, batch_size=50, seed=1) for tokens in (ours, theirs)
        )
        for step in range(3):
            assert torch.equal(first.batch(step)[0], second.batch(step)[0])
            assert torch.equal(first.batch(step)[1], second.batch(step)[1])
        for overlap in (0, 3):
            one, two = (
                list(consecutive_batches(tokens, block_size=8, batch_size=7, overlap=overlap))
                for tokens in (ours, theirs)
            )
            for batch, other in zip(one, two, strict=True):
                assert torch.equal(torch.stack(batch), torch.stack(other))


@pytest.mark.parametrize("starts", [[-1], [0, 8]])
def test_window_beyond_the_end_is_an_error(tmp_path: Path, starts: list[int]) -> None:
    tokens = mapped(list(range(20)), [], tmp_path).slice(5, 15)
    with pytest.raises(IndexError, match="no window of 3 ids"):
        tokens.gather(np.array(starts), 3)


def test_checksum_tells_ids_and_parts_apart(tmp_path: Path) -> None:
    first = mapped([1, 2, 3], [1], tmp_path / "first")
    same = mapped([1, 2, 3], [1], tmp_path / "same")
    other = mapped([1, 2, 4], [1], tmp_path / "other")
    assert first.sha256() == same.sha256()
    assert len({first.sha256(), other.sha256(), first.slice(0, 2).sha256()}) == 3
    ids = torch.arange(4, dtype=torch.int32)
    sums = {MemoryTokens(part).sha256() for part in (ids, ids.clone(), ids[1:], ids[:-1])}
    assert len(sums) == 3


def test_array_is_not_copied() -> None:
    ids = np.arange(100, dtype=np.int32)
    splits = Splits.by_position(ids, 4)
    ids[0] = 77
    assert splits.train.tolist()[0] == 77
