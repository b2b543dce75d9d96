"""Stage ``data``: the data set that all later stages read.

Raw files are ingested into the stage's output. A data set that ``ingest`` wrote before is not
copied: the output then only says where it is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fashion_recsys.dataset import Dataset, DatasetFiles
from fashion_recsys.errors import InputError
from fashion_recsys.ingestion.ingest import ingest
from fashion_recsys.ingestion.shop import ingest_log
from fashion_recsys.ingestion.shop_spec import ShopSpec
from fashion_recsys.pipeline.stage import Stage, StageContext
from fashion_recsys.stages import names

_FOLDER = "data"
_ELSEWHERE = "elsewhere.json"
_SPEC_ENDING = ".toml"


def data_stage(source: Path) -> Stage:
    """Return the stage for Kaggle's folder or zip, another shop's TOML, or an ingested data set.

    Raises:
        InputError: there is nothing at ``source``, or the TOML is not what it should be.
    """
    if not source.exists():
        raise InputError(
            f"{source}: no such file or folder; expected Kaggle's folder or zip, the TOML of "
            "another shop's log, or a folder that 'fashion-recsys ingest' wrote"
        )
    files = DatasetFiles(source)
    report = files.folder / DatasetFiles.REPORT
    ingested = report.is_file()
    raw: tuple[Path, ...] = (source,)
    if source.suffix == _SPEC_ENDING:
        raw = (source, *ShopSpec.read(source).files)
    return Stage(
        names.DATA,
        make_data,
        params={"source": str(source.absolute()), "ingested": ingested},
        files=(report,) if ingested else raw,
        doc="check the raw files and write them as Parquet",
    )


def make_data(context: StageContext) -> Mapping[str, Any]:
    """Ingest the source, or note where the data set is."""
    source = Path(context.params["source"])
    if context.params["ingested"]:
        text = json.dumps({"folder": str(source)})
        (context.out / _ELSEWHERE).write_text(text + "\n", encoding="utf-8")
    elif source.suffix == _SPEC_ENDING:
        ingest_log(source, context.out / _FOLDER, progress=context.progress)
    else:
        ingest(source, context.out / _FOLDER, progress=context.progress)
    report = DatasetFiles(folder_of(context.out)).read_report()
    return {
        "rows": report["log"]["rows"],
        "customers": report["customers"]["total"],
        "articles": report["articles"]["total"],
    }


def folder_of(output: Path) -> Path:
    """Return the folder of the data set, given the output of this stage."""
    elsewhere = output / _ELSEWHERE
    if elsewhere.exists():
        return Path(json.loads(elsewhere.read_text(encoding="utf-8"))["folder"])
    return output / _FOLDER


def dataset_of(output: Path) -> Dataset:
    """Open the data set, given the output of this stage.

    Raises:
        DatasetError: it has gone, or is damaged.
    """
    return Dataset.open(folder_of(output))
