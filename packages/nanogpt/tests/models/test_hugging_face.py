"""GPT-2's weights in both directions, against transformers; nothing is downloaded."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from nanogpt.errors import CheckpointError, ConfigError, OutputError
from nanogpt.models.config import GPTConfig
from nanogpt.models.gpt import GPT, cross_entropy
from nanogpt.models.hugging_face import load_gpt2, save_gpt2
from nanogpt.sampling.config import SamplingConfig
from nanogpt.sampling.generate import generate

VOCAB_SIZE = 97
CONFIG = GPTConfig(block_size=32, n_layer=2, n_head=2, n_embd=128)


@pytest.fixture(scope="module")
def theirs() -> Any:
    """A GPT-2 of transformers with random weights and biases."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    shape = {"n_positions": 32, "n_layer": 2, "n_head": 2, "n_embd": 128}
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=VOCAB_SIZE, bos_token_id=0, eos_token_id=0, **shape)
    ).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


@pytest.fixture
def folder(theirs: Any, tmp_path: Path) -> Path:
    """What transformers writes."""
    theirs.save_pretrained(tmp_path / "theirs")
    return tmp_path / "theirs"


def tensors_of(folder: Path) -> dict[str, Tensor]:
    return {
        name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()
    }


def rewrite(folder: Path, tensors: dict[str, Tensor]) -> None:
    save_file({k: t.contiguous() for k, t in tensors.items()}, folder / "model.safetensors")


def built(source: Path) -> GPT:
    config, state = load_gpt2(str(source))
    model = GPT(config, state["wte.weight"].size(0))
    model.load_state_dict(state)
    return model.eval()


def assert_equal(ours: GPT, theirs: Any) -> None:
    idx = torch.randint(VOCAB_SIZE, (3, 32), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits, expected = ours(idx), theirs(idx, labels=idx)
        loss = cross_entropy(logits[:, :-1], idx[:, 1:])
    torch.testing.assert_close(logits, expected.logits, rtol=0, atol=1e-5)
    assert loss.item() == pytest.approx(expected.loss.item(), abs=1e-5)
    greedy = theirs.generate(
        idx[:1, :4],
        attention_mask=torch.ones(1, 4),
        max_new_tokens=28,
        min_new_tokens=28,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=None,
    )[0, 4:]
    config = SamplingConfig(num_tokens=28, temperature=0)
    assert list(generate(ours, idx[0, :4].tolist(), config)) == greedy.tolist()


def test_whole_safetensors(theirs: Any, folder: Path) -> None:
    assert load_gpt2(str(folder))[0] == CONFIG
    assert_equal(built(folder), theirs)


def test_sharded_safetensors(theirs: Any, tmp_path: Path) -> None:
    theirs.save_pretrained(tmp_path, max_shard_size="200KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    assert_equal(built(tmp_path), theirs)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
def test_whole_bin(theirs: Any, folder: Path, zipped: bool) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(
        theirs.state_dict(),
        folder / "pytorch_model.bin",
        _use_new_zipfile_serialization=zipped,
    )
    assert_equal(built(folder), theirs)


def test_sharded_bin(theirs: Any, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    state = theirs.state_dict()
    names = [f"pytorch_model-0000{n}-of-00002.bin" for n in (1, 2)]
    weight_map = {tensor: names[number % 2] for number, tensor in enumerate(state)}
    for name in names:
        torch.save({k: v for k, v in state.items() if weight_map[k] == name}, folder / name)
    index = folder / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    assert_equal(built(folder), theirs)
    (folder / names[1]).unlink()
    with pytest.raises(CheckpointError, match=f"lists {names[1]}, which is not there"):
        load_gpt2(str(folder))


def test_names_without_prefix_masks_and_a_stored_head(theirs: Any, folder: Path) -> None:
    """As gpt2 on the hub was published."""
    tensors = {k.removeprefix("transformer."): t for k, t in tensors_of(folder).items()}
    for layer in range(2):
        tensors[f"h.{layer}.attn.bias"] = torch.ones(1, 1, 32, 32).tril()
        tensors[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    tensors["lm_head.weight"] = tensors["wte.weight"].clone()
    rewrite(folder, tensors)
    assert_equal(built(folder), theirs)


def test_bare_file_without_config(theirs: Any, folder: Path) -> None:
    (folder / "config.json").unlink()
    assert load_gpt2(str(folder / "model.safetensors"))[0] == CONFIG
    assert_equal(built(folder / "model.safetensors"), theirs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_float32(theirs: Any, folder: Path, dtype: torch.dtype) -> None:
    rewrite(folder, {name: tensor.to(dtype) for name, tensor in tensors_of(folder).items()})
    _, state = load_gpt2(str(folder))
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    expected = theirs.transformer.h[0].mlp.c_fc.weight.T.to(dtype).float()
    assert torch.equal(state["h.0.mlp.c_fc.weight"], expected)


def test_export_and_back_is_exact(tmp_path: Path) -> None:
    from transformers import GPT2LMHeadModel

    model = GPT(CONFIG, VOCAB_SIZE, torch.Generator().manual_seed(0)).eval()
    save_gpt2(CONFIG, dict(model.state_dict()), tmp_path, eos_token_id=None)
    theirs, report = GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert_equal(model, theirs.eval())
    again, state = load_gpt2(str(tmp_path))
    assert again == CONFIG
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in model.state_dict().items())


def test_export_without_biases_computes_the_same(tmp_path: Path) -> None:
    from transformers import GPT2LMHeadModel

    config = replace(CONFIG, bias=False)
    model = GPT(config, VOCAB_SIZE, torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    save_gpt2(config, dict(model.state_dict()), tmp_path, eos_token_id=None)
    theirs, report = GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert_equal(model, theirs.eval())
    assert_equal(built(tmp_path), theirs.eval())


def test_import_and_export_is_exact(folder: Path, tmp_path: Path) -> None:
    config, state = load_gpt2(str(folder))
    save_gpt2(config, state, tmp_path / "ours", eos_token_id=0)
    before, after = tensors_of(folder), tensors_of(tmp_path / "ours")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"positions": "rope"}, "no positions='rope'"),
        ({"norm": "rmsnorm"}, "no norm='rmsnorm'"),
        ({"activation": "relu2"}, "no activation='relu2'"),
        ({"qk_norm": True}, "no qk_norm=True"),
        ({"n_kv_head": 1}, "no n_kv_head=1"),
    ],
)
def test_export_refuses_what_gpt2_lacks(
    tmp_path: Path, option: dict[str, Any], message: str
) -> None:
    config = replace(CONFIG, **option)
    with pytest.raises(ConfigError, match=message):
        save_gpt2(config, dict(GPT(config, VOCAB_SIZE).state_dict()), tmp_path / "x", None)
    assert not (tmp_path / "x").exists()


def test_export_into_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        save_gpt2(CONFIG, dict(GPT(CONFIG, VOCAB_SIZE).state_dict()), tmp_path / "x", None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation_function": "gelu"}, "activation_function='gelu'.*'gelu_new' only"),
        ({"n_inner": 77}, "n_inner=77.*512 only"),
        ({"model_type": "llama"}, "model_type='llama'.*'gpt2' only"),
        ({"layer_norm_epsilon": 1e-6}, "layer_norm_epsilon=1e-06"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx=True"),
        ({"scale_attn_weights": False}, "scale_attn_weights=False"),
        ({"add_cross_attention": True}, "add_cross_attention=True"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings=False"),
        ({"n_layer": "two"}, "n_layer='two', not a number"),
        ({"n_head": 3}, "describes no GPT-2: n_embd must be a multiple of n_head"),
        ({"n_layer": 3}, "lacks tensor h.2.attn.c_attn.bias and 11 more"),
        ({"n_layer": 1}, "has unexpected tensor h.1.attn.c_attn.bias and 11 more"),
        ({"n_positions": 64}, r"tensor wpe.weight must be \[64, 128\], got \[32, 128\]"),
    ],
)
def test_config_that_we_cannot_compute_is_refused(
    folder: Path, change: dict[str, Any], message: str
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(CheckpointError, match=message):
        load_gpt2(str(folder))


def test_missing_unexpected_and_ill_shaped_tensors_are_named(folder: Path) -> None:
    tensors = tensors_of(folder)
    name = "transformer.h.1.mlp.c_fc.weight"
    for changed, message in [
        ({k: t for k, t in tensors.items() if k != name}, "lacks tensor h.1.mlp.c_fc.weight"),
        (tensors | {"transformer.h.0.x": torch.ones(1)}, "unexpected tensor h.0.x"),
        (tensors | {name: tensors[name].T}, r"c_fc.weight must be \[128, 512\], got \[512, 128\]"),
        (tensors | {name: torch.ones(3)}, r"c_fc.weight must be \[128, 512\], got \[3\]"),
        (tensors | {"lm_head.weight": torch.ones(VOCAB_SIZE, 128)}, "differs from wte.weight"),
        (tensors | {"wte.weight": torch.ones(3, 128)}, "holds the tensor .*wte.weight twice"),
        ({k: t for k, t in tensors.items() if "wte" not in k}, "lacks tensor wte.weight"),
    ]:
        rewrite(folder, changed)
        with pytest.raises(CheckpointError, match=message):
            load_gpt2(str(folder))


def test_weights_of_something_else_without_config(tmp_path: Path) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=r"is not a GPT-2: it has no matrix wte\.weight"):
        load_gpt2(str(tmp_path / "a.safetensors"))
    narrow = {"wte.weight": torch.ones(5, 48), "wpe.weight": torch.ones(5, 48)}
    save_file(narrow, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=r"put its config.json beside it"):
        load_gpt2(str(tmp_path / "a.safetensors"))


@pytest.mark.parametrize("keep", [0, 5, 1000, -10])
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_truncated_files_are_refused(theirs: Any, folder: Path, name: str, keep: int) -> None:
    torch.save(theirs.state_dict(), folder / "pytorch_model.bin")
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:keep])
    with pytest.raises(CheckpointError, match=f"{name} is damaged"):
        load_gpt2(str(folder / name))


def test_bin_that_would_run_code_is_refused(folder: Path) -> None:
    torch.save({"wte.weight": Path("x")}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="more than weights"):
        load_gpt2(str(folder / "pytorch_model.bin"))
    torch.save([1, 2], folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="must hold named tensors, got a list"):
        load_gpt2(str(folder / "pytorch_model.bin"))
    torch.save({"wte.weight": 3}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"'wte\.weight' is none"):
        load_gpt2(str(folder / "pytorch_model.bin"))


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_config_that_is_no_object(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load_gpt2(str(folder))


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds no weights; expected model\.safetensors"):
        load_gpt2(str(tmp_path))
    with pytest.raises(CheckpointError, match="no file or folder gpt3; expected one, or a name"):
        load_gpt2("gpt3")


def test_hub_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import errors

    asked = []

    def download(repository: str, file: str) -> str:
        asked.append((repository, file))
        if not (folder / file).exists():
            raise errors.EntryNotFoundError("404")
        return str(folder / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    config, _ = load_gpt2("gpt2-medium")
    assert config == CONFIG
    assert ("openai-community/gpt2-medium", "model.safetensors") in asked
    load_gpt2("somebody/gpt2-shakespeare")
    assert asked[-1][0] == "somebody/gpt2-shakespeare"


def test_hub_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import errors

    def download(_repository: str, _file: str) -> str:
        raise errors.LocalEntryNotFoundError("offline")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    with pytest.raises(CheckpointError, match="cannot reach the hub for openai-community/gpt2"):
        load_gpt2("gpt2")


def test_hub_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match="nanogpt's extra 'hub'"):
        load_gpt2("gpt2")
