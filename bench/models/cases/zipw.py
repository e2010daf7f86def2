"""A ZIP writer that can be told to lie, and a TAR writer."""
import struct
import zlib


class Member:
    def __init__(self, name, data=b"", method=0, lh_name=None, lh_method=None, crc=None, lh_crc=None, size=None, csize=None, lh_size=None, lh_csize=None,
                 flags=0, lh_flags=None, desc=False, extra=b"", lh_extra=b"", attr=0, host=0, comment=b"", in_cd=True, in_lh=True, pad=0, zip64=False, raw=None, ver=20):
        self.__dict__.update(locals())

    def payload(self):
        if self.raw is not None:
            return self.raw
        if self.method == 8:
            c = zlib.compressobj(6, zlib.DEFLATED, -15)
            return c.compress(self.data) + c.flush()
        if self.method == 12:
            import bz2
            return bz2.compress(self.data)
        if self.method == 14:
            import lzma
            f = [{"id": lzma.FILTER_LZMA1}]
            props = lzma._encode_filter_properties(f[0])
            c = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=f)
            return struct.pack("<BBH", 9, 4, len(props)) + props + c.compress(self.data) + c.flush()
        return self.data


def b(x):
    return x.encode("utf-8") if isinstance(x, str) else x


def zipfile(members, prefix=b"", suffix=b"", comment=b"", cd=True, eocd=True, zip64_eocd=False, entries=None, cd_offset_delta=0, adjust=True, align=0):
    out = bytearray(prefix)
    cds = []
    base = 0 if adjust else len(prefix)
    for m in members:
        pay = m.payload()
        crc = zlib.crc32(m.data) if m.crc is None else m.crc
        size = len(m.data) if m.size is None else m.size
        csize = len(pay) if m.csize is None else m.csize
        off = len(out) - base
        name = b(m.name)
        lname = name if m.lh_name is None else b(m.lh_name)
        fl = m.flags if m.lh_flags is None else m.lh_flags
        lm = m.method if m.lh_method is None else m.lh_method
        lcrc = crc if m.lh_crc is None else m.lh_crc
        ls = size if m.lh_size is None else m.lh_size
        lc = csize if m.lh_csize is None else m.lh_csize
        lx = m.lh_extra
        if m.zip64:
            lx = struct.pack("<HHQQ", 1, 16, ls, lc) + lx
            ls = lc = 0xFFFFFFFF
        if m.desc:
            fl |= 8
            lcrc, ls, lc = 0, 0, 0
        if align:
            need = (align - (len(out) + 30 + len(lname) + len(lx) + 4) % align) % align
            lx = lx + b"FB" + struct.pack("<H", need) + b"Z" * need
        if m.in_lh:
            out += struct.pack("<4s5H3I2H", b"PK\x03\x04", 45 if m.zip64 else m.ver, fl, lm, 0, 0x21, lcrc, lc & 0xFFFFFFFF, ls & 0xFFFFFFFF, len(lname), len(lx)) + lname + lx
        out += pay
        if m.desc:
            out += struct.pack("<4s3I", b"PK\x07\x08", crc, csize & 0xFFFFFFFF, size & 0xFFFFFFFF)
        if m.in_cd:
            x = m.extra
            co = off
            if m.zip64:
                x = struct.pack("<HHQQQ", 1, 24, size, csize, off) + x
                size = csize = co = 0xFFFFFFFF
            cds.append(struct.pack("<4s6H3I5H2I", b"PK\x01\x02", m.host << 8 | 20, 45 if m.zip64 else m.ver, m.flags | (8 if m.desc else 0), m.method, 0, 0x21, crc, csize & 0xFFFFFFFF, size & 0xFFFFFFFF,
                                   len(name), len(x), len(m.comment), 0, 0, m.attr, co) + name + x + m.comment)
    cdo = len(out) - base
    cdb = b"".join(cds)
    n = len(cds) if entries is None else entries
    if cd:
        out += cdb
        if zip64_eocd:
            z = len(out) - base
            out += struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, n, n, len(cdb), cdo)
            out += struct.pack("<4sIQI", b"PK\x06\x07", 0, z, 1)
        if eocd:
            if zip64_eocd:
                out += struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, len(comment)) + comment
            else:
                out += struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, n, n, len(cdb), (cdo + cd_offset_delta) & 0xFFFFFFFF, len(comment)) + comment
    return bytes(out) + suffix


def simple(files, method=0, **kw):
    return zipfile([Member(k, b(v), method=method) for k, v in files.items()], **kw)


def tarfile(entries, end=True):
    """entries: (name, data, typeflag, linkname, extra) with the last three optional."""
    out = bytearray()
    for e in entries:
        name, data = b(e[0]), b(e[1])
        typ = e[2] if len(e) > 2 else b"0"
        link = b(e[3]) if len(e) > 3 else b""
        opt = e[4] if len(e) > 4 else {}
        size = opt.get("size", len(data))
        h = bytearray(512)
        h[0:len(name[:100])] = name[:100]
        h[100:108] = b"0000644\0"
        h[108:116] = h[116:124] = b"0000000\0"
        h[124:136] = b"%011o\0" % size if size < 8 ** 11 else b"\x80" + size.to_bytes(11, "big")
        h[136:148] = b"%011o\0" % 1700000000
        h[156:157] = typ
        h[157:157 + len(link[:100])] = link[:100]
        h[257:265] = b"ustar\x0000" if not opt.get("v7") else b"\0" * 8
        if "prefix" in opt:
            h[345:345 + len(b(opt["prefix"]))] = b(opt["prefix"])
        h[148:156] = b" " * 8
        h[148:156] = b"%06o\0 " % sum(h) if not opt.get("badsum") else b"000000\0 "
        out += h + data + b"\0" * (-len(data) % 512)
    return bytes(out) + (b"\0" * 1024 if end else b"")


def pax(**kw):
    """The body of a pax header."""
    out = b""
    for k, v in kw.items():
        rec = b" %s=%s\n" % (b(k), b(v))
        n = len(rec) + 1
        while len(b"%d" % n + rec) != n:
            n = len(b"%d" % n + rec)
        out += b"%d" % n + rec
    return out
