import numpy as np
import pytest
from sklearn import datasets as reference

from micrograd import InputError
from micrograd.datasets import DATASETS, Dataset, blobs, circles, moons, spirals, xor


def sorted_rows(points: object, classes: object) -> np.ndarray:
    rows = np.column_stack([np.array(points), np.array(classes)])
    return rows[np.lexsort(rows.round(9).T)]


@pytest.mark.parametrize("n", [2, 7, 100])
def test_moons_and_circles_lie_where_scikit_learn_puts_them(n: int) -> None:
    ours = moons(n, noise=0.0)
    theirs = reference.make_moons(n, shuffle=False)
    assert np.allclose(sorted_rows(ours.points, ours.classes), sorted_rows(*theirs), atol=1e-12)
    ours = circles(n, noise=0.0, factor=0.3)
    theirs = reference.make_circles(n, shuffle=False, factor=0.3)
    assert np.allclose(sorted_rows(ours.points, ours.classes), sorted_rows(*theirs), atol=1e-12)


def test_blobs_have_scikit_learns_distribution() -> None:
    ours = blobs(30_000, noise=0.4, seed=1)
    centers = np.array(blobs(3, noise=0.0).points)[np.argsort(blobs(3, noise=0.0).classes)]
    points, classes = reference.make_blobs(30_000, centers=centers, cluster_std=0.4, random_state=1)
    for k in range(3):
        mine = np.array(ours.points)[np.array(ours.classes) == k]
        assert np.allclose(mine.mean(axis=0), points[classes == k].mean(axis=0), atol=0.02)
        assert np.allclose(np.cov(mine.T), np.cov(points[classes == k].T), atol=0.01)


def test_noise_has_the_deviation_asked_for() -> None:
    noisy, clean = moons(20_000, noise=0.2, seed=4), moons(20_000, noise=0.0, seed=4)
    # The same seed shuffles alike, so that rows belong together.
    assert noisy.classes == clean.classes
    difference = np.array(noisy.points) - np.array(clean.points)
    assert np.allclose(difference.std(axis=0), 0.2, atol=0.005)


def test_arms_of_a_spiral_are_the_first_one_turned() -> None:
    data = spirals(90, noise=0.0, arms=3)
    rows = [(complex(*point), k) for point, k in zip(data.points, data.classes, strict=True)]
    arms = [sorted((z for z, k in rows if k == arm), key=abs) for arm in range(3)]
    for k in (1, 2):
        turned = np.array(arms[0]) * np.exp(2j * np.pi * k / 3)
        assert np.allclose(arms[k], turned)


def test_xor_is_the_sign_of_the_product() -> None:
    data = xor(100, noise=0.0)
    assert all((x * y < 0) == k for (x, y), k in zip(data.points, data.classes, strict=True))


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_is_balanced_shuffled_and_decided_by_its_seed(name: str) -> None:
    make = DATASETS[name]  # type: ignore[index]
    data = make(101, seed=3)
    counts = np.bincount(data.classes)
    assert len(data) == 101
    assert counts.max() - counts.min() <= 1
    assert data.classes != sorted(data.classes)
    assert data == make(101, seed=3)
    assert data != make(101, seed=4)
    with pytest.raises(InputError, match="at least one point per class"):
        make(1)
    with pytest.raises(InputError, match="expected 0 or more"):
        make(10, noise=-0.1)


def test_batches_hold_every_row_once() -> None:
    data = Dataset([(float(i), 0.0) for i in range(10)], list(range(10)))
    batches = list(data.batches(4, np.random.default_rng(0)))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    rows = [row for b in batches for row in zip(b.points, b.classes, strict=True)]
    assert sorted(rows) == list(zip(data.points, data.classes, strict=True))
    assert rows != sorted(rows)


def test_a_split_holds_every_row_once() -> None:
    data = moons(50)
    rest, held_out = data.split(0.2, seed=1)
    assert (len(rest), len(held_out)) == (40, 10)
    assert sorted(rest.points + held_out.points) == sorted(data.points)
    assert data.split(0.2, seed=1) == (rest, held_out)
    for share in (0.0, 1.0, -1.0, 7.0):
        with pytest.raises(InputError, match="leaves one part empty"):
            data.split(share, seed=1)
