"""Finds the weights that ship with the package, checks them before use, and reads weights files."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vidnst.errors import WeightsError
from vidnst.media.places import cannot_write
from vidnst.shipped import shipped

SHA256 = {
    "fast.safetensors": "03a51f2cf60abd609a55e51e74a8a9088304b90b6b8287acff2e8e3344b8aadc",
    "slim.safetensors": "fb069ab002b6bf356eb261e52a66ad9a98e8c75dd92b2db55c689878cec23d8b",
    "slim-vgg16.safetensors": "aa9462085c9e149b8eedac55297cbd968531fef90901e7c19a836221065e42ca",
}


def shipped_weights(name: str) -> Path:
    """The path of a weights file of this package, checked by its sha256.

    Raises WeightsError where the file is missing or not the one that was shipped.
    """
    path = shipped(f"weights/{name}")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(
            f"the weights {name} are missing ({error.strerror}): install vidnst anew"
        ) from error
    if digest != SHA256[name]:
        raise WeightsError(
            f"the weights in {path} are not the shipped ones (damaged?): install vidnst anew"
        )
    return path


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file: its tensors as float32, and its metadata.

    Raises WeightsError where the file is missing or damaged.
    """
    with _opened(path) as file:
        tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        return tensors, file.metadata() or {}


def read_metadata(path: Path) -> dict[str, str]:
    """Read the metadata alone. Raises WeightsError where the file is missing or damaged."""
    with _opened(path) as file:
        return file.metadata() or {}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, "pt") as file:
            yield file
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot read weights from {path}: {error}") from error


def write_weights(
    path: Path,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str],
    *,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write a safetensors file; it appears whole or not at all.

    Raises OutputError where it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        plain = {key: t.detach().cpu().to(dtype).contiguous() for key, t in tensors.items()}
        partial.write_bytes(save(plain, dict(metadata)))
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        partial.unlink(missing_ok=True)
