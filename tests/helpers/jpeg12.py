"""JPEGs of 12 bits a channel, which no library at hand writes: extended sequential, Huffman."""

import struct

import numpy as np
import numpy.typing as npt

_ZIGZAG = sorted(
    range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8)
)
_DC = list(range(16))
_AC = [0, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 15))]
_DC_BITS, _AC_BITS = 5, 8
"""Of each code: all are alike, which is simple, not small."""


def jpeg12(planes: list[npt.NDArray[np.int64]], segments: bytes = b"") -> bytes:
    """A picture of one component, or of Y, Cb and Cr, each (H, W) in 0..4095, sides in eights.

    segments: what stands before it in the file, such as EXIF and profiles.
    """
    count, (height, width) = len(planes), planes[0].shape
    tables = _segment(0xDB, bytes([0, *[1] * 64]))
    tables += _segment(0xC4, _codes(0, _DC, _DC_BITS)) + _segment(0xC4, _codes(0x10, _AC, _AC_BITS))
    parts = b"".join(bytes([number, 0x11, 0]) for number in range(count))
    frame = _segment(0xC1, struct.pack(">BHHB", 12, height, width, count) + parts)
    scanned = b"".join(bytes([number, 0]) for number in range(count))
    scan = _segment(0xDA, bytes([count]) + scanned + bytes([0, 63, 0]))
    bits = _scan(planes)
    bits += "1" * (-len(bits) % 8)
    coded = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    return b"\xff\xd8" + segments + tables + frame + scan + coded + b"\xff\xd9"


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _codes(place: int, symbols: list[int], bits: int) -> bytes:
    counts = [len(symbols) if length == bits else 0 for length in range(1, 17)]
    return bytes([place, *counts, *symbols])


def _scan(planes: list[npt.NDArray[np.int64]]) -> str:
    k = np.arange(8)
    cosines = np.cos((2 * k + 1) * k[:, None] * np.pi / 16) * np.where(k[:, None], 0.5, 8**-0.5)
    bits, before = [], [0] * len(planes)
    for top in range(0, planes[0].shape[0], 8):
        for left in range(0, planes[0].shape[1], 8):
            for number, plane in enumerate(planes):
                block = plane[top : top + 8, left : left + 8] - 2048.0
                waves = np.rint(cosines @ block @ cosines.T).astype(int).ravel()[_ZIGZAG].tolist()
                bits.append(_coded(0, waves[0] - before[number], _DC, _DC_BITS))
                before[number] = waves[0]
                bits.append(_run_lengths(waves[1:]))
    return "".join(bits)


def _run_lengths(waves: list[int]) -> str:
    bits, zeros = [], 0
    for wave in waves:
        if not wave:
            zeros += 1
            continue
        bits += [_coded(15, 0, _AC, _AC_BITS)] * (zeros // 16)
        bits.append(_coded(zeros % 16, wave, _AC, _AC_BITS))
        zeros = 0
    return "".join(bits) + (_coded(0, 0, _AC, _AC_BITS) if zeros else "")


def _coded(zeros: int, value: int, symbols: list[int], bits: int) -> str:
    size = abs(value).bit_length()
    code = f"{symbols.index(zeros << 4 | size):0{bits}b}"
    return code + (f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else "")
