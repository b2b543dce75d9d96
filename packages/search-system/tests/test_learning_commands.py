"""``tune`` and ``train``: what they print, what they store, and when they store nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from search_system import Index
from search_system.cli import main
from search_system.learning_to_rank.model import MODEL_FILE
from search_system.learning_to_rank.parameters_file import PARAMETERS_FILE

WORDS = ("red", "blue", "green", "grey", "shoe", "boot", "coat", "scarf")
Command = Callable[..., str]


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Return products for which titles are right, and texts are full of words that are not."""
    folder = tmp_path / "shop"
    (folder / "qrels").mkdir(parents=True)
    rows, qrels = [], ["query-id\tcorpus-id\tscore"]
    for number in range(64):
        own, other = WORDS[number % 8], WORDS[(number // 8 + number + 1) % 8]
        text = f"{other} " * 6 + "and more"
        rows.append({"_id": str(number), "title": f"{own} thing", "text": text})
        qrels += [f"{own}\t{number}\t2"] + [f"{other}\t{number}\t0"] * (own != other)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    queries = [{"_id": word, "text": word} for word in WORDS] + [{"_id": "none", "text": "red"}]
    (folder / "queries.jsonl").write_text("".join(json.dumps(q) + "\n" for q in queries))
    (folder / "qrels" / "dev.tsv").write_text("\n".join([*qrels, "none\t1\t0"]) + "\n")
    (folder / "qrels" / "test.tsv").write_text("red\t3\t1\n")
    schema = '[fields.title]\ntype = "text"\n[fields.text]\ntype = "text"\n'
    (folder / "schema.toml").write_text(schema)
    return folder


@pytest.fixture
def run(
    tmp_path: Path, collection: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:  # fmt: skip
    """Return a function that runs a command on the indexed collection."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    main(["index", str(collection), "--schema", str(collection / "schema.toml")])
    capsys.readouterr()

    def run(*arguments: object) -> str:
        main([*map(str, arguments)])
        return capsys.readouterr().out

    return run


def test_tune_stores_what_gains(run: Command, collection: Path) -> None:
    before = json.loads(run("evaluate", collection, "--split", "dev", "--index", "shop", "--json"))
    page = run("tune", collection)
    assert "8 queries of shop, dev with a relevant document" in page
    assert "weight of text" in page
    assert "Saved: data/search/shop/ranking-parameters.json" in page
    index = Index.open("data/search/shop")
    assert index.parameters.bm25f.fields["text"].weight < 1
    assert index.parameters.tuned_on == "shop, dev"
    after = json.loads(run("evaluate", collection, "--split", "dev", "--index", "shop", "--json"))
    assert after["with_positive"]["ndcg_at_10"] > before["with_positive"]["ndcg_at_10"]
    own = json.loads(run("search", "red", "--json"))["hits"]
    flags = ("--weights", "text=1", "--k1", 1.2, "--b", 0.75)
    assert json.loads(run("search", "red", "--json", *flags))["hits"] != own


def test_tune_tells_programs_everything(run: Command, collection: Path) -> None:
    values = json.loads(run("tune", collection, "--json", "--dry-run", "--folds", 4))
    assert values["defaults"]["weight of text"] == 1.0
    assert values["tuned"]["weight of text"] < 1
    assert len(values["folds"]) == 4
    assert sorted(q for fold in values["folds"] for q in fold["queries"]) == sorted(WORDS)
    assert values["ndcg_at_10"]["gain"]["mean"] > 0
    assert values["saved"] is None
    assert not Path("data/search/shop", PARAMETERS_FILE).exists()
    assert values == json.loads(run("tune", collection, "--json", "--dry-run", "--folds", 4))


def test_a_part_of_many_queries_is_drawn(run: Command, collection: Path) -> None:
    flags = ("tune", collection, "--json", "--dry-run", "--most-queries", 5)
    values = json.loads(run(*flags))
    assert values["queries"] == 5
    assert values == json.loads(run(*flags))


def test_what_is_held_stays(run: Command, collection: Path) -> None:
    page = run("tune", collection, "--hold", "weight of text", "k1", "b")
    assert "The defaults stay" in page
    assert not Path("data/search/shop", PARAMETERS_FILE).exists()


def test_tuned_queries_are_too_good(
    run: Command, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("tune", collection)
    main(["evaluate", str(collection), "--split", "dev", "--index", "shop"])
    assert "tuned on these queries (shop, dev)" in capsys.readouterr().err
    main(["evaluate", str(collection), "--split", "test", "--index", "shop"])
    assert "tuned on" not in capsys.readouterr().err


def test_ranked_mode_measures_the_steps_of_understanding(run: Command, collection: Path) -> None:
    page = run("tune", collection, "--mode", "ranked", "--no-brands", "--folds", 2)
    assert "with what all queries chose" in page
    for step in ("spelling", "compounds", "categories"):
        assert f"\n{step} " in page
    assert "\nbrands " not in page
    assert Index.open("data/search/shop").parameters.switches.brands is False


def test_train_stores_a_model_that_gains(run: Command, collection: Path) -> None:
    page = run("train", collection, "--trees", 10, "--boosters", 1, "--weight", 1)
    assert "nDCG@10 of queries not learnt from, 5 folds: " in page
    assert "share of the gain" in page
    assert "Saved: data/search/shop/ranking-model.json" in page
    index = Index.open("data/search/shop")
    assert index.pipeline.model
    assert index.pipeline.model.trained_on == "shop, dev"
    hits = json.loads(run("search", "red", "--mode", "ranked", "--json"))["hits"]
    assert [hit["title"] for hit in hits[:8]] == ["red thing"] * 8
    run("tune", collection)
    assert not Path("data/search/shop", MODEL_FILE).exists()  # it had learnt from other scores


def test_a_model_that_cannot_be_read_is_replaced(run: Command, collection: Path) -> None:
    path = Path("data/search/shop", MODEL_FILE)
    path.write_text("{bad")
    run("train", collection, "--trees", 10, "--boosters", 1, "--weight", 1)
    assert Index.open("data/search/shop").pipeline.model


def test_parameters_that_cannot_be_read_are_replaced(
    run: Command, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("data/search/shop", PARAMETERS_FILE)
    path.write_text("{bad")
    with pytest.raises(SystemExit):
        run("search", "red")
    assert "tune them again" in capsys.readouterr().err
    main(["tune", str(collection)])
    captured = capsys.readouterr()
    assert "Saved: " in captured.out
    assert "no ranking parameters can be read" in captured.err
    assert Index.open("data/search/shop").parameters.tuned_on == "shop, dev"


def test_train_tells_programs_everything(run: Command, collection: Path) -> None:
    flags = ("--trees", 3, "--boosters", 1, "--folds", 2, "--dry-run", "--json")
    values = json.loads(run("train", collection, *flags))
    assert values["queries"] == 8
    assert values["saved"] is None
    assert sum(values["importance"].values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tune", "shop", "--index", "nowhere"], "nowhere"),
        (["tune", "shop", "--split", "best"], "no split 'best'"),
        (["tune", "shop", "--folds", "9"], "expected from 2 folds"),
        (["tune", "shop", "--mode", "hybrid"], "the index has no vectors"),
        (["tune", "shop", "--hold", "k1", "k2"], "tunes no parameter 'k2'"),
        (
            ["tune", "shop", "--mode", "ranked", "--brand-field", "maker"],
            "no keyword field 'maker'",
        ),
        (["tune", "shop", "--most-queries", "0"], "expected --most-queries from 1 up"),
        (["tune", "nothing"], "no such file or folder"),
        (["train", "shop", "--folds", "1"], "expected from 2 folds"),
        (["train", "shop", "--seed", "-1"], "expected boosters, trees"),
        (["train", "shop", "--trees", "0"], "expected boosters, trees"),
        (["search", "red", "--mode", "ranked", "--k1", "2"], "the index's own parameters"),
    ],
)
def test_bad_input_is_one_line(
    run: Command, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run(*arguments)
    captured = capsys.readouterr()
    assert (exit_.value.code, captured.out) == (2, "")
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1
