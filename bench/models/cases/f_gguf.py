"""GGUF files."""
import struct

import templates
from pickleasm import Call, G, dumps

FAM = "gguf"
TYPES = {0: (4, 1), 1: (2, 1), 2: (18, 32), 3: (20, 32), 6: (22, 32), 8: (34, 32), 12: (144, 256), 14: (210, 256), 30: (2, 1)}


def st(x):
    x = x.encode() if isinstance(x, str) else x
    return struct.pack("<Q", len(x)) + x


def kv(k, v):
    if isinstance(v, bool):
        return st(k) + struct.pack("<IB", 7, v)
    if isinstance(v, int):
        return st(k) + struct.pack("<II", 4, v)
    if isinstance(v, float):
        return st(k) + struct.pack("<If", 6, v)
    if isinstance(v, (str, bytes)):
        return st(k) + struct.pack("<I", 8) + st(v)
    if isinstance(v, list):
        if v and isinstance(v[0], str):
            return st(k) + struct.pack("<IIQ", 9, 8, len(v)) + b"".join(st(x) for x in v)
        if v and isinstance(v[0], float):
            return st(k) + struct.pack("<IIQ", 9, 6, len(v)) + struct.pack("<%df" % len(v), *v)
        return st(k) + struct.pack("<IIQ", 9, 5, len(v)) + struct.pack("<%di" % len(v), *v)
    raise TypeError(v)


def gguf(meta, tensors, rng, version=3, nt=None, nk=None, align=32, raw_kv=b"", offs=None, dims=None, data=None, extra=b"", nkv_extra=0):
    kvs = b"".join(kv(k, v) for k, v in meta.items()) + raw_kv
    infos, off, blob = b"", 0, b""
    for i, (name, shape, t) in enumerate(tensors):
        n = 1
        for d in shape:
            n *= d
        by, bl = TYPES.get(t, (4, 1))
        size = n * by // bl
        dd = dims[i] if dims and dims[i] is not None else shape
        o = offs[i] if offs and offs[i] is not None else off
        infos += st(name) + struct.pack("<I", len(dd)) + struct.pack("<%dQ" % len(dd), *dd) + struct.pack("<IQ", t, o)
        size += -size % align
        off += size
        blob += rng.randbytes(size)
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors) if nt is None else nt, len(meta) + nkv_extra if nk is None else nk) + kvs + infos
    head += b"\0" * (-len(head) % align)
    return head + (blob if data is None else data) + extra


def meta(arch="llama", tpl=None, **kw):
    m = {"general.architecture": arch, "general.name": "test model", "general.file_type": 15, arch + ".context_length": 4096, arch + ".embedding_length": 64, arch + ".block_count": 2, arch + ".attention.layer_norm_rms_epsilon": 1e-5, arch + ".rope.freq_base": 10000.0,
         "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": ["<s>", "</s>", "os", "eval", "system", "__import__", "a"], "tokenizer.ggml.scores": [0.0, 1.0], "tokenizer.ggml.token_type": [3, 3, 1], "tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.add_bos_token": True}
    if tpl:
        m["tokenizer.chat_template"] = tpl
    m.update(kw)
    return m


TS = [("token_embd.weight", (64, 7), 0), ("blk.0.attn_q.weight", (64, 64), 1), ("output.weight", (64, 8), 0)]


def build(s):
    rng = s.rng(FAM)
    for tech, t in rng.sample(templates.HOSTILE, 30):
        s.add(FAM, "malicious", rng.choice(["model.gguf", "model-q4.gguf", "ggml-model.bin", "model"]), gguf(meta(tpl=t), TS, rng), "template injection: %s" % tech, "ssti")
    for k in ("tokenizer.chat_template.tool_use", "tokenizer.chat_template.rag"):
        s.add(FAM, "malicious", "model.gguf", gguf(meta(tpl=templates.BENIGN[0][1], **{k: templates.HOSTILE[1][1], "tokenizer.chat_templates": ["tool_use"]}), TS, rng), "injection in the named template", "ssti")
    for tech, t in templates.BACKDOOR:
        s.add(FAM, "suspicious", "model.gguf", gguf(meta(tpl=t), TS, rng), "template backdoor: %s" % tech, "template-backdoor")
    S = lambda data, tech: s.add(FAM, "suspicious", "model.gguf", data, tech, "structure")
    S(gguf(meta(), TS, rng, nt=1 << 62), "tensor count far too large")
    S(gguf(meta(), TS, rng, nk=1 << 62), "metadata count far too large")
    S(gguf(meta(), TS, rng, nk=0xFFFFFFFF), "metadata count 32-bit end")
    S(gguf(meta(), TS, rng, raw_kv=struct.pack("<Q", 1 << 63) + b"key", nkv_extra=1), "key length overflows")
    S(gguf(meta(), TS, rng, raw_kv=st("x") + struct.pack("<IQ", 8, 0xFFFFFFFFFFFFFFFF) + b"v", nkv_extra=1), "string length overflows")
    S(gguf(meta(), TS, rng, raw_kv=st("x") + struct.pack("<IIQ", 9, 4, 1 << 61) + b"vvvv", nkv_extra=1), "array length overflows")
    S(gguf(meta(), TS, rng, raw_kv=st("x") + struct.pack("<IIQ", 9, 9, 1) * 40, nkv_extra=1), "array of arrays, many deep")
    S(gguf(meta(), TS, rng, raw_kv=st("x") + struct.pack("<I", 99) + b"vvvv", nkv_extra=1), "unknown value type")
    S(gguf(meta(), TS, rng, dims=[(1,) * 900, None, None]), "900 dimensions")
    S(gguf(meta(), TS, rng, dims=[(1 << 40, 1 << 40), None, None]), "dimensions that overflow")
    S(gguf(meta(), TS, rng, offs=[1 << 50, None, None]), "tensor offset past the end")
    S(gguf(meta(), TS, rng, offs=[0xFFFFFFFFFFFFFFE0, None, None]), "tensor offset overflows")
    S(gguf(meta(), TS, rng, offs=[None, 0, None]), "tensors overlap")
    S(gguf(meta(**{"general.alignment": 0}), TS, rng), "alignment zero")
    S(gguf(meta(**{"general.alignment": 33}), TS, rng), "alignment that is not a power of two")
    S(gguf(meta(), [("a", (64,), 250)], rng), "unknown tensor type")
    S(gguf(meta(), TS + [TS[0]], rng), "duplicate tensor name")
    s.add(FAM, "malicious", "model.gguf", dumps(Call(G("os", "system"), "echo"), 2), "pickle named gguf", "code-exec")
    for a in ("llama", "qwen2", "phi3", "gemma", "mamba", "bert"):
        s.add(FAM, "benign", "model.gguf", gguf(meta(a, rng.choice(templates.BENIGN)[1]), TS, rng), "%s with an ordinary template" % a)
    for tech, t in rng.sample(templates.BENIGN, 8):
        s.add(FAM, "benign", rng.choice(["model-Q4_K_M.gguf", "model.gguf"]), gguf(meta(tpl=t), TS, rng), "ordinary template: %s" % tech)
    s.add(FAM, "benign", "model.gguf", gguf(meta(), TS, rng), "no template")
    s.add(FAM, "benign", "lora.gguf", gguf({"general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora", "adapter.lora.alpha": 16.0}, [("blk.0.attn_q.weight.lora_a", (64, 8), 0), ("blk.0.attn_q.weight.lora_b", (8, 64), 0)], rng), "adapter")
    s.add(FAM, "benign", "q.gguf", gguf(meta(), [("a", (64, 32), 2), ("b", (64, 32), 8), ("c", (256, 2), 12), ("d", (256, 4), 14)], rng), "quantised tensors")
    s.add(FAM, "benign", "aligned.gguf", gguf(meta(**{"general.alignment": 64}), TS, rng, align=64), "alignment 64")
    s.add(FAM, "benign", "v2.gguf", gguf(meta(), TS, rng, version=2), "version 2")
    s.add(FAM, "benign", "mm.gguf", gguf({"general.architecture": "clip", "clip.has_vision_encoder": True, "clip.vision.image_size": 336}, [("v.patch_embd.weight", (14, 14, 3, 8), 0)], rng), "vision projector")
    s.add(FAM, "benign", "vocab.gguf", gguf(meta(**{"tokenizer.ggml.merges": ["a b", "os system"], "general.license": "apache-2.0", "general.source.url": "https://example.invalid/model"}), [], rng), "vocabulary only")
    s.add(FAM, "inconclusive", "model.gguf", gguf(meta(tpl=templates.BENIGN[0][1]), TS, rng)[:500], "cut inside the metadata")
    s.add(FAM, "review", "model.gguf", gguf(meta(), TS, rng)[:-3000], "cut inside the tensors")
