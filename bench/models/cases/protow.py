"""Just enough of the protobuf wire format."""
import struct


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def f(num, v):
    """A field: int as varint, bytes/str as length-delimited, float as fixed32; a list repeats it."""
    if isinstance(v, list):
        return b"".join(f(num, x) for x in v)
    if v is None:
        return b""
    if isinstance(v, bool) or isinstance(v, int):
        return varint(num << 3) + varint(int(v))
    if isinstance(v, float):
        return varint(num << 3 | 5) + struct.pack("<f", v)
    if isinstance(v, str):
        v = v.encode()
    return varint(num << 3 | 2) + varint(len(v)) + v
