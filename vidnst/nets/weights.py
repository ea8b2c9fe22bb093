"""Finds the weights that ship with the package, checks them before use, and reads weights files."""

import hashlib
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
from vidnst.media.whole import whole_file
from vidnst.options.shipped import shipped

_OF_STYLES = {
    "bauhaus": "d916c4b0e5987456d8e291a73905e97fc4a76d133a548e3ce1202d9bad2ca9fa",
    "glass": "f435bcb6a8f21b4b4531991f2e9f56c9bb02afa81fc41afa5151936470f86903",
    "hatching": "82f8c9b8c967325f9e1f43dd12d2f9379ee437290a40a9dbbc7dfa274ad9f529",
    "ink": "0559a967e7f2dc113bf8e2d67b420f86a092399100db155af3d1bee5a570e262",
    "linocut": "a0fef76a7a0ef5cd3631ed838a8561d802cc995414d215c3cabda86a72493bc0",
    "mosaic": "ea8efec34caef4ad0d7bc8ed46b085a552a503856374eeb3f736699a80993096",
    "oil": "3776594ae860e6d146cbf1e1ca42b7ec6b521fc6683e37ac4aae2330026883b6",
    "papercut": "c02944f632c3d7c18a4b9022997d225fde9fbe83c1f66b9493a112a145c5772e",
    "pastel": "8add3428a84b1b965a7317108f0bc51538ed423c9ecd3e6cedc55bd1c5bc320d",
    "points": "e24a72cbff4765c2b6e3100857f55cd9ac35538761bb9653eab06b50d694dd71",
    "ukiyo": "98d02b02d6c5a9e8163dea439ccb8da78254cad859ce6ac75a0adb2d7d614325",
    "watercolor": "d09d91975c5721e3d401e48e38bcd2a986c5042e0f6234d4909c5a334cf25cb9",
    "wave": "6bef5abeabcb037dd9a38c7fb45b3ee798efbc702469953611894398f0909540",
    "woodcut": "6a0186c53f6c0fd788d9b12b36b30b3b740fa46c7d7d0dbacd5abcbebbc3256f",
}
"""SHA-256 of the networks of the built-in styles."""

SHA256 = {
    "fast.safetensors": "b8f0fa715d55467a269947df649b218d7fa9f406a954e4951cc1a2bb7fa79708",
    "slim.safetensors": "fb069ab002b6bf356eb261e52a66ad9a98e8c75dd92b2db55c689878cec23d8b",
    "slim-vgg16.safetensors": "df88656cf1736cb475fc870b08cf0cfbe930a67c1cb7c7d9c6ad55c7f42ea9a4",
    **{f"styles/{name}.safetensors": digest for name, digest in _OF_STYLES.items()},
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
    """Write a safetensors file, atomically.

    Raises OutputError where it cannot be written.
    """
    plain = {key: t.detach().cpu().to(dtype).contiguous() for key, t in tensors.items()}
    try:
        with whole_file(path) as part:
            part.write_bytes(save(plain, dict(metadata)))
    except OSError as error:
        raise cannot_write(path, error) from error
