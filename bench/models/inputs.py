"""Makes the large and the many inputs of `speed.py`, harmless all of them, and keeps them in the cache folder.

Not a command of its own. Every maker returns the number of units (opcodes, members, files) that its input holds, so that
rates can be told; the count lies beside the input in NAME.count. Makers run in a child process: the kernel charges a
program with the memory of the one that started it, and `speed.py` must stay small.
"""
import io
import json
import multiprocessing
import os
import pickle
import random
import shutil
import struct
import sys
import zipfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "cases"))
from pickleasm import Asm, Build, Call, G, New, Pers, dumps  # noqa: E402

VERSION = "1"   # part of the folder's name: raise it when an input changes
SEED = 1


def small_pickle(path: Path) -> int:
    path.write_bytes(pickle.dumps({"threshold": 0.5, "classes": ["cat", "dog"]}, 4))
    return 1


def dense_block(draw: random.Random) -> bytes:
    """1,002 opcodes that leave the stack as it was: MARK, 1,000 small values, APPENDS."""
    kinds = (lambda: b"K" + draw.randbytes(1), lambda: b"M" + draw.randbytes(2), lambda: b"J" + draw.randbytes(4),
             lambda: b"N", lambda: b"\x88", lambda: b"]", lambda: b")", lambda: b"K" + draw.randbytes(1))
    return b"(" + b"".join(draw.choice(kinds)() for _ in range(1000)) + b"e"


def dense_pickle(path: Path, opcodes: int) -> int:
    """A list of small values, about one opcode for two bytes."""
    draw = random.Random(SEED)
    count = max(1, opcodes // 1002)
    blocks = [dense_block(draw) for _ in range(min(count, 500))]
    with path.open("wb") as out:
        out.write(b"\x80\x02]")
        for i in range(count):
            out.write(blocks[i % len(blocks)])
        out.write(b".")
    return count * 1002 + 3


def vocabulary(path: Path, entries: int = 6_500_000) -> int:
    """A dict from words to small numbers, as Python writes it: word, MEMOIZE, number."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    words = [a + b for a in digits for b in digits]
    ends = [a + b + c for a in digits for b in digits for c in digits]
    random.Random(SEED).shuffle(ends)
    left, opcodes = entries, 4
    with path.open("wb") as out:
        out.write(b"\x80\x04}\x94")
        for word in words:
            for start in range(0, min(left, len(ends)), 1000):
                part = ends[start:start + min(1000, left)]
                left -= len(part)
                entry = "".join(f"\x8c\x05{word}{end}\x94K{chr(ord(end[0]))}" for end in part).encode("latin-1")
                out.write(b"(" + entry + b"u")
                opcodes += 3 * len(part) + 2
        out.write(b".")
    return opcodes


def torch_zip(path: Path, tensors: int = 400, size: int = 5 << 20) -> int:
    """A checkpoint as torch.save lays it out: stored members, each aligned to 64 bytes."""
    draw = random.Random(SEED)

    def tensor(index: int) -> Call:
        storage = Pers(("storage", G("torch", "FloatStorage"), str(index), "cpu", size // 4))
        return Call(G("torch._utils", "_rebuild_tensor_v2"), storage, 0, (size // 4096, 1024), (1024, 1), False,
                    Call(G("collections", "OrderedDict")))

    state = dumps({f"model.layers.{i}.weight": tensor(i) for i in range(tensors)}, 2)
    with path.open("wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        def member(name: str, data: bytes) -> None:
            info = zipfile.ZipInfo(f"archive/{name}")
            pad = -(out.tell() + 30 + len(info.filename) + 4) % 64
            info.extra = b"FB" + struct.pack("<H", pad) + b"Z" * pad
            archive.writestr(info, data)

        member("data.pkl", state)
        member(".format_version", b"1")
        member(".storage_alignment", b"64")
        member("byteorder", b"little")
        for index in range(tensors):
            member(f"data/{index}", draw.randbytes(size))
        member("version", b"3\n")
        member(".data/serialization_id", b"0" * 40)
    return tensors


def safetensors(path: Path, tensors: int = 400, size: int = 5 << 20) -> int:
    draw = random.Random(SEED)
    header = {f"model.layers.{i}.weight": {"dtype": "F32", "shape": [size // 4096, 1024],
                                           "data_offsets": [i * size, (i + 1) * size]} for i in range(tensors)}
    told = json.dumps(header, separators=(",", ":")).encode()
    told += b" " * (-len(told) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(told)) + told)
        for _ in range(tensors):
            out.write(draw.randbytes(size))
    return tensors


def joblib_file(draw: random.Random) -> bytes:
    """An estimator's array as joblib frames it: wrapper, its state, padding, raw numbers."""
    dtype = Build(Call(G("numpy", "dtype"), "f8", False, True), (3, "<", None, None, None, -1, -1, 0))
    out = Asm(4, frame=False)
    out.enc(Build(New(G("joblib.numpy_pickle", "NumpyArrayWrapper")),
                  {"subclass": G("numpy", "ndarray"), "shape": (64,), "order": "C", "dtype": dtype, "allow_mmap": True,
                   "numpy_array_alignment_bytes": 16}))
    pad = 16 - (len(out.body()) + 3) % 16
    out.e(bytes([pad]) + b"\xff" * pad + draw.randbytes(512))
    return out.finish()


def npy_file(draw: random.Random) -> bytes:
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (256,), }"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + draw.randbytes(1024)


def safetensors_file(draw: random.Random) -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [8, 32], "data_offsets": [0, 1024]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + draw.randbytes(1024)


def gguf_file(draw: random.Random) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    pairs = {"general.architecture": "llama", "general.name": f"model {draw.randrange(1000)}"}
    out = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs))
    out += b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in pairs.items())
    out += text("token_embd.weight") + struct.pack("<IQQIQ", 2, 32, 8, 0, 0)
    return out + b"\0" * (-len(out) % 32) + draw.randbytes(1024)


def pickle_file(draw: random.Random) -> bytes:
    words = {f"token{draw.getrandbits(24)}": i for i in range(400)}
    return pickle.dumps({"vocabulary": words, "idf": [draw.random() for _ in range(400)], "version": "1.2"}, draw.choice((2, 3, 4, 5)))


def mixed_files(folder: Path, number: int = 2000) -> int:
    """Small files as a model store holds them, in the ratio of their kinds below."""
    draw = random.Random(SEED)
    config = {"architectures": ["BertModel"], "hidden_size": 768, "model_type": "bert", "vocab_size": 30522}
    kinds = [("model.pkl", pickle_file), ("model.pkl", pickle_file), ("model.joblib", joblib_file),
             ("model.joblib", lambda draw: zlib.compress(pickle_file(draw))), ("array.npy", npy_file),
             ("model.safetensors", safetensors_file), ("config.json", lambda draw: json.dumps(config | {"seed": draw.random()}).encode()),
             ("model.gguf", gguf_file), ("notes.txt", lambda draw: "\n".join(f"step {i} loss {draw.random():.4f}" for i in range(100)).encode()),
             ("vocab.txt", lambda draw: "\n".join(f"token{draw.getrandbits(24)}" for _ in range(500)).encode())]
    for index in range(number):
        name, make = kinds[index % len(kinds)]
        path = folder / f"{index // len(kinds):03}" / f"{index % len(kinds)}-{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make(draw))
    return number


def work(folder: Path, number: int = 200) -> int:
    """Files of about 5 MB: opcode-dense pickles, bare and in zips."""
    folder.mkdir()
    dense_pickle(folder / "first", 2_500_000)
    data = (folder / "first").read_bytes()
    (folder / "first").unlink()
    for index in range(number):
        if index % 2:
            (folder / f"{index}.pkl").write_bytes(data)
        else:
            with zipfile.ZipFile(folder / f"{index}.pt", "w", zipfile.ZIP_STORED) as archive:
                archive.writestr("archive/data.pkl", data)
                archive.writestr("archive/version", "3\n")
    return number


def copies_of_dense(folder: Path, opcodes: int, total: int) -> int:
    """As many pickles of that many opcodes as make the same total at every size."""
    folder.mkdir()
    dense_pickle(folder / "0.pkl", opcodes)
    for index in range(1, total // opcodes):
        shutil.copyfile(folder / "0.pkl", folder / f"{index}.pkl")
    return total


def copies_of_zip(folder: Path, members: int, total: int) -> int:
    """As many zips of that many small pickles as make the same total at every size."""
    folder.mkdir()
    draw = random.Random(SEED)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        for index in range(members):
            archive.writestr(f"data/{index}.pkl", pickle.dumps({"id": draw.getrandbits(31)}, 4))
    for index in range(total // members):
        (folder / f"{index}.zip").write_bytes(memory.getvalue())
    return total


def made(cache: Path, name: str, maker, *arguments) -> tuple[Path, int]:
    """The input of that name and its number of units, made now unless an earlier run left it."""
    path, count = cache / f"inputs-{VERSION}" / name, cache / f"inputs-{VERSION}" / f"{name}.count"
    if not count.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
        child = multiprocessing.get_context("fork").Process(
            target=lambda: count.with_suffix(".new").write_text(str(maker(path, *arguments))))
        child.start()
        child.join()
        if child.exitcode:
            sys.exit(f"could not make {path}")
        os.replace(count.with_suffix(".new"), count)
    return path, int(count.read_text())
