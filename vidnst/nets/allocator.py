"""Keep freed memory for reuse: on Linux, returning it costs more than the arithmetic.

Feature maps take some megabytes each. glibc allocates blocks of that size by mmap and unmaps them
when they are freed, so that every layer touches new pages, which the kernel must zero.
"""

import ctypes
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST_MMAP_THRESHOLD = 32 << 20


def keep_freed_memory() -> None:
    """From now on, allocate blocks up to 32 MiB on the heap and do not shrink it.

    Does nothing where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
    mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
    # By default each thread would keep freed memory in an arena of its own.
    mallopt(_M_ARENA_MAX, 2)
