"""Finds the weights that ship with the package, checks them before use, and reads weights files."""

import hashlib
from importlib import resources
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from vidnst.errors import WeightsError

SHA256 = {
    "fast.safetensors": "b656ee00d490a3f347ba5e13235a30d9dbff5fcdfd52055f9e9879e724fb5d02",
    "slim.safetensors": "fb069ab002b6bf356eb261e52a66ad9a98e8c75dd92b2db55c689878cec23d8b",
}


def shipped_weights(name: str) -> Path:
    """The path of a weights file of this package, checked by its sha256.

    Looks inside the installed package, or in a checkout into the folder `weights` at its top.

    Raises WeightsError where the file is missing or not the one that was shipped.
    """
    installed = Path(str(resources.files("vidnst"))) / "weights" / name
    checkout = Path(str(resources.files("vidnst"))).parent / "weights" / name
    path = installed if installed.exists() else checkout
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
    try:
        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot read weights from {path}: {error}") from error
