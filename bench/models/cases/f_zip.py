"""Archives: records that disagree, paths that leave, links, bombs, polyglots; tar; plain archives."""
import bz2
import gzip
import io
import lzma
import struct
import zlib

from common import ECHO, PICKLE_NAMES, words
from pickleasm import Call, G, Inst, Obj, dumps
from zipw import Member, b, pax, simple, tarfile, zipfile
from f_torch import Store, state, tzip


def build(s):
    rng = s.rng("zip")
    evil = lambda p=None: dumps(rng.choice([lambda g, c: Call(g, c), lambda g, c: Inst(g, c), lambda g, c: [1, Obj(g, c)]])(G(*rng.choice([("os", "system"), ("posix", "system"), ("subprocess", "getoutput"), ("builtins", "exec"), ("runpy", "run_module"), ("pty", "spawn"), ("nt", "system"), ("pdb", "run")])), rng.choice(ECHO)), p if p is not None else rng.choice([0, 2, 3, 4]))
    good = lambda: dumps({"weights": [rng.random() for _ in range(20)], "name": words(rng, 3)}, rng.choice([2, 4]))
    N = ["model.zip", "model.pt", "model.bin", "weights.npz", "archive", "model.mar", "bundle.dat", "model.pth"]

    def bad(data, tech, name=None, threat="code-exec", label="malicious"):
        s.add("zip", label, name or rng.choice(N), data, tech, threat)
    M = Member
    e, g = evil, good
    names = lambda: rng.choice(["archive/data.pkl", "data.pkl", "model/data.pkl", "a.pkl", "weights.bin", "x/y/z", "noext", "m.joblib", "params.txt"])
    # plain and methods
    for m in (0, 8, 12, 14):
        bad(zipfile([M(names(), e(), m)]), "pickle in a zip, method %d" % m)
        bad(zipfile([M("readme.txt", b"hello"), M(names(), e(), m), M("config.json", b"{}")]), "pickle among other members, method %d" % m)
    # names disagree
    for i in range(4):
        bad(zipfile([M("archive/data.pkl", e(), rng.choice([0, 8]), lh_name=["archive/data.txt", "x", "archive/dbta.pkl", "archive/data.pkl\0.txt"][i]), M("archive/version", b"3\n")]), "local and central names differ")
        bad(zipfile([M(["data.txt", "x", "readme.md", "image.png"][i], e(), lh_name="archive/data.pkl")]), "central name hides the pickle name")
    bad(zipfile([M("archive/data.pkl", e(), 8, lh_method=0)]), "local header claims stored")
    bad(zipfile([M("archive/data.pkl", e(), 0, lh_method=8)]), "local header claims deflated")
    bad(zipfile([M("archive/data.pkl", e(), 99, lh_method=0)]), "central record claims an unknown method, local stored")
    bad(zipfile([M("archive/data.pkl", e(), 0, lh_method=99)]), "local record claims an unknown method")
    for crc in (0, 1, 0xFFFFFFFF, 0xDEADBEEF):
        bad(zipfile([M("archive/data.pkl", e(), rng.choice([0, 8]), crc=crc)]), "wrong CRC in both records")
        bad(zipfile([M("archive/data.pkl", e(), lh_crc=crc)]), "wrong CRC in the local record")
    for f in (0x1, 0x20, 0x40, 0x2000, 0x800, 0x41, 0xFFFF & ~8, 0x10, 0x4000):
        bad(zipfile([M("archive/data.pkl", e(), rng.choice([0, 8]), flags=f)]), "flag bits %#x although the data is plain" % f)
        bad(zipfile([M("archive/data.pkl", e(), lh_flags=f)]), "flag bits %#x in the local record only" % f)
    for sz in (0, 1, 5, 0x7FFFFFFF):
        bad(zipfile([M("archive/data.pkl", e(), 0, lh_size=sz, lh_csize=sz)]), "local sizes say %d" % sz)
        bad(zipfile([M("archive/data.pkl", e(), 8, size=sz)]), "uncompressed size says %d" % sz)
    bad(zipfile([M("archive/data.pkl", e(), desc=True), M("b", b"1")]), "data descriptor")
    bad(zipfile([M("archive/data.pkl", e(), 8, desc=True)]), "data descriptor, deflated")
    bad(zipfile([M("archive/data.pkl", e(), zip64=True)], zip64_eocd=True), "zip64 records")
    bad(zipfile([M("archive/data.pkl", e(), zip64=True)]), "zip64 extra fields without a zip64 end record")
    bad(b"PK\x07\x08" + zipfile([M("archive/data.pkl", e())], adjust=True), "PK0708 before the first record")
    bad(b"PK00" + zipfile([M("archive/data.pkl", e())]), "PK00 marker")
    # duplicates
    for k in range(3):
        two = [M("archive/data.pkl", g()), M("archive/data.pkl", e())]
        if k == 1:
            two.reverse()
        bad(zipfile(two + ([M("archive/data.pkl", g(), 8)] if k == 2 else [])), "duplicate names, one is harmful")
    bad(zipfile([M("archive/data.pkl", g()), M("archive/data.pkl", e(), in_cd=False)]), "record that is not in the directory, same name")
    bad(zipfile([M("readme", b"x"), M("archive/data.pkl", e(), in_cd=False)]), "record that is not in the directory")
    bad(zipfile([M("readme", b"x"), M("archive/data.pkl", e(), 8, in_cd=False)]), "deflated record that is not in the directory")
    bad(zipfile([M("a/data.pkl", g()), M("A/DATA.PKL", e())]), "names that differ by case only")
    # directory tricks
    z1, z2 = zipfile([M("archive/data.pkl", g())]), zipfile([M("archive/data.pkl", e())])
    bad(z2 + z1, "two archives one after the other, harmful one first")
    bad(z1 + z2, "two archives one after the other, harmful one last")
    bad(zipfile([M("archive/data.pkl", e())], comment=zipfile([M("archive/data.pkl", g())])), "archive inside the comment")
    bad(zipfile([M("archive/data.pkl", g())], comment=zipfile([M("archive/data.pkl", e())])), "harmful archive inside the comment")
    bad(zipfile([M("archive/data.pkl", e())], cd=False), "no central directory")
    bad(zipfile([M("archive/data.pkl", e(), 8)], cd=False), "no central directory, deflated")
    bad(zipfile([M("archive/data.pkl", e())], eocd=False), "no end record")
    bad(zipfile([M("x", b"1"), M("archive/data.pkl", e())], entries=1), "end record counts one member of two")
    bad(zipfile([M("x", b"1"), M("archive/data.pkl", e())], entries=0), "end record counts no members")
    bad(zipfile([M("archive/data.pkl", e())], cd_offset_delta=7), "directory offset is wrong")
    bad(zipfile([M("archive/data.pkl", e())], suffix=b"\0" * 200), "bytes after the end record")
    bad(zipfile([M("archive/data.pkl", e())], suffix=b"PK\x05\x06" + b"\0" * 18), "second, empty end record")
    bad(zipfile([M("archive/data.pkl", e())], prefix=b"#!/bin/sh\nexit 0\n", adjust=False), "bytes before the archive, offsets from the archive")
    bad(zipfile([M("archive/data.pkl", e())], prefix=rng.randbytes(3000)), "random bytes before the archive")
    bad(zipfile([M("archive/data.pkl", e())], prefix=b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", adjust=False), "PDF header before the archive")
    bad(zipfile([M("archive/data.pkl", e())], prefix=b"GIF89a" + b"\0" * 40, adjust=False), "GIF header before the archive")
    bad(zipfile([M("archive/data.pkl", e())], prefix=b"\x7fELF\x02\x01\x01" + b"\0" * 57, adjust=False), "ELF header before the archive", "model.bin")
    bad(dumps({"ok": 1}, 2) + zipfile([M("archive/data.pkl", e())]), "harmless pickle before a harmful archive")
    bad(e(2) + zipfile([M("archive/data.pkl", g())]), "harmful pickle before a harmless archive")
    bad(e(4) + tzip({"a": 1}, {}), "harmful pickle before a torch zip")
    bad(b"\x80\x02" + b"X" + struct.pack("<I", len(z1)) + z1 + b"0" + e(0), "harmful pickle that holds a zip in a string")
    bad(zipfile([M("archive/data.pkl", b"")], prefix=b"") + e(2), "harmful pickle after an archive", label="suspicious", threat="polyglot")
    # nested
    bad(zipfile([M("inner.zip", zipfile([M("archive/data.pkl", e())]), 8)]), "zip in zip")
    bad(zipfile([M("inner.dat", zipfile([M("deep.bin", zipfile([M("data.pkl", e())]))]))]), "zip in zip in zip, odd names")
    bad(zipfile([M("a.tar.gz", gzip.compress(tarfile([("data.pkl", e())]), mtime=0))]), "tar.gz in zip")
    bad(zipfile([M("w.npz", zipfile([M("arr.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n" + e())]))]), "npz in zip")
    bad(zipfile([M("data.pkl.xz", lzma.compress(e()))]), "xz member in zip")
    bad(zipfile([M("data.bin", bz2.compress(e()))]), "bzip2 member in zip")
    bad(zipfile([M("data.z", zlib.compress(e()))]), "zlib member in zip")
    for k in range(5):
        b_ = e()
        for d in range(k + 2):
            b_ = [lambda x: zipfile([M("m%d" % d, x, 8)]), lambda x: gzip.compress(x, mtime=0), lambda x: tarfile([("m", x)]), lzma.compress][(k + d) % 4](b_)
        bad(b_, "mixed containers %d deep" % (k + 2))
    # names and paths
    for p in ("../../../tmp/case.txt", "/etc/cron.d/case", "..\\..\\case.txt", "C:\\Windows\\case.txt", "a/../../b.txt", "\\\\192.0.2.1\\share\\x", "archive/../../../case.py", "./../x", "a\\..\\..\\x", "//etc/case", "C:case.txt"):
        bad(zipfile([M("archive/data.pkl", g()), M(p, b"text")]), "member path %s" % p, threat="path-traversal")
    bad(zipfile([M("archive/data.pkl", g()), M("link", b"/etc/passwd", attr=0o120777 << 16, host=3)]), "symbolic link to an absolute path", threat="path-traversal")
    bad(zipfile([M("link", b"../../..", attr=0o120777 << 16, host=3), M("link/x.txt", b"x")]), "symbolic link, then a member through it", threat="path-traversal")
    bad(zipfile([M("archive/data.pkl", g(), lh_name="../../tmp/case")]), "local name leaves, central name does not", threat="path-traversal")
    bad(zipfile([M("archive/data.pkl", g(), extra=struct.pack("<HHBI", 0x7075, 5 + 10, 1, zlib.crc32(b"archive/data.pkl")) + b"../../case")]), "unicode path field leaves", threat="path-traversal", label="suspicious")
    s.add("zip", "suspicious", "model.zip", zipfile([M("zeros.bin", b"\0" * 30_000_000, 8)]), "zip bomb by ratio", "dos")
    k = zipfile([M("z", b"\0" * 5_000_000, 8)])
    s.add("zip", "suspicious", "model.zip", zipfile([M("k%d.zip" % i, k, 8) for i in range(8)]), "nested zip bomb", "dos")
    kern = zlib.compressobj(9, zlib.DEFLATED, -15)
    kd = kern.compress(b"\0" * 2_000_000) + kern.flush()
    over = zipfile([M("f0", b"\0" * 2_000_000, 8)])
    cdents = b""
    for i in range(120):
        cdents += struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0x21, zlib.crc32(b"\0" * 2_000_000), len(kd), 2_000_000, 4, 0, 0, 0, 0, 0, 0) + b"f%03d" % i
    lh = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0x21, zlib.crc32(b"\0" * 2_000_000), len(kd), 2_000_000, 4, 0) + b"f000" + kd
    s.add("zip", "suspicious", "model.zip", lh + cdents + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 120, 120, len(cdents), len(lh), 0), "many directory records over one local record", "dos")
    # anomalies without payload
    s.add("zip", "suspicious", "model.pt", zipfile([M("archive/data.pkl", g()), M("archive/data.pkl", g())]), "duplicate names, both harmless", "anomaly")
    s.add("zip", "suspicious", "model.pt", zipfile([M("archive/data.pkl", g(), lh_name="archive/other.pkl")]), "names disagree, harmless", "anomaly")
    s.add("zip", "suspicious", "model.pt", zipfile([M("a", b"1"), M("hidden.txt", b"just text", in_cd=False)]), "hidden record, harmless", "anomaly")
    # harmless
    ok = lambda name, data, tech: s.add("zip", "benign", name, data, tech)
    for m in (0, 8):
        ok("model.zip", zipfile([M("model.pkl", g(), m), M("README.md", b"# model\nRun os.system? No.\n", m), M("config.json", b'{"exec": true}', m)]), "pickle and documents, method %d" % m)
        ok("data.zip", zipfile([M("data/", b"", attr=0o40755 << 16 | 16, host=3), M("data/a.csv", b"a,b\n1,2\n", m), M("data/b.txt", b"eval exec", m), M("img/x.png", b"\x89PNG\r\n\x1a\n" + rng.randbytes(99), m)]), "folders and data, method %d" % m)
    ok("model.zip", zipfile([M("a.txt", b"x" * 400, 8, desc=True), M("b.bin", rng.randbytes(400), 8, desc=True)]), "data descriptors, harmless")
    ok("model.zip", zipfile([M("a.txt", b"x" * 400, zip64=True)], zip64_eocd=True), "zip64, harmless")
    ok("empty.zip", zipfile([]), "empty archive")
    ok("model.zip", zipfile([M("inner.zip", zipfile([M("a.json", b"{}")], ))]), "harmless zip in zip")
    ok("notes.docx", simple({"[Content_Types].xml": "<?xml version=\"1.0\"?><Types/>", "word/document.xml": "<w:document>hello</w:document>"}, 8), "office document")
    ok("wheel-1.0-py3-none-any.zip", simple({"pkg/__init__.py": "import json\n\ndef load(path):\n    with open(path) as f:\n        return json.load(f)\n", "pkg-1.0.dist-info/METADATA": "Name: pkg\n"}, 8), "ordinary Python package in a zip")
    ok("model.zip", zipfile([M("unicode-é-漢.txt", b"x", flags=0x800)]), "unicode names")
    ok("model.zip", zipfile([M("a.txt", b"hello", comment=b"c")], comment=b"made by a tool"), "comments")
    ok("model.zip", zipfile([M("a.txt", b"A" * 200, 12), M("b.txt", b"B" * 200, 14)]), "bzip2 and lzma methods")
    ok("large_zeros.zip", zipfile([M("mask.bin", b"\0" * 20000, 8)]), "well-compressed but small")
    ok("many.zip", zipfile([M("f/%04d.txt" % i, b"row %d" % i) for i in range(1500)]), "1,500 small members")
    # encrypted, other archives
    def zipcrypto(data, name):
        """Real encryption by the old cipher (RFC: PKWARE appnote 6.1)."""
        k0, k1, k2 = 0x12345678, 0x23456789, 0x34567890
        tab = [0] * 256
        for i in range(256):
            c = i
            for _ in range(8):
                c = (c >> 1) ^ 0xEDB88320 if c & 1 else c >> 1
            tab[i] = c

        def upd(ch):
            nonlocal k0, k1, k2
            k0 = tab[(k0 ^ ch) & 255] ^ (k0 >> 8)
            k1 = ((k1 + (k0 & 255)) * 134775813 + 1) & 0xFFFFFFFF
            k2 = tab[(k2 ^ (k1 >> 24)) & 255] ^ (k2 >> 8)
        for ch in b"secret":
            upd(ch)
        out = bytearray()
        for ch in rng.randbytes(11) + bytes([zlib.crc32(data) >> 24]) + data:
            t = (k2 | 2) & 0xFFFF
            out.append(ch ^ (((t * (t ^ 1)) >> 8) & 255))
            upd(ch)
        return zipfile([Member(name, data, raw=bytes(out), flags=1)])
    for nm, d in (("data.pkl", g()), ("archive/data.pkl", e(2)), ("config.json", b'{"a": 1}'), ("weights.bin", rng.randbytes(400))):
        s.add("zip", "inconclusive", "model.zip", zipcrypto(d, nm), "encrypted zip member %s" % nm)
    aes = Member("data.pkl", b"x" * 100, raw=rng.randbytes(128), method=99, flags=1, extra=struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 8), lh_extra=struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 8), crc=0)
    s.add("zip", "inconclusive", "model.zip", zipfile([aes]), "zip member encrypted by AES")
    s.add("zip", "inconclusive", "model.rar", b"Rar!\x1a\x07\x01\x00" + rng.randbytes(300), "rar 5 archive")
    s.add("zip", "inconclusive", "model.rar", b"Rar!\x1a\x07\x00" + rng.randbytes(300), "rar 4 archive")
    s.add("zip", "inconclusive", "weights.bin", b"Rar!\x1a\x07\x01\x00" + rng.randbytes(300), "rar archive under another name")
    s.add("zip", "inconclusive", "model.7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + rng.randbytes(300), "7z archive that cannot be read")
    s.add("zip", "inconclusive", "model.zip", zipfile([M("a.bin", rng.randbytes(5000), 8)])[:2000], "zip cut in the middle of a deflated member")

    # ---------------- tar
    rng = s.rng("tar")
    T = lambda label, name, data, tech, threat=None: s.add("tar", label, name, data, tech, threat)
    TN = ["model.tar", "model.nemo", "checkpoint.tar", "archive", "model.pt", "weights.tar"]
    for i in range(4):
        T("malicious", rng.choice(TN), tarfile([("readme.txt", "x"), (names(), e())]), "pickle in tar", "code-exec")
        c = [lambda x: gzip.compress(x, mtime=0), bz2.compress, lzma.compress, lambda x: gzip.compress(gzip.compress(x, mtime=0), mtime=0)][i]
        T("malicious", ["model.tar.gz", "model.tar.bz2", "model.tar.xz", "model.tgz"][i], c(tarfile([("a/" + names(), e())])), "pickle in compressed tar", "code-exec")
    T("malicious", "model.tar", tarfile([("model.pkl", e(), b"0", b"", {"v7": True})]), "v7 tar", "code-exec")
    T("malicious", "model.tar", tarfile([("model.pkl", e())], end=False), "tar without end blocks", "code-exec")
    T("malicious", "model.tar", tarfile([("a.txt", b"x")]) + tarfile([("model.pkl", e())]), "second tar after the end blocks", "code-exec")
    T("malicious", "model.tar", tarfile([("a.txt", b"x" * 20), ("pax", pax(path="deep/model.pkl"), b"x"), ("short", e())]), "pax header renames the member", "code-exec")
    T("malicious", "model.tar", tarfile([("././@LongLink", b"x" * 120 + b".pkl\0", b"L"), ("x" * 100, e())]), "GNU long name", "code-exec")
    T("malicious", "model.tar", tarfile([("inner.tar", tarfile([("inner2.tar", tarfile([("m", e())]))]))]), "tar in tar in tar", "code-exec")
    T("malicious", "model.tar", tarfile([("model.pt", tzip(Call(G("os", "system"), "echo"), {}))]), "torch zip in tar", "code-exec")
    T("malicious", "model.tar", tarfile([("model.pkl", e(), b"\0")]), "old regular type flag", "code-exec")
    T("malicious", "model.tar", tarfile([("model.pkl", e(), b"7")]), "contiguous type flag", "code-exec")
    for p in ("../../etc/case", "/etc/case", "a/../../case", "..\\case", "C:/case"):
        T("malicious", rng.choice(TN[:3]), tarfile([("a.txt", "x"), (p, "x")]), "member path %s" % p, "path-traversal")
    T("malicious", "model.tar", tarfile([("x", "y", b"0", b"", {"prefix": "../../tmp"})]), "prefix field leaves", "path-traversal")
    T("malicious", "model.tar", tarfile([("pax", pax(path="../../../tmp/case"), b"x"), ("ok.txt", "x")]), "pax path leaves", "path-traversal")
    T("malicious", "model.tar", tarfile([("pax", pax(linkpath="/etc/passwd"), b"x"), ("ok", "", b"2", "safe")]), "pax link path leaves", "path-traversal")
    T("malicious", "model.tar", tarfile([("././@LongLink", b"../../tmp/case\0", b"L"), ("ok", b"x")]), "GNU long name leaves", "path-traversal")
    for t, ty in (("symbolic", b"2"), ("hard", b"1")):
        T("malicious", "model.tar", tarfile([("weights.bin", "", ty, "/etc/shadow")]), "%s link to an absolute path" % t, "path-traversal")
        T("malicious", "model.tar", tarfile([("l", "", ty, "../../../x"), ("l/y", "x")]), "%s link that leaves" % t, "path-traversal")
    for t, ty in (("character device", b"3"), ("block device", b"4"), ("fifo", b"6")):
        T("suspicious", "model.tar", tarfile([("dev", "", ty)]), t, "device")
    T("suspicious", "model.tar.gz", gzip.compress(tarfile([("zeros", b"\0" * 40_000_000)]), mtime=0), "tar.gz bomb by ratio", "dos")
    T("inconclusive", "model.tar", tarfile([("big.bin", rng.randbytes(3000), b"0", b"", {"size": 90000})], end=False), "member runs past the end")
    T("inconclusive", "model.tar.gz", gzip.compress(tarfile([("a.bin", rng.randbytes(20000))]), mtime=0)[:3000], "tar.gz cut")
    for i in range(3):
        T("benign", ["data.tar", "data.tar.gz", "data.tar.xz"][i], [lambda x: x, lambda x: gzip.compress(x, mtime=0), lzma.compress][i](tarfile([("data/", "", b"5"), ("data/a.csv", "x,y\n1,2\n"), ("data/model.pkl", g()), ("data/notes.md", "os.system is a function")])), "ordinary tar")
    T("benign", "model.tar", tarfile([("a.txt", "x"), ("latest.txt", "", b"2", "a.txt"), ("copy.txt", "", b"1", "a.txt")]), "links inside the archive")
    T("benign", "model.tar", tarfile([("pax", pax(mtime="1700000000.5", comment="made here"), b"x"), ("a.txt", "x")]), "harmless pax header")
    T("benign", "weights.tar", tarfile([("w%d.bin" % i, rng.randbytes(200)) for i in range(20)]), "weights in a tar")
    T("benign", "shard-000.tar", tarfile([y for i in range(20) for y in (("%06d.jpg" % i, b"\xff\xd8\xff\xe0" + rng.randbytes(100)), ("%06d.cls" % i, "%d" % i), ("%06d.json" % i, '{"caption": "eval"}'))]), "webdataset shard")
