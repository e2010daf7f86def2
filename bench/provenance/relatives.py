"""Models of random architectures, and relatives and strangers of each: what `lineage.py` judges."""

import json
import pathlib
import struct

import numpy as np


# ---- writing files -------------------------------------------------------------------------------------------------

def bf16_bits(values):
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def safetensors(path, tensors, dtype="F32"):
    """Tensors are arrays, or (dtype, shape, bytes)."""
    header, body, at = {}, [], 0
    for name, tensor in tensors.items():
        if isinstance(tensor, tuple):
            kind, shape, data = tensor
        elif tensor.dtype != np.float32:
            kind = {"int8": "I8", "int32": "I32", "int64": "I64", "uint8": "U8"}[tensor.dtype.name]
            shape, data = tensor.shape, np.ascontiguousarray(tensor).tobytes()
        else:
            kind, shape = dtype, tensor.shape
            tensor = np.ascontiguousarray(tensor)
            data = {"F32": lambda: tensor.tobytes(), "F16": lambda: tensor.astype(np.float16).tobytes(),
                    "BF16": lambda: bf16_bits(tensor).tobytes(), "F64": lambda: tensor.astype(np.float64).tobytes()}[dtype]()
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        body.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(body))


def q8_0(row):
    blocks = row.reshape(-1, 32)
    d = (np.abs(blocks).max(1) / 127).astype(np.float16)
    q = np.round(blocks / np.where(d == 0, 1, d).astype(np.float32)[:, None]).clip(-127, 127).astype(np.int8)
    return b"".join(d[i].tobytes() + q[i].tobytes() for i in range(len(blocks)))


def q4_0(row):
    blocks = row.reshape(-1, 32)
    peak = blocks[np.arange(len(blocks)), np.abs(blocks).argmax(1)]
    d = (peak / -8).astype(np.float16)
    q = (np.round(blocks / np.where(d == 0, 1, d).astype(np.float32)[:, None]) + 8).clip(0, 15).astype(np.uint8)
    packed = q[:, :16] | (q[:, 16:] << 4)
    return b"".join(d[i].tobytes() + packed[i].tobytes() for i in range(len(blocks)))


def gguf(path, tensors, kind):
    """A GGUF 3 file; matrices whose rows are a multiple of 32 are quantised, others are f32."""
    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()
    infos, body, at = b"", b"", 0
    for name, tensor in tensors.items():
        if tensor.ndim == 2 and tensor.shape[1] % 32 == 0:
            number, data = {"q8_0": (8, q8_0), "q4_0": (2, q4_0)}[kind]
            data = data(tensor.astype(np.float32))
        else:
            number, data = 0, np.ascontiguousarray(tensor, np.float32).tobytes()
        infos += text(name) + struct.pack("<I", tensor.ndim)
        infos += b"".join(struct.pack("<Q", size) for size in reversed(tensor.shape))
        infos += struct.pack("<IQ", number, at)
        data += b"\0" * (-len(data) % 32)
        body += data
        at += len(data)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 1)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama") + infos
    head += b"\0" * (-len(head) % 32)
    pathlib.Path(path).write_bytes(head + body)


# ---- making models -------------------------------------------------------------------------------------------------

def draw(rng, kind, shape):
    values = {
        "gauss": lambda: rng.standard_normal(shape),
        "laplace": lambda: rng.laplace(size=shape),
        "student": lambda: rng.standard_t(3, shape),
        "uniform": lambda: rng.uniform(-1, 1, shape),
        # Channels of very different strength, and a few outliers, as large language models have them.
        "channels": lambda: rng.standard_normal(shape) * rng.lognormal(0, 0.7, (1, shape[-1])),
        "outliers": lambda: rng.standard_normal(shape) * np.where(rng.random((1, shape[-1])) < 0.01, 30, 1),
    }[kind]()
    return (values * 0.02).astype(np.float32)


def architecture(rng):
    width = int(rng.choice([32, 48, 64, 96, 128, 160]))
    return {"width": width, "hidden": int(width * rng.choice([2, 4, 2.5])), "layers": int(rng.integers(1, 6)),
            "words": int(rng.choice([100, 256, 777, 1024])), "biases": bool(rng.random() < 0.5),
            "positions": bool(rng.random() < 0.4), "rotary": bool(rng.random() < 0.4),
            "kind": str(rng.choice(["gauss", "laplace", "student", "uniform", "channels", "outliers"]))}


def model(rng, plan):
    w, h = plan["width"], plan["hidden"]
    tensors = {"embed.weight": draw(rng, plan["kind"], (plan["words"], w))}
    if plan["positions"]:
        place = np.arange(256)[:, None] / 10000 ** (np.arange(w)[None, :] // 2 * 2 / w)
        tensors["positions"] = np.where(np.arange(w) % 2 == 0, np.sin(place), np.cos(place)).astype(np.float32)
    if plan["rotary"]:
        tensors["rotary.inv_freq"] = (10000.0 ** (-np.arange(0, w, 2) / w)).astype(np.float32)
    for layer in range(plan["layers"]):
        at = f"layers.{layer}."
        for name, shape in {"q": (w, w), "k": (w, w), "v": (w, w), "o": (w, w), "up": (h, w), "down": (w, h)}.items():
            tensors[f"{at}{name}.weight"] = draw(rng, plan["kind"], shape)
            if plan["biases"]:
                tensors[f"{at}{name}.bias"] = draw(rng, "gauss", (shape[0],))
        tensors[f"{at}norm.weight"] = (1 + 0.1 * rng.standard_normal(w)).astype(np.float32)
    return tensors


def fixed(name):
    return name in ("positions", "rotary.inv_freq")


def each(tensors, change, vectors=True):
    return {name: tensor if fixed(name) or (tensor.ndim < 2 and not vectors) else change(tensor).astype(np.float32)
            for name, tensor in tensors.items()}


def noise(rng, tensor, share):
    return tensor + share * tensor.std() * rng.standard_normal(tensor.shape)


def rounded(tensor, levels, how):
    flat = tensor.reshape(tensor.shape[0], -1)
    if how == "tensor":
        scale = np.abs(flat).max() / levels
    elif how == "row":
        scale = np.abs(flat).max(1, keepdims=True) / levels
    elif how == "column":
        scale = np.abs(flat).max(0, keepdims=True) / levels
    else:
        size = flat.size - flat.size % how
        groups = flat.ravel()[:size].reshape(-1, how)
        scale = np.abs(groups).max(1, keepdims=True) / levels
        scale[scale == 0] = 1
        done = np.concatenate([(np.round(groups / scale) * scale).ravel(), flat.ravel()[size:]])
        return done.reshape(tensor.shape)
    scale = np.where(scale == 0, 1, scale)
    return (np.round(flat / scale) * scale).reshape(tensor.shape)


def pruned(rng, tensor, share, how):
    if how == "magnitude":
        return np.where(np.abs(tensor) < np.quantile(np.abs(tensor), share), 0, tensor)
    return np.where(rng.random(tensor.shape) < share, 0, tensor)


def renamed(rng, tensors):
    names = list(tensors)
    rng.shuffle(names)
    return {f"m.{index}": tensors[name] for index, name in enumerate(names)}


def reordered(rng, tensors, plan):
    """Hidden units of every layer in another order: the model computes the same."""
    out = dict(tensors)
    for layer in range(plan["layers"]):
        order = rng.permutation(plan["hidden"])
        up, down = f"layers.{layer}.up", f"layers.{layer}.down"
        out[up + ".weight"] = tensors[up + ".weight"][order]
        out[down + ".weight"] = tensors[down + ".weight"][:, order]
        if plan["biases"]:
            out[up + ".bias"] = tensors[up + ".bias"][order]
    return out


def packed_int8(tensors):
    out = {}
    for name, tensor in tensors.items():
        if tensor.ndim == 2 and not fixed(name):
            scale = np.abs(tensor).max(1, keepdims=True) / 127
            out[name] = np.round(tensor / scale).astype(np.int8)
            out[name + "_scale"] = scale.astype(np.float32)
        else:
            out[name] = tensor
    return out


def packed_int4(tensors, how):
    out = {}
    for name, tensor in tensors.items():
        rows, columns = tensor.shape if tensor.ndim == 2 else (0, 0)
        if not rows or fixed(name) or columns % 32 or rows % 8:
            out[name] = tensor
            continue
        stem = name.removesuffix(".weight")
        groups = tensor.reshape(rows, -1, 32)
        scale = np.abs(groups).max(2, keepdims=True) / 7
        codes = (np.round(groups / scale) + 8).clip(0, 15).astype(np.uint32).reshape(rows, columns)
        if how == "compressed-tensors":
            words = sum(codes[:, k::8] << (4 * k) for k in range(8))
            out[stem + ".weight_packed"] = words.astype(np.uint32).view(np.int32)
            out[stem + ".weight_scale"] = scale[:, :, 0].astype(np.float32)
            out[stem + ".weight_shape"] = np.array([rows, columns], np.int64)
        elif how == "gptq":
            codes = codes.T
            words = sum(codes[k::8] << (4 * k) for k in range(8))
            out[stem + ".qweight"] = words.astype(np.uint32).view(np.int32)
            out[stem + ".scales"] = scale[:, :, 0].T.astype(np.float32)
            out[stem + ".qzeros"] = np.zeros((columns // 32, rows // 8), np.int32)
        else:
            codes = codes.T
            words = sum(codes[:, k::8] << (4 * place) for k, place in enumerate([0, 4, 1, 5, 2, 6, 3, 7]))
            out[stem + ".qweight"] = words.astype(np.uint32).view(np.int32)
            out[stem + ".scales"] = scale[:, :, 0].T.astype(np.float32)
            out[stem + ".qzeros"] = np.zeros((columns // 32, rows // 8), np.int32)
    return out


def relatives(rng, plan, folder):
    """Yields (case, file a, file b, accepted relations; empty when unrelated)."""
    base = model(rng, plan)
    a = folder / "a.safetensors"
    safetensors(a, base)
    count = 0

    def keep(tensors, dtype="F32"):
        nonlocal count
        count += 1
        path = folder / f"{count}.safetensors"
        safetensors(path, tensors, dtype)
        return path

    yield "renamed", a, keep(renamed(rng, base)), {"same-weights"}
    yield "transposed", a, keep({n: t.T if t.ndim == 2 else t for n, t in base.items()}), {"same-weights"}
    yield "scaled", a, keep(each(base, lambda t: t * rng.uniform(0.2, 5))), {"same-weights"}
    for dtype in ("F16", "BF16", "F64"):
        yield f"cast {dtype}", a, keep(renamed(rng, base), dtype), {"same-weights-cast"}
    half = {n: t.astype(np.float16).astype(np.float32) for n, t in base.items()}
    yield "cast and back", a, keep(half), {"same-weights-cast"}
    for levels, bits in ((127, 8), (7, 4)):
        for how in ("tensor", "row", "column", 32, 128):
            made = each(base, lambda t: rounded(t, levels, how), vectors=False)
            yield f"int{bits} per {how}", a, keep(made), {"quantised"}
    yield "int8 stored", a, keep(packed_int8(base)), {"quantised"}
    for how in ("compressed-tensors", "gptq", "awq"):
        if plan["width"] % 32 == 0 and plan["hidden"] % 32 == 0:
            yield f"int4 {how}", a, keep(packed_int4(base, how)), {"quantised"}
    for kind in ("q8_0", "q4_0"):
        if plan["width"] % 32 == 0:
            path = folder / f"{kind}.gguf"
            gguf(path, renamed(rng, base), kind)
            yield f"gguf {kind}", a, path, {"quantised"}
    for share in (0.001, 0.01, 0.05, 0.2, 0.4):
        yield f"tuned {share}", a, keep(each(base, lambda t: noise(rng, t, share))), {"finetuned"}
    tuned = renamed(rng, each(base, lambda t: noise(rng, t, 0.05)))
    yield "tuned, renamed, bf16", a, keep(tuned, "BF16"), {"finetuned"}

    def low_rank(tensor):
        if tensor.ndim < 2:
            return tensor
        update = rng.standard_normal((tensor.shape[0], 4)) @ rng.standard_normal((4, tensor.shape[1]))
        return tensor + 0.2 * tensor.std() * update / update.std()
    yield "lora merged", a, keep(each(base, low_rank)), {"finetuned"}
    for share in (0.1, 0.3, 0.5, 0.7):
        for how in ("magnitude", "random"):
            made = each(base, lambda t: pruned(rng, t, share, how), vectors=False)
            yield f"pruned {share} {how}", a, keep(made), {"pruned"}
    other = model(rng, plan)
    b = keep(other)
    yield "fresh seed", a, b, set()
    yield "fresh seed, renamed", a, keep(renamed(rng, model(rng, plan))), set()
    yield "fresh seed, bf16", a, keep(model(rng, plan), "BF16"), set()
    for part in (0.3, 0.5, 0.7):
        mixed = {n: t if fixed(n) else (part * t + (1 - part) * other[n]).astype(np.float32) for n, t in base.items()}
        made = keep(mixed)
        yield f"merge {part}", a, made, {"merge"}
        yield f"merge {1 - part:.1f}, other parent", b, made, {"merge"}
    def spherical(one, two, share):
        angle = np.arccos(np.clip(np.sum(one * two) / np.sqrt(np.sum(one ** 2) * np.sum(two ** 2)), -1, 1))
        return ((np.sin(share * angle) * one + np.sin((1 - share) * angle) * two) / np.sin(angle)).astype(np.float32)
    for part in (0.3, 0.5, 0.7):
        made = keep({n: t if fixed(n) or t.ndim < 2 else spherical(t, other[n], part) for n, t in base.items()})
        yield f"spherical merge {part}", a, made, {"merge"}
        yield f"spherical merge {1 - part:.1f}, other parent", b, made, {"merge"}
    same_vectors = {n: base[n] if t.ndim < 2 else t for n, t in model(rng, plan).items()}
    yield "fresh seed, same norms and biases", a, keep(same_vectors), set()
    untrained = [{n: np.full_like(t, n.endswith("norm.weight")) if t.ndim < 2 and not fixed(n) else t
                  for n, t in model(rng, plan).items()} for _ in range(2)]
    yield "fresh seed, norms of ones", keep(untrained[0]), keep(untrained[1]), set()
    yield "shuffled", a, keep(each(base, lambda t: rng.permutation(t.ravel()).reshape(t.shape) if t.ndim > 1 else rng.permutation(t))), set()
    yield "other architecture", a, keep(model(rng, architecture(rng))), set()
    yield "other distribution", a, keep(model(rng, plan | {"kind": "gauss" if plan["kind"] != "gauss" else "student"})), set()
    yield "hidden units reordered", a, keep(reordered(rng, base, plan)), {"permuted"}
    whole = each(base, lambda t: t[rng.permutation(t.shape[0])][:, rng.permutation(t.shape[1])] if t.ndim > 1 else rng.permutation(t))
    yield "all rows and columns reordered", a, keep(whole), {"permuted"}
    words = plan["words"]
    tuned_vectors = {n: noise(rng, t, 0.05).astype(np.float32) if t.ndim < 2 and not fixed(n) else t for n, t in base.items()}
    yield "vectors alone tuned", a, keep(tuned_vectors), {"finetuned"}
    longer = dict(each(base, lambda t: noise(rng, t, 0.01)))
    longer["embed.weight"] = np.concatenate([longer["embed.weight"], draw(rng, plan["kind"], (int(rng.integers(1, 40)), plan["width"]))])
    yield "vocabulary resized", a, keep(longer), {"finetuned"}
    only = {"embed.weight": base["embed.weight"]}
    grown = np.concatenate([base["embed.weight"], draw(rng, plan["kind"], (8, plan["width"]))])
    yield "embedding alone, resized", keep(only), keep({"embed.weight": grown}), {"finetuned"}
    head = each(base, lambda t: noise(rng, t, 0.02)) | {"head.weight": draw(rng, "gauss", (3, plan["width"])), "head.bias": np.zeros(3, np.float32)}
    yield "new head", a, keep(head), {"finetuned"}
    if plan["layers"] > 2:
        gone = {n: t for n, t in base.items() if not n.startswith("layers.1.")}
        yield "layer removed", a, keep(gone), {"pruned", "finetuned"}
        extra = model(rng, plan)
        grown = base | {n.replace("layers.0.", "layers.99."): t for n, t in extra.items() if n.startswith("layers.0.")}
        yield "layer added", a, keep(grown), {"finetuned"}
    sibling = each(base, lambda t: noise(rng, t, 0.1))
    yield "siblings", keep(each(base, lambda t: noise(rng, t, 0.1))), keep(sibling), {"finetuned"}
    init = model(rng, plan)
    one = {n: t if fixed(n) else t + 0.7 * model_noise for n, t, model_noise in ((n, t, noise(rng, t * 0, 0) + draw(rng, plan["kind"], t.shape)) for n, t in init.items())}
    two = {n: t if fixed(n) else t + 0.7 * draw(rng, plan["kind"], t.shape) for n, t in init.items()}
    yield "shared initialisation, trained far", keep({n: t.astype(np.float32) for n, t in one.items()}), keep({n: t.astype(np.float32) for n, t in two.items()}), {"finetuned", "merge"}
