"""``nanogpt estimate``."""

import json

import pytest

from nanogpt.cli import main

SMALL = ["--n-layer", "12", "--n-head", "12", "--n-embd", "768", "--block-size", "1024"]


def test_report(capsys: pytest.CaptureFixture[str]) -> None:
    main(["estimate", *SMALL, "--device", "a100-40gb", "--precision", "bfloat16"])
    printed = capsys.readouterr().out
    assert "124,439,808" in printed
    assert "at 35% of 312 TFLOP/s (a100-40gb, bfloat16)" in printed
    assert "fits into 40.0 GB" in printed
    main(["estimate", *SMALL, "--device", "t4", "--batch-size", "64"])
    assert "exceeds 16.0 GB" in capsys.readouterr().out


def test_json_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["estimate", *SMALL, "--device", "h100-sxm", "--precision", "float32"]
    main([*argv, "--json", "--batch-size", "4", "--mfu", "0.5", "--max-steps", "100"])
    result = json.loads(capsys.readouterr().out)
    assert result["tokens_per_step"] == 4 * 1024
    assert result["mfu"] == 0.5
    step = result["flops_per_token"] * 4096 / (0.5 * 66.9e12)
    assert result["seconds_per_step"] == pytest.approx(step)
    assert result["seconds"] == pytest.approx(100 * step)
    assert result["tokens_per_second"] == pytest.approx(4096 / step)
    assert result["memory_bytes_total"] == sum(result["memory_bytes"].values())
    # 6 N + 12 L C T, N without positions, norms and biases.
    weights = 12 * 12 * 768**2 + 50257 * 768
    assert result["flops_per_token"] == 6 * weights + 12 * 12 * 768 * 1024


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_several_devices_share_the_work(capsys: pytest.CaptureFixture[str], strategy: str) -> None:
    argv = ["estimate", *SMALL, "--device", "h100-sxm", "--strategy", strategy]
    main([*argv, "--batch-size", "64", "--json"])
    one = json.loads(capsys.readouterr().out)
    main([*argv, "--batch-size", "64", "--devices", "8", "--json"])
    eight = json.loads(capsys.readouterr().out)
    assert eight["seconds"] == pytest.approx(one["seconds"] / 8)
    assert eight["memory_bytes"]["activations"] == one["memory_bytes"]["activations"] // 8
    assert eight["memory_bytes"]["optimizer"] == one["memory_bytes"]["optimizer"] // (
        8 if strategy == "fsdp" else 1
    )
    main([*argv, "--batch-size", "64", "--devices", "8"])
    printed = capsys.readouterr().out
    assert "on each device, fits into" in printed
    assert "8 x h100-sxm, bfloat16" in printed


def test_this_cpu_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    main(["estimate", "--vocab-size", "65", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["peak_flops"] > 1e8
    assert result["seconds"] > 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--mfu", "0"], "mfu must be above 0 and at most 1, got 0.0"),
        (["--vocab-size", "0"], "vocab_size must be from 1 to 100,000,000, got 0"),
        (["--device", "t4", "--precision", "bfloat16"], "no peak of t4 in bfloat16 is known"),
        (["--devices", "0"], "devices must be at least 1"),
        (["--devices", "5"], "batch_size a multiple of devices times gradient_accumulation"),
        (["--n-head", "3"], "n_embd must be a multiple of n_head"),
    ],
)
def test_mistakes_get_one_line(
    capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["estimate", *flags])
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
