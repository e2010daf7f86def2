"""More small repositories as teams write them, labelled from what a reader of the code knows, before anything was run.

The same format as repositories.py, and by other eyes: (files, expected, traps, lineage). An expected row may carry a fourth
part, a dictionary of what else its component must say: `version` as it stands, `provider` and `revision` anywhere in it. LiteLLM's names stand as it writes them, provider and all,
and images by their whole reference.
"""
import json

from repositories import safetensors


def notebook(*cells: tuple[str, str]) -> str:
    """A notebook of (kind, text) cells."""
    return json.dumps({"cells": [{"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True),
                                  **({"outputs": [], "execution_count": None} if kind == "code" else {})}
                                 for kind, text in cells],
                       "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5})


SERVICE = {
    "pyproject.toml": '''[project]
name = "docs-answers"
version = "0.4.0"
requires-python = ">=3.11"
dependencies = [
  "fastapi[standard]>=0.115",
  "LangChain_OpenAI>=0.2,<0.4",
  "langchain-huggingface==0.1.2",
  "sentence-transformers[onnx]==3.3.1 ; python_version >= '3.11'",
  "qdrant-client>=1.12",
  # "chromadb>=0.5",
]

[project.optional-dependencies]
local = ["llama-cpp-python==0.3.2"]

[dependency-groups]
dev = ["ragas==0.2.8", "pytest"]

[tool.uv.sources]
langchain-openai = { index = "internal" }
''',
    "uv.lock": '''version = 1
requires-python = ">=3.11"

[[package]]
name = "langchain-openai"
version = "0.2.14"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "qdrant-client"
version = "1.12.1"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "docs-answers"
version = "0.4.0"
source = { editable = "." }
''',
    "app/settings.py": '''from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """All settings. Set EMBEDDING_MODEL=nobody/uses-this to override."""

    model_config = SettingsConfigDict(env_file=".env", env_prefix="RAG_")
    chat_model: str = "gpt-4.1-mini"
    embedding_model: str = Field(default="BAAI/bge-m3", description="e.g. wrong/from-description")
    rerank_model: str = Field("mixedbread-ai/mxbai-rerank-base-v1", alias="RERANK")
    collection: str = "handbook/articles"
    cors: str = "localhost/any"


@lru_cache
def get_settings() -> Settings:
    return Settings()
''',
    "app/retrieval.py": '''import logging
import os
from typing import Final

from langchain_huggingface import HuggingFaceEmbeddings as HFE
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from sentence_transformers import CrossEncoder, SentenceTransformer

log = logging.getLogger(__name__)
ORG: Final = "intfloat"
SIZES = {"small": "e5-small-v2", "large": "e5-large-v2"}
DEFAULT_EMBEDDER = os.environ.get("EMBEDDER") or f"{ORG}/{SIZES['small']}"
DEAD = "unused/never-loaded"


class Retriever:
    MODEL = "sentence-transformers/multi-qa-mpnet-base-dot-v1"
    REVISION = "3af7c6da5b3e1bea796ef6c97fe237538cbe6e7f"

    def __init__(self, url: str = "http://qdrant:6333", reranker: str = "cross-encoder/ms-marco-MiniLM-L-12-v2"):
        log.info("loading %s", "logged/not-loaded")
        self.client = QdrantClient(url=url)
        self.embed = HFE(model_name=DEFAULT_EMBEDDER, model_kwargs={"device": "cpu"})
        self.query = SentenceTransformer(self.MODEL, revision=self.REVISION)
        self.reranker = CrossEncoder(reranker)

    def search(self, question: str):
        """Uses docstring/old-encoder."""
        print("searching with print/this-model")
        return self.client.query_points("handbook", query=self.query.encode(question))
''',
    "app/llm.py": '''from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings

PRICES = {"o1-preview": 15.0, "gpt-3.5-turbo-instruct": 1.5}


def chat(fast: bool):
    # ChatOpenAI(model="gpt-4-turbo-old")
    name = "gpt-4o-mini" if fast else "gpt-4o-2024-11-20"
    return ChatOpenAI(model=name, temperature=0)


def azure():
    return AzureChatOpenAI(azure_deployment="prod-chat-eu", model="o3-mini", api_version="2024-10-21")


embeddings = OpenAIEmbeddings(model="text-embedding-3-large", dimensions=1024)
''',
    "app/main.py": '''from fastapi import FastAPI

from .llm import chat
from .retrieval import Retriever

app = FastAPI(title="answers/service")
DOCS = "https://huggingface.co/url/in-a-constant"


@app.post("/ask")
def ask(question: str):
    return {"answer": chat(True).invoke(question), "source": "handbook/page"}
''',
    "tests/test_llm.py": '''from app.llm import chat


def test_name(monkeypatch):
    monkeypatch.setenv("EMBEDDER", "tests/only-model")
    assert chat(True).model_name == "asserted/model-name"
''',
    "README.md": "# Answers\n\nWe once used `prose/readme-model`; see https://huggingface.co/prose/linked-model.\n",
    "Dockerfile": '''# syntax=docker/dockerfile:1
ARG PYTHON=3.12
FROM python:${PYTHON}-slim AS builder
COPY --from=ghcr.io/astral-sh/uv:0.5.11 /uv /bin/uv
RUN uv sync --frozen
FROM builder AS runtime
RUN python -c "from sentence_transformers import SentenceTransformer; SentenceTransformer('BAAI/bge-small-en-v1.5')"
COPY --from=builder /app /app
CMD ["uvicorn", "app.main:app"]
''',
    "compose.yaml": '''services:
  api:
    build: .
    environment:
      RAG_CHAT_MODEL: gpt-4.1-nano
  qdrant:
    image: qdrant/qdrant:v1.12.4
  embed:
    image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.5
    command: ["--model-id", "${EMBED_MODEL:-nomic-ai/nomic-embed-text-v1.5}", "--port", "80"]
''',
}
SERVICE_EXPECTED = [
    ("library", "langchain-openai", "pyproject.toml", {"version": "0.2.14"}),
    ("library", "langchain-openai", "uv.lock"),
    ("library", "langchain-huggingface", "pyproject.toml", {"version": "0.1.2"}),
    ("library", "sentence-transformers", "pyproject.toml", {"version": "3.3.1"}),
    ("library", "qdrant-client", "pyproject.toml", {"version": "1.12.1"}),
    ("library", "llama-cpp-python", "pyproject.toml", {"version": "0.3.2"}),
    ("library", "ragas", "pyproject.toml", {"version": "0.2.8"}),
    ("model", "gpt-4.1-mini", "app/settings.py"),
    ("model", "BAAI/bge-m3", "app/settings.py"),
    ("model", "mixedbread-ai/mxbai-rerank-base-v1", "app/settings.py"),
    ("model", "intfloat/e5-small-v2", "app/retrieval.py"),
    ("model", "sentence-transformers/multi-qa-mpnet-base-dot-v1", "app/retrieval.py",
     {"revision": "3af7c6da5b3e1bea796ef6c97fe237538cbe6e7f"}),
    ("model", "cross-encoder/ms-marco-MiniLM-L-12-v2", "app/retrieval.py"),
    ("model", "gpt-4o-mini", "app/llm.py", {"provider": "openai"}),
    ("model", "gpt-4o-2024-11-20", "app/llm.py", {"provider": "openai"}),
    ("model", "o3-mini", "app/llm.py", {"provider": "azure"}),
    ("model", "text-embedding-3-large", "app/llm.py", {"provider": "openai"}),
    ("model", "BAAI/bge-small-en-v1.5", "Dockerfile"),
    ("model", "nomic-ai/nomic-embed-text-v1.5", "compose.yaml"),
    ("model", "gpt-4.1-nano", "compose.yaml"),
    ("container", "qdrant/qdrant:v1.12.4", "compose.yaml"),
    ("container", "ghcr.io/huggingface/text-embeddings-inference:cpu-1.5", "compose.yaml"),
    ("container", "python:3.12-slim", "Dockerfile"),
]
SERVICE_TRAPS = ["nobody/uses-this", "wrong/from-description", "handbook/articles", "localhost/any", "unused/never-loaded",
                 "logged/not-loaded", "docstring/old-encoder", "print/this-model", "o1-preview", "gpt-3.5-turbo-instruct",
                 "gpt-4-turbo-old", "answers/service", "url/in-a-constant", "handbook/page", "asserted/model-name",
                 "prose/readme-model", "prose/linked-model", "builder", "runtime", "chromadb", "LangChain_OpenAI",
                 "intfloat/e5-large-v2", "wrong", "handbook"]

TUNING = {
    "requirements.txt": '''--extra-index-url https://download.pytorch.org/whl/cu124
-r requirements-base.txt
trl==0.12.2
PEFT==0.14.0
bitsandbytes==0.45.0; sys_platform == "linux" and platform_machine == "x86_64"
transformers[torch,sentencepiece] @ git+https://github.com/huggingface/transformers@v4.47.0
flash-attn==2.7.2 --no-build-isolation
# unsloth==2024.12.4
wandb~=0.19  # not comet-ml
''',
    "requirements-base.txt": "datasets>=3.1,<4\naccelerate==1.2.0 \\\n    --hash=sha256:" + "ab" * 32 + "\n",
    "configs/sft.yaml": '''# model_name_or_path: commented/yaml-model
model_name_or_path: Qwen/Qwen2.5-7B-Instruct
model_revision: a09a35458c702b33eeacc393d103063234e8bc28
dataset_name: HuggingFaceH4/ultrachat_200k
output_dir: outputs/sft-qwen
hub_model_id: acme/qwen-sft-internal
learning_rate: 2.0e-5
report_to: wandb/run
''',
    "configs/axolotl.yml": '''base_model: NousResearch/Meta-Llama-3.1-8B
tokenizer_type: AutoTokenizer
datasets:
  - path: mlabonne/FineTome-100k
    type: chat_template
  - path: data/own.jsonl
    ds_type: json
    type: alpaca
adapter: qlora
wandb_project: axolotl/experiments
''',
    "train/sft.py": '''"""Usage: python sft.py --model docs/from-usage"""
import argparse
from dataclasses import dataclass, field
from typing import Optional

import datasets as ds
import torch
import transformers as tf
from peft import AutoPeftModelForCausalLM, LoraConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, HfArgumentParser
from trl import SFTTrainer

SEED_DATA = ("tatsu-lab/alpaca", "databricks/databricks-dolly-15k")
TASK_TO_MODEL = dict(code="bigcode/starcoder2-3b", chat="HuggingFaceTB/SmolLM2-1.7B-Instruct")


@dataclass
class Arguments:
    model_name: Optional[str] = field(default="google/gemma-2-2b", metadata={"help": "such as help/text-model"})
    data: str = field(default="Open-Orca/OpenOrca", metadata={"help": "data"})
    out: str = field(default="outputs/run")


def load(name: str, revision: str = "main"):
    return AutoModelForCausalLM.from_pretrained(name, revision=revision, torch_dtype=torch.bfloat16)


def main():
    parser = argparse.ArgumentParser(description="Tunes; the description/model is only an example")
    parser.add_argument("--judge", type=str, default="prometheus-eval/prometheus-7b-v2.0", help="or other/judge")
    parser.add_argument("--adapter", "-a", default="acme/lora-support")
    parser.add_argument("--choice", choices=["choice/never-used"], default=None)
    options = parser.parse_args()
    (arguments,) = HfArgumentParser(Arguments).parse_args_into_dataclasses()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model_name)
    train = ds.load_dataset(arguments.data, split="train")
    seeds = [ds.load_dataset(one) for one in SEED_DATA]
    base = load("mistralai/Mistral-7B-v0.3", revision="d8cadc02ac76bd617a919d50b092e59d2d110aff")
    tuned = PeftModel.from_pretrained(base, options.adapter)
    judge = tf.AutoModelForSequenceClassification.from_pretrained(options.judge)
    code = AutoModelForCausalLM.from_pretrained(TASK_TO_MODEL["code"])
    raw = ds.load_dataset("json", data_files={"train": "data/own.jsonl"})
    SFTTrainer(model="facebook/opt-350m", train_dataset=train)
    tuned.push_to_hub("acme/pushed-result")


if __name__ == "__main__":
    main()
''',
    "data/own.jsonl": '{"instruction": "Load data/line-model", "output": "AutoModel.from_pretrained(\\"jsonl/trap\\")"}\n',
    "outputs/support-lora/adapter_config.json": json.dumps({
        "base_model_name_or_path": "Qwen/Qwen2.5-7B-Instruct", "peft_type": "LORA", "r": 16, "lora_alpha": 32,
        "revision": None, "task_type": "CAUSAL_LM", "target_modules": ["q_proj", "v_proj"]}),
    "outputs/support-lora/adapter_model.safetensors": safetensors(("base_model.q_proj.lora_A.weight",), format="pt"),
    "outputs/support-lora/README.md": '''---
base_model: Qwen/Qwen2.5-7B-Instruct
library_name: peft
license: apache-2.0
datasets:
- HuggingFaceH4/ultrachat_200k
---
# Support adapter

Better than `card/prose-model`.
''',
    "scripts/eval.sh": '''#!/usr/bin/env bash
set -euo pipefail
# lm_eval --model hf --model_args pretrained=comment/shell-model
MODEL=${MODEL:-meta-llama/Llama-3.2-3B}
echo "evaluating echoed/shell-model"
lm_eval --model hf --model_args pretrained=EleutherAI/pythia-1.4b,dtype=bfloat16 --tasks hellaswag
huggingface-cli download "$MODEL" --local-dir base
hf download --repo-type dataset allenai/c4 --revision 1588ec454efa1a09f29cd18ddd04fe05fc8653a2
''',
}
TUNING_EXPECTED = [
    ("library", "trl", "requirements.txt", {"version": "0.12.2"}),
    ("library", "peft", "requirements.txt", {"version": "0.14.0"}),
    ("library", "bitsandbytes", "requirements.txt", {"version": "0.45.0"}),
    ("library", "transformers", "requirements.txt"),
    ("library", "flash-attn", "requirements.txt", {"version": "2.7.2"}),
    ("library", "wandb", "requirements.txt"),
    ("library", "datasets", "requirements-base.txt"),
    ("library", "accelerate", "requirements-base.txt", {"version": "1.2.0"}),
    ("model", "Qwen/Qwen2.5-7B-Instruct", "configs/sft.yaml", {"revision": "a09a35458c702b33eeacc393d103063234e8bc28"}),
    ("dataset", "HuggingFaceH4/ultrachat_200k", "configs/sft.yaml"),
    ("model", "NousResearch/Meta-Llama-3.1-8B", "configs/axolotl.yml"),
    ("dataset", "mlabonne/FineTome-100k", "configs/axolotl.yml"),
    ("dataset", "data/own.jsonl", "configs/axolotl.yml"),
    ("model", "google/gemma-2-2b", "train/sft.py"),
    ("dataset", "Open-Orca/OpenOrca", "train/sft.py"),
    ("dataset", "tatsu-lab/alpaca", "train/sft.py"),
    ("dataset", "databricks/databricks-dolly-15k", "train/sft.py"),
    ("model", "mistralai/Mistral-7B-v0.3", "train/sft.py", {"revision": "d8cadc02ac76bd617a919d50b092e59d2d110aff"}),
    ("model", "acme/lora-support", "train/sft.py"),
    ("model", "prometheus-eval/prometheus-7b-v2.0", "train/sft.py"),
    ("model", "bigcode/starcoder2-3b", "train/sft.py"),
    ("model", "facebook/opt-350m", "train/sft.py"),
    ("dataset", "data/own.jsonl", "train/sft.py"),
    ("model-file", "outputs/support-lora/adapter_model.safetensors", "outputs/support-lora/adapter_model.safetensors"),
    ("model", "EleutherAI/pythia-1.4b", "scripts/eval.sh"),
    ("model", "meta-llama/Llama-3.2-3B", "scripts/eval.sh"),
    ("dataset", "allenai/c4", "scripts/eval.sh", {"revision": "1588ec454efa1a09f29cd18ddd04fe05fc8653a2"}),
]
TUNING_TRAPS = ["commented/yaml-model", "outputs/sft-qwen", "wandb/run", "axolotl/experiments", "docs/from-usage",
                "help/text-model", "outputs/run", "description/model", "other/judge", "choice/never-used", "json",
                "data/line-model", "jsonl/trap", "card/prose-model", "comment/shell-model", "echoed/shell-model", "unsloth",
                "comet-ml", "PEFT", "HuggingFaceTB/SmolLM2-1.7B-Instruct", "main", "hf", "acme/qwen-sft-internal", "acme/pushed-result"]
TUNING_EDGES = [("outputs/support-lora", "adapter", "Qwen/Qwen2.5-7B-Instruct"),
                ("outputs/support-lora", "trained-on", "HuggingFaceH4/ultrachat_200k")]

WEB = {
    "package.json": json.dumps({
        "name": "support-chat", "version": "1.0.0", "private": True,
        "dependencies": {"ai": "^4.0.20", "@ai-sdk/openai": "1.0.11", "@ai-sdk/anthropic": "^1.0.6", "@ai-sdk/google": "^1.0.12",
                         "@huggingface/transformers": "3.2.1", "next": "15.1.2", "@pinecone-database/pinecone": "4.0.0"},
        "devDependencies": {"promptfoo": "0.103.0", "typescript": "5.7.2"}}, indent=2),
    "package-lock.json": json.dumps({
        "name": "support-chat", "version": "1.0.0", "lockfileVersion": 3, "packages": {
            "": {"name": "support-chat", "dependencies": {"ai": "^4.0.20"}},
            "node_modules/ai": {"version": "4.0.22", "resolved": "https://registry.npmjs.org/ai/-/ai-4.0.22.tgz"},
            "node_modules/@ai-sdk/openai": {"version": "1.0.11"},
            "node_modules/@ai-sdk/anthropic": {"version": "1.0.7"}}}, indent=2),
    "lib/models.ts": '''import { createOpenAI, openai as oai } from "@ai-sdk/openai";
import { anthropic } from "@ai-sdk/anthropic";
import { google } from "@ai-sdk/google";
import { customProvider } from "ai";

// const legacy = oai("gpt-4-comment");
/* anthropic("claude-block-comment") */
export const MODEL_IDS = { fast: "gpt-4o-mini", smart: "gpt-4.1" } as const;
const DEFAULT_CLAUDE = "claude-3-5-haiku-20241022";
const family = "gemini-2.0";

export const fast = oai(MODEL_IDS.fast);
export const claude = anthropic(process.env.CLAUDE_MODEL ?? DEFAULT_CLAUDE);
export const gemini = google(`${family}-flash`);

const groq = createOpenAI({ baseURL: "https://api.groq.com/openai/v1", apiKey: process.env.GROQ_API_KEY });
export const llama = groq("llama-3.3-70b-versatile");

export const provider = customProvider({
  languageModels: { title: oai("gpt-4.1-nano"), reasoning: anthropic("claude-3-7-sonnet-20250219") },
  imageModels: { hero: oai.image("dall-e-3") },
});
export const embedder = oai.textEmbeddingModel("text-embedding-3-small");
''',
    "app/api/chat/route.ts": '''import { streamText, generateObject, embed } from "ai";
import { openai } from "@ai-sdk/openai";
import { Pinecone } from "@pinecone-database/pinecone";
import { z } from "zod";

export const runtime = "edge";
const pc = new Pinecone({ apiKey: process.env.PINECONE_API_KEY! });

function pick(model: string = "gpt-4o-2024-08-06") {
  return openai(model);
}

export async function POST(req: Request) {
  const { messages } = await req.json();
  console.log("using logged/js-model");
  const plan = await generateObject({ model: pick(), schema: z.object({ step: z.string().describe("e.g. described/model") }) });
  const result = streamText({
    model: openai.responses(process.env.CHAT_MODEL || "o4-mini"),
    system: "You are helpful. Never mention prompt/inner-model.",
    messages,
  });
  return result.toDataStreamResponse({ headers: { "content-type": "application/json", "x-model": "header/value" } });
}
''',
    "lib/local.ts": '''import { pipeline as makePipeline, AutoTokenizer } from "@huggingface/transformers";
import { HfInference } from "@huggingface/inference";

const CONFIG = { task: "feature-extraction", model: "Xenova/bge-small-en-v1.5" };

export class Local {
  static model = "onnx-community/whisper-base";
  static async load() {
    const a = await makePipeline("automatic-speech-recognition", Local.model, { dtype: "q4" });
    const b = await makePipeline(CONFIG.task, CONFIG.model);
    const c = await AutoTokenizer.from_pretrained("Xenova/gpt-4o", { revision: "main" });
    return [a, b, c];
  }
}

const hf = new HfInference(process.env.HF_TOKEN);
export const summary = (text: string) => hf.summarization({ model: "facebook/bart-large-cnn", inputs: text });
''',
    "lib/raw.mjs": '''import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";

const client = new OpenAI();
const claude = new Anthropic();
const MODEL = process.env.MODEL || "gpt-4-turbo";
export async function ask(q, model = "claude-3-opus-20240229") {
  await client.chat.completions.create({ model: MODEL, messages: [{ role: "user", content: q }] });
  await client.embeddings.create({ model: "text-embedding-ada-002", input: q });
  return claude.messages.create({ model, max_tokens: 10, messages: [] });
}
''',
    "components/picker.tsx": '''"use client";
export function Picker() {
  return (
    <a href="https://huggingface.co/jsx/linked-model" title="jsx/title-model">
      Powered by jsx/text-model {/* openai("jsx-comment") */}
    </a>
  );
}
''',
    "__tests__/models.test.ts": '''import { expect, test } from "vitest";
test("ids", () => {
  expect({ model: "expected/test-model" }.model).toBe("toBe/test-model");
});
''',
    "next.config.mjs": 'export default { images: { domains: ["cdn/example-host"] } };\n',
    ".env.example": "CHAT_MODEL=gpt-4o-mini-2024-07-18\nOPENAI_API_KEY=\n",
}
WEB_EXPECTED = [
    ("library", "ai", "package.json", {"version": "4.0.22"}),
    ("library", "@ai-sdk/openai", "package.json", {"version": "1.0.11"}),
    ("library", "@ai-sdk/anthropic", "package-lock.json", {"version": "1.0.7"}),
    ("library", "@ai-sdk/google", "package.json"),
    ("library", "@huggingface/transformers", "package.json", {"version": "3.2.1"}),
    ("library", "@pinecone-database/pinecone", "package.json", {"version": "4.0.0"}),
    ("library", "promptfoo", "package.json", {"version": "0.103.0"}),
    ("model", "gpt-4o-mini", "lib/models.ts", {"provider": "openai"}),
    ("model", "claude-3-5-haiku-20241022", "lib/models.ts", {"provider": "anthropic"}),
    ("model", "gemini-2.0-flash", "lib/models.ts", {"provider": "google"}),
    ("model", "llama-3.3-70b-versatile", "lib/models.ts"),
    ("model", "gpt-4.1-nano", "lib/models.ts"),
    ("model", "claude-3-7-sonnet-20250219", "lib/models.ts"),
    ("model", "dall-e-3", "lib/models.ts"),
    ("model", "text-embedding-3-small", "lib/models.ts"),
    ("model", "gpt-4o-2024-08-06", "app/api/chat/route.ts"),
    ("model", "o4-mini", "app/api/chat/route.ts"),
    ("model", "Xenova/bge-small-en-v1.5", "lib/local.ts"),
    ("model", "onnx-community/whisper-base", "lib/local.ts"),
    ("model", "Xenova/gpt-4o", "lib/local.ts"),
    ("model", "facebook/bart-large-cnn", "lib/local.ts"),
    ("model", "gpt-4-turbo", "lib/raw.mjs"),
    ("model", "text-embedding-ada-002", "lib/raw.mjs"),
    ("model", "claude-3-opus-20240229", "lib/raw.mjs", {"provider": "anthropic"}),
]
WEB_TRAPS = ["gpt-4-comment", "claude-block-comment", "logged/js-model", "described/model", "prompt/inner-model",
             "application/json", "header/value", "feature-extraction", "automatic-speech-recognition", "jsx/linked-model",
             "jsx/title-model", "jsx/text-model", "jsx-comment", "expected/test-model", "toBe/test-model", "cdn/example-host",
             "gemini-2.0", "edge"]

AGENTS = {
    "pyproject.toml": '''[tool.poetry]
name = "desk-agents"
version = "0.1.0"

[tool.poetry.dependencies]
python = "^3.11"
langgraph = "^0.2.60"
langchain-mcp-adapters = "0.0.2"
langchain_anthropic = { version = "^0.3", extras = ["all"] }
crewai = { version = "0.86.0", optional = true }
mcp = "*"

[tool.poetry.group.dev.dependencies]
langsmith = "0.2.3"
''',
    "poetry.lock": '''# This file is automatically @generated by Poetry 1.8.4 and should not be changed by hand.

[[package]]
name = "langchain-anthropic"
version = "0.3.1"
description = "An integration package connecting Anthropic and LangChain"
optional = false
python-versions = "<4.0,>=3.9"
files = []

[[package]]
name = "langgraph"
version = "0.2.61"
description = "Building stateful, multi-actor applications with LLMs"
optional = false
python-versions = "*"
files = []

[package.dependencies]
langchain-core = ">=0.2.43,<0.4.0"
''',
    ".mcp.json": json.dumps({"mcpServers": {
        "filesystem": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem@2024.12.18", "/srv/files"]},
        "tickets": {"type": "http", "url": "https://mcp.example.com/tickets"}}}),
    "agents/graph.py": '''from __future__ import annotations

import os

from langchain.chat_models import init_chat_model
from langchain_anthropic import ChatAnthropic
from langchain_mcp_adapters.client import MultiServerMCPClient
from langgraph.graph import END, StateGraph
from langgraph.prebuilt import create_react_agent
from pydantic_ai import Agent

SUPERVISOR = "anthropic:claude-3-5-sonnet-20241022"
TIERS = {
    "cheap": {"model": "claude-3-haiku-20240307", "max_tokens": 512},
    "best": {"model": "claude-3-opus-20240229", "max_tokens": 4096},
}
PROMPT = "You are a router. Ask 'prompt/not-a-model' if unsure."


def worker(tier: str = "cheap"):
    return ChatAnthropic(**TIERS[tier])


def build():
    supervisor = init_chat_model(SUPERVISOR, temperature=0)
    coder = init_chat_model("gpt-4.1", model_provider="openai")
    searcher = create_react_agent("openai:gpt-4o-mini", tools=[], prompt=PROMPT)
    writer = create_react_agent(model=init_chat_model(os.getenv("WRITER", "mistral-large-2411")), tools=[])
    reviewer = Agent("google-gla:gemini-1.5-flash", system_prompt="Review; model/in-prompt is not used.")
    graph = StateGraph(dict)
    graph.add_node("researcher/one", searcher)
    graph.add_edge("researcher/one", END)
    return graph.compile(name="desk/graph")


client = MultiServerMCPClient({
    "weather": {"url": "http://localhost:8000/sse", "transport": "sse"},
    "sql": {"command": "uvx", "args": ["mcp-server-sqlite", "--db-path", "desk.db"], "transport": "stdio"},
})
''',
    "agents/crew.py": '''from crewai import LLM, Agent, Crew, Task

llm = LLM(model="groq/llama-3.1-70b-versatile", temperature=0.2)
researcher = Agent(role="Researcher", goal="Find goal/not-model", backstory="Trained by story/not-model", llm=llm)
writer = Agent(role="Writer", goal="Write", backstory="...", llm="ollama/llama3.2:3b")
crew = Crew(agents=[researcher, writer], tasks=[Task(description="Use task/not-model", expected_output="text/markdown")])
''',
    "agents/openai_agents.py": '''from agents import Agent, ModelSettings, Runner
from openai import AsyncOpenAI

TRIAGE_MODEL = "gpt-4.1-mini"
client = AsyncOpenAI(base_url="http://vllm:8000/v1")
triage = Agent(name="Triage agent", instructions="Route.", model=TRIAGE_MODEL, model_settings=ModelSettings(temperature=0))


async def ask(text, *, model="Qwen/Qwen2.5-14B-Instruct-AWQ"):
    return await client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])
''',
    "servers/weather.py": '''from mcp.server.fastmcp import FastMCP

mcp = FastMCP("weather-station")


@mcp.tool()
def forecast(city: str) -> str:
    """Forecast of a city, for example tool/doc-model."""
    return "sunny/day"
''',
    "config/agents.yaml": '''researcher:
  role: Senior researcher
  goal: Use yaml/goal-text
  llm: openai/gpt-4o-2024-08-06
''',
    "langgraph.json": json.dumps({"dependencies": ["."], "graphs": {"desk": "./agents/graph.py:build"}, "env": ".env"}),
    "tests/fixtures/trace.json": json.dumps({"model": "recorded/trace-model", "messages": []}),
}
AGENTS_EXPECTED = [
    ("library", "langgraph", "pyproject.toml", {"version": "0.2.61"}),
    ("library", "langchain-anthropic", "poetry.lock", {"version": "0.3.1"}),
    ("library", "langchain-anthropic", "pyproject.toml"),
    ("library", "crewai", "pyproject.toml", {"version": "0.86.0"}),
    ("library", "langsmith", "pyproject.toml", {"version": "0.2.3"}),
    ("library", "langchain-mcp-adapters", "pyproject.toml", {"version": "0.0.2"}),
    ("mcp-server", "filesystem", ".mcp.json"),
    ("mcp-server", "tickets", ".mcp.json"),
    ("mcp-server", "weather", "agents/graph.py"),
    ("mcp-server", "sql", "agents/graph.py"),
    ("mcp-server", "weather-station", "servers/weather.py"),
    ("model", "claude-3-5-sonnet-20241022", "agents/graph.py", {"provider": "anthropic"}),
    ("model", "claude-3-haiku-20240307", "agents/graph.py", {"provider": "anthropic"}),
    ("model", "gpt-4.1", "agents/graph.py", {"provider": "openai"}),
    ("model", "gpt-4o-mini", "agents/graph.py", {"provider": "openai"}),
    ("model", "mistral-large-2411", "agents/graph.py"),
    ("model", "gemini-1.5-flash", "agents/graph.py", {"provider": "google"}),
    ("model", "groq/llama-3.1-70b-versatile", "agents/crew.py", {"provider": "groq"}),
    ("model", "ollama/llama3.2:3b", "agents/crew.py", {"provider": "ollama"}),
    ("model", "gpt-4.1-mini", "agents/openai_agents.py"),
    ("model", "Qwen/Qwen2.5-14B-Instruct-AWQ", "agents/openai_agents.py"),
    ("model", "openai/gpt-4o-2024-08-06", "config/agents.yaml"),
]
AGENTS_TRAPS = ["prompt/not-a-model", "model/in-prompt", "researcher/one", "desk/graph", "goal/not-model", "story/not-model",
                "task/not-model", "text/markdown", "tool/doc-model", "sunny/day", "yaml/goal-text", "langchain_anthropic",
                "Triage agent/Route", "user"]

VISION = {
    "environment.yml": '''name: vision
channels: [pytorch, conda-forge]
dependencies:
  - python=3.11
  - pytorch=2.4.1
  - pytorch::torchvision=0.19.1
  - lightning>=2.4
  # - detectron2
  - pip
  - pip:
      - timm==1.0.12
      - ultralytics==8.3.50
      - hydra-core>=1.3
''',
    "conf/config.yaml": '''defaults:
  - model: convnext
  - data: food
  - override hydra/launcher: joblib
seed: 1
logger: {project: vision/experiments}
''',
    "conf/model/convnext.yaml": '''_target_: timm.create_model
model_name: convnext_tiny.fb_in22k
pretrained: true
num_classes: 101
''',
    "conf/model/vit.yaml": '''_target_: transformers.ViTForImageClassification.from_pretrained
pretrained_model_name_or_path: google/vit-base-patch16-224-in21k
revision: b4569560a39a0f1af58e3ddaf17facf20ab919b0
''',
    "conf/data/food.yaml": '''_target_: datasets.load_dataset
path: ethz/food101
split: train
''',
    "src/model.py": '''import lightning as L
import open_clip
import segmentation_models_pytorch as smp
import timm
import torch
import torchvision.models as tvm
from torchvision import datasets as tv_datasets
from torchvision.models import ResNet50_Weights
from transformers import AutoImageProcessor, AutoModel, SamModel
from ultralytics import YOLO, SAM as UltraSAM

BACKBONES = ["resnet18.a1_in1k", "vit_small_patch14_dinov2.lvd142m"]


class Classifier(L.LightningModule):
    backbone_name = "efficientnet_b0.ra_in1k"

    def __init__(self, hub_name: str = "facebook/dinov2-base", lr: float = 1e-3):
        super().__init__()
        self.backbone = timm.create_model(self.backbone_name, pretrained=True, num_classes=0)
        self.teacher = AutoModel.from_pretrained(hub_name)
        self.processor = AutoImageProcessor.from_pretrained(hub_name, use_fast=True)
        self.head = torch.nn.Linear(768, 10)

    def training_step(self, batch, index):
        self.log("train/loss", 0.0)
        return {"loss": 0.0, "stage": "train/epoch"}


def zoo(device="cuda:0"):
    resnet = tvm.resnet50(weights=ResNet50_Weights.IMAGENET1K_V2)
    hub = timm.create_model("hf_hub:timm/swin_tiny_patch4_window7_224.ms_in1k", pretrained=True)
    small = timm.create_model(BACKBONES[0], pretrained=True)
    dino = torch.hub.load("facebookresearch/dinov2", "dinov2_vits14")
    clip, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", pretrained="laion2b_s34b_b79k")
    sam = SamModel.from_pretrained("facebook/sam-vit-base").to(device)
    unet = smp.Unet(encoder_name="resnet34", encoder_weights="imagenet")
    return resnet, hub, small, dino, clip, sam, unet


def detect(weights="yolo11n.pt"):
    detector = YOLO(weights)
    segmenter = UltraSAM("sam2_b.pt")
    detector.train(data="coco8.yaml", epochs=3, project="runs/detect")
    best = Classifier.load_from_checkpoint("checkpoints/best.ckpt")
    old = torch.load(f"checkpoints/{'old'}.pt", map_location="cpu", weights_only=True)
    cifar = tv_datasets.CIFAR10(root="data/cifar", download=True)
    return detector, best
''',
    "src/train.py": '''import hydra
from omegaconf import DictConfig


@hydra.main(config_path="../conf", config_name="config", version_base="1.3")
def main(cfg: DictConfig):
    model = hydra.utils.instantiate(cfg.model)
    data = hydra.utils.instantiate(cfg.data)


if __name__ == "__main__":
    main()
''',
}
VISION_EXPECTED = [
    ("library", "pytorch", "environment.yml", {"version": "2.4.1"}),
    ("library", "torchvision", "environment.yml", {"version": "0.19.1"}),
    ("library", "lightning", "environment.yml"),
    ("library", "timm", "environment.yml", {"version": "1.0.12"}),
    ("library", "ultralytics", "environment.yml", {"version": "8.3.50"}),
    ("model", "convnext_tiny.fb_in22k", "conf/model/convnext.yaml"),
    ("model", "google/vit-base-patch16-224-in21k", "conf/model/vit.yaml",
     {"revision": "b4569560a39a0f1af58e3ddaf17facf20ab919b0"}),
    ("dataset", "ethz/food101", "conf/data/food.yaml"),
    ("model", "efficientnet_b0.ra_in1k", "src/model.py"),
    ("model", "facebook/dinov2-base", "src/model.py"),
    ("model", "resnet50", "src/model.py"),
    ("model", "timm/swin_tiny_patch4_window7_224.ms_in1k", "src/model.py"),
    ("model", "resnet18.a1_in1k", "src/model.py"),
    ("model", "facebookresearch/dinov2:dinov2_vits14", "src/model.py"),
    ("model", "ViT-B-32", "src/model.py"),
    ("model", "facebook/sam-vit-base", "src/model.py"),
    ("model", "resnet34", "src/model.py"),
    ("model", "yolo11n.pt", "src/model.py"),
    ("model", "sam2_b.pt", "src/model.py"),
    ("model", "checkpoints/best.ckpt", "src/model.py"),
    ("model", "checkpoints/old.pt", "src/model.py"),
    ("dataset", "CIFAR10", "src/model.py"),
]
VISION_TRAPS = ["detectron2", "hydra/launcher", "vision/experiments", "train/loss", "train/epoch", "cuda:0", "runs/detect",
                "vit_small_patch14_dinov2.lvd142m", "imagenet", "data/cifar", "train", "cpu", "pytorch::torchvision"]

SPEECH = {
    "Pipfile": '''[[source]]
url = "https://pypi.org/simple"
verify_ssl = true
name = "pypi"

[packages]
openai-whisper = "==20240930"
faster-whisper = {version = "==1.1.0", markers = "python_version >= '3.9'"}
"pyannote.audio" = "==3.3.2"
# nemo-toolkit = "*"

[dev-packages]
jiwer = "*"
''',
    "Pipfile.lock": json.dumps({"_meta": {"hash": {"sha256": "cd" * 32}, "pipfile-spec": 6}, "default": {
        "openai-whisper": {"version": "==20240930", "hashes": []},
        "faster-whisper": {"version": "==1.1.0", "hashes": []},
        "pyannote-audio": {"version": "==3.3.2", "hashes": []}}, "develop": {}}),
    "transcribe.py": '''#!/usr/bin/env python3
"""Transcribes. `python transcribe.py --model docstring/asr`"""
import argparse
import os
import sys
import warnings

import torch
import whisper as w
from datasets import Audio, load_dataset
from faster_whisper import WhisperModel
from openai import OpenAI
from pyannote.audio import Inference, Model, Pipeline as Diarization
from speechbrain.inference.speaker import EncoderClassifier
from transformers import WhisperProcessor, pipeline

SIZE = "medium"
LANGUAGES = {"de": "jonatasgrosman/wav2vec2-large-xlsr-53-german", "fr": "bofenghuang/asr-wav2vec2-ctc-french"}
warnings.filterwarnings("ignore", message="warned/not-loaded")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("audio")
    parser.add_argument("--fast-model", dest="fast", default="Systran/faster-distil-whisper-large-v3")
    parser.add_argument("--diarizer", default=os.getenv("DIARIZER", "pyannote/speaker-diarization-3.1"))
    parser.add_argument("--size", default="large-v3-turbo", choices=["tiny", "large-v3-turbo"])
    return parser.parse_args()


def main():
    args = arguments()
    big = w.load_model(args.size)
    fast = WhisperModel(args.fast, compute_type="int8")
    diarizer = Diarization.from_pretrained(args.diarizer, use_auth_token=os.environ["HF_TOKEN"])
    segmentation = Model.from_pretrained("pyannote/segmentation-3.0")
    embed = Inference("pyannote/embedding", window="whole")
    speaker = EncoderClassifier.from_hparams(source="speechbrain/spkrec-ecapa-voxceleb", savedir="pretrained/spk")
    asr = pipeline("automatic-speech-recognition", model=f"openai/whisper-{SIZE}", chunk_length_s=30)
    german = pipeline(task="automatic-speech-recognition", model=LANGUAGES["de"])
    vad, utils = torch.hub.load(repo_or_dir="snakers4/silero-vad", model="silero_vad", trust_repo=True)
    client = OpenAI()
    with open(args.audio, "rb") as audio:
        remote = client.audio.transcriptions.create(model="whisper-1", file=audio)
    speech = client.audio.speech.create(model="tts-1-hd", voice="alloy", input="hello/world")
    if "--nemo" in sys.argv:
        import nemo.collections.asr as nemo_asr
        asr = nemo_asr.models.ASRModel.from_pretrained(model_name="nvidia/parakeet-tdt-0.6b-v2")
    else:
        raise SystemExit("no model error/not-loaded")


def data(name="mozilla-foundation/common_voice_17_0", config="de"):
    voices = load_dataset(name, config, split="test", streaming=True, revision="b10d53980ef166bc24ce3358471c1970d7e6b5ec")
    other = load_dataset(path="google/fleurs", name="de_de").cast_column("audio", Audio(16000))
    folder = load_dataset("audiofolder", data_dir="data/clips")
    return voices, other, folder
''',
    "synthesise.py": '''from typing import NamedTuple

from kokoro import KPipeline
from TTS.api import TTS
from transformers import AutoProcessor, BarkModel


class Voices(NamedTuple):
    vocoder: str = "microsoft/speecht5_hifigan"
    name: str = "suno/bark-small"


VOICES = Voices()
tts = TTS(model_name="tts_models/multilingual/multi-dataset/xtts_v2")
bark = BarkModel.from_pretrained(VOICES.name)
match = {"fast": 1}
speaker = "v2/en_speaker_6"
processor = AutoProcessor.from_pretrained((lambda: "suno/bark")())
audio = processor("text", voice_preset=speaker)
''',
    "setup.py": '''from setuptools import setup

EXTRAS = {"gpu": ["ctranslate2==4.5.0"]}
setup(
    name="speech-tools",
    version="1.2.0",
    description="Uses setup/description-model",
    install_requires=["soundfile>=0.12", "speechbrain==1.0.2"],
    extras_require=EXTRAS,
)
''',
}
SPEECH_EXPECTED = [
    ("library", "openai-whisper", "Pipfile", {"version": "20240930"}),
    ("library", "faster-whisper", "Pipfile.lock", {"version": "1.1.0"}),
    ("library", "pyannote-audio", "Pipfile.lock", {"version": "3.3.2"}),
    ("library", "pyannote-audio", "Pipfile"),
    ("library", "speechbrain", "setup.py", {"version": "1.0.2"}),
    ("library", "ctranslate2", "setup.py", {"version": "4.5.0"}),
    ("model", "large-v3-turbo", "transcribe.py"),
    ("model", "Systran/faster-distil-whisper-large-v3", "transcribe.py"),
    ("model", "pyannote/speaker-diarization-3.1", "transcribe.py"),
    ("model", "pyannote/segmentation-3.0", "transcribe.py"),
    ("model", "pyannote/embedding", "transcribe.py"),
    ("model", "speechbrain/spkrec-ecapa-voxceleb", "transcribe.py"),
    ("model", "openai/whisper-medium", "transcribe.py"),
    ("model", "jonatasgrosman/wav2vec2-large-xlsr-53-german", "transcribe.py"),
    ("model", "snakers4/silero-vad:silero_vad", "transcribe.py"),
    ("model", "whisper-1", "transcribe.py", {"provider": "openai"}),
    ("model", "tts-1-hd", "transcribe.py", {"provider": "openai"}),
    ("model", "nvidia/parakeet-tdt-0.6b-v2", "transcribe.py"),
    ("dataset", "mozilla-foundation/common_voice_17_0", "transcribe.py",
     {"revision": "b10d53980ef166bc24ce3358471c1970d7e6b5ec"}),
    ("dataset", "google/fleurs", "transcribe.py"),
    ("dataset", "data/clips", "transcribe.py"),
    ("model", "suno/bark-small", "synthesise.py"),
    ("model", "tts_models/multilingual/multi-dataset/xtts_v2", "synthesise.py"),
]
SPEECH_TRAPS = ["docstring/asr", "warned/not-loaded", "automatic-speech-recognition", "pretrained/spk", "hello/world", "alloy",
                "error/not-loaded", "de_de", "audiofolder", "audio", "v2/en_speaker_6", "setup/description-model",
                "nemo-toolkit", "pyannote.audio", "bofenghuang/asr-wav2vec2-ctc-french", "silero_vad", "tiny", "whole", "text"]

SERVING = {
    "k8s/vllm.yaml": '''apiVersion: apps/v1
kind: Deployment
metadata:
  name: llm
  labels: {app.kubernetes.io/name: llm, team: label/not-model}
  annotations:
    note: was annotation/not-model
spec:
  template:
    spec:
      initContainers:
        - name: fetch
          image: python:3.12-slim
          command: ["sh", "-c", "pip install huggingface_hub==0.27.0 && huggingface-cli download BAAI/bge-reranker-v2-m3"]
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.6.5
          # args: ["--model", "comment/k8s-model"]
          args:
            - --model
            - meta-llama/Llama-3.1-8B-Instruct
            - --revision=0e9e39f249a16976918f6564b8830bc894c89659
            - --served-model-name
            - chat/default
            - --speculative-model=ibm-fms/llama3-8b-accelerator
            - --lora-modules
            - sql=acme/llama-sql-lora
          volumeMounts: [{name: cache, mountPath: /root/cache}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: tgi-env}
data:
  MODEL_ID: mistralai/Mixtral-8x7B-Instruct-v0.1
  HF_HOME: /data/hub
''',
    "k8s/kserve.yaml": '''apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: sentiment}
spec:
  predictor:
    model:
      modelFormat: {name: huggingface}
      args: ["--model_name=sentiment", "--model_id=cardiffnlp/twitter-roberta-base-sentiment-latest"]
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: phi}
spec:
  predictor:
    model:
      modelFormat: {name: vllm}
      storageUri: hf://microsoft/Phi-3.5-mini-instruct
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: fraud}
spec:
  predictor:
    sklearn:
      storageUri: s3://models-prod/fraud/v7
''',
    "chart/values.yaml": '''image:
  repository: ghcr.io/huggingface/text-generation-inference
  tag: "2.4.1"
model:
  id: tiiuae/falcon-7b-instruct
embeddings:
  image: {registry: ghcr.io, repository: huggingface/text-embeddings-inference, tag: "1.5"}
  modelId: thenlper/gte-base
ingress:
  path: llm/api
  annotations: {nginx.ingress.kubernetes.io/rewrite-target: "nginx/rewrite"}
''',
    "chart/templates/deployment.yaml": '''apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  template:
    spec:
      containers:
        - name: tgi
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          args: ["--model-id", {{ .Values.model.id | quote }}]
''',
    "docker-compose.yml": '''x-gpu: &gpu
  deploy: {resources: {reservations: {devices: [{driver: nvidia, capabilities: [gpu]}]}}}
services:
  tgi:
    <<: *gpu
    image: ghcr.io/huggingface/text-generation-inference:2.4.1
    environment:
      - MODEL_ID=HuggingFaceH4/zephyr-7b-beta
      - REVISION=892b3d7a7b1cf10c7a701c60881cd93df615734c
      - QUANTIZE=bitsandbytes/nf4
  ollama:
    image: ollama/ollama@sha256:''' + "0123456789abcdef" * 4 + '''
    entrypoint: ["/bin/sh", "-c", "ollama serve & sleep 5; ollama pull llama3.2:1b; wait"]
  llama-cpp:
    image: ghcr.io/ggerganov/llama.cpp:server
    command: -hf bartowski/Qwen2.5-3B-Instruct-GGUF:Q4_K_M --port 8080
  redis:
    image: redis:7
    labels: ["traefik.http.routers.api/label-trap=on"]
''',
    "litellm/config.yaml": '''model_list:
  - model_name: chat
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://example.openai.azure.com
  - model_name: sonnet
    litellm_params:
      model: bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0
  - model_name: local/alias
    litellm_params: {model: hosted_vllm/meta-llama/Llama-3.1-70B-Instruct, api_base: "http://vllm:8000/v1"}
''',
    "Dockerfile": '''ARG BASE=nvcr.io/nvidia/tritonserver:24.11-vllm-python-py3
FROM ${BASE} AS weights
ARG MODEL=google/flan-t5-base
ENV HF_HUB_ENABLE_HF_TRANSFER=1 \\
    MODEL_NAME=${MODEL}
RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir "huggingface_hub[cli]==0.26.5" hf_transfer
# RUN huggingface-cli download comment/docker-model
RUN huggingface-cli download ${MODEL} --local-dir /models/flan && \\
    huggingface-cli download intfloat/e5-base-v2 --revision 1c644c92ad3ba1efdad3f1451a637716616a20e8
LABEL org.opencontainers.image.source="https://github.com/label/not-model" org.opencontainers.image.title="label/title"
FROM vllm/vllm-openai:v0.6.5
COPY --from=weights /models /models
ENTRYPOINT ["vllm", "serve", "mistralai/Mistral-Nemo-Instruct-2407", "--tokenizer", "mistralai/Mistral-Nemo-Base-2407"]
''',
    "deploy/start.sh": '''#!/bin/sh
MODEL_ID="${1:-Qwen/Qwen2.5-1.5B-Instruct}"
echo "starting echo/not-model"  # vllm serve comment/sh-model
exec python3 -m vllm.entrypoints.openai.api_server \\
  --model "$MODEL_ID" \\
  --port 8000
''',
    "serve/config.yaml": '''applications:
  - name: llms
    import_path: ray.serve.llm:build_openai_app
    args:
      llm_configs:
        - model_loading_config:
            model_id: qwen-small
            model_source: Qwen/Qwen2.5-0.5B-Instruct
''',
}
SERVING_EXPECTED = [
    ("library", "huggingface-hub", "k8s/vllm.yaml", {"version": "0.27.0"}),
    ("model", "BAAI/bge-reranker-v2-m3", "k8s/vllm.yaml"),
    ("model", "meta-llama/Llama-3.1-8B-Instruct", "k8s/vllm.yaml", {"revision": "0e9e39f249a16976918f6564b8830bc894c89659"}),
    ("model", "ibm-fms/llama3-8b-accelerator", "k8s/vllm.yaml"),
    ("model", "acme/llama-sql-lora", "k8s/vllm.yaml"),
    ("model", "mistralai/Mixtral-8x7B-Instruct-v0.1", "k8s/vllm.yaml"),
    ("container", "vllm/vllm-openai:v0.6.5", "k8s/vllm.yaml"),
    ("container", "python:3.12-slim", "k8s/vllm.yaml"),
    ("model", "cardiffnlp/twitter-roberta-base-sentiment-latest", "k8s/kserve.yaml"),
    ("model", "microsoft/Phi-3.5-mini-instruct", "k8s/kserve.yaml"),
    ("model", "s3://models-prod/fraud/v7", "k8s/kserve.yaml"),
    ("container", "ghcr.io/huggingface/text-generation-inference:2.4.1", "chart/values.yaml"),
    ("model", "tiiuae/falcon-7b-instruct", "chart/values.yaml"),
    ("model", "thenlper/gte-base", "chart/values.yaml"),
    ("container", "ghcr.io/huggingface/text-embeddings-inference:1.5", "chart/values.yaml"),
    ("container", "ghcr.io/huggingface/text-generation-inference:2.4.1", "docker-compose.yml"),
    ("model", "HuggingFaceH4/zephyr-7b-beta", "docker-compose.yml", {"revision": "892b3d7a7b1cf10c7a701c60881cd93df615734c"}),
    ("container", "ollama/ollama@sha256:" + "0123456789abcdef" * 4, "docker-compose.yml"),
    ("model", "llama3.2:1b", "docker-compose.yml"),
    ("model", "bartowski/Qwen2.5-3B-Instruct-GGUF", "docker-compose.yml"),
    ("model", "azure/gpt-4o-eu", "litellm/config.yaml", {"provider": "azure"}),
    ("model", "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", "litellm/config.yaml", {"provider": "aws-bedrock"}),
    ("model", "meta-llama/Llama-3.1-70B-Instruct", "litellm/config.yaml"),
    ("container", "nvcr.io/nvidia/tritonserver:24.11-vllm-python-py3", "Dockerfile"),
    ("library", "huggingface-hub", "Dockerfile", {"version": "0.26.5"}),
    ("library", "hf-transfer", "Dockerfile"),
    ("model", "google/flan-t5-base", "Dockerfile"),
    ("model", "intfloat/e5-base-v2", "Dockerfile", {"revision": "1c644c92ad3ba1efdad3f1451a637716616a20e8"}),
    ("container", "vllm/vllm-openai:v0.6.5", "Dockerfile"),
    ("model", "mistralai/Mistral-Nemo-Instruct-2407", "Dockerfile"),
    ("model", "Qwen/Qwen2.5-1.5B-Instruct", "deploy/start.sh"),
    ("model", "Qwen/Qwen2.5-0.5B-Instruct", "serve/config.yaml"),
]
SERVING_TRAPS = ["label/not-model", "annotation/not-model", "comment/k8s-model", "chat/default", "/root/cache", "/data/hub",
                 "llm/api", "nginx/rewrite", "bitsandbytes/nf4", "api/label-trap", "local/alias", "weights",
                 "comment/docker-model", "label/title", "echo/not-model", "comment/sh-model", "sentiment", "ray.serve.llm", "qwen-small"]

PLATFORM = {
    "Makefile": '''MODEL ?= sentence-transformers/paraphrase-MiniLM-L3-v2
DATA := s3://corp-data/tickets
.PHONY: weights test
# huggingface-cli download comment/make-model
weights:
\thuggingface-cli download $(MODEL) --local-dir weights/mini
\t@echo "fetched echo/make-model"
ollama:
\tollama pull mistral:7b-instruct
env:
\tpip install "vllm==0.6.4" 'ray[serve]>=2.40'
''',
    ".github/workflows/ci.yml": '''name: ci/evaluate
on: [push]
env:
  EVAL_MODEL: openai/gpt-oss-20b
jobs:
  evaluate:
    runs-on: ubuntu-latest
    container: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    services:
      mlflow: {image: "ghcr.io/mlflow/mlflow:v2.19.0"}
    steps:
      - uses: actions/checkout@v4
      - uses: astral-sh/setup-uv@v5
      - run: |
          pip install lm-eval==0.4.7
          lm_eval --model hf --model_args pretrained=TinyLlama/TinyLlama-1.1B-Chat-v1.0
      - run: echo "done with echo/ci-model"
''',
    "services/summary/bedrock.py": '''import json
import os
from enum import Enum

import boto3

REGION = "eu-central-1"
MODEL_ID = os.environ.get("BEDROCK_MODEL", "anthropic.claude-3-haiku-20240307-v1:0")


class Embedder(str, Enum):
    TITAN = "amazon.titan-embed-text-v2:0"
    COHERE = "cohere.embed-multilingual-v3"


client = boto3.client("bedrock-runtime", region_name=REGION)


def summary(text):
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": text}]})
    return client.invoke_model(modelId=MODEL_ID, body=body, accept="application/json")


def talk(text, model_id="us.amazon.nova-lite-v1:0"):
    return client.converse(modelId=model_id, messages=[{"role": "user", "content": [{"text": text}]}])


def vector(text):
    return client.invoke_model(modelId=Embedder.TITAN.value, body=text, contentType="text/plain")
''',
    "services/extract/vertex.py": '''import vertexai
from google import genai
from google.genai import types
from vertexai.generative_models import GenerativeModel as Gen
from vertexai.language_models import TextEmbeddingModel

vertexai.init(project="acme/project", location="europe-west3")
FLASH = "gemini-1.5-flash-002"
PRO = FLASH.replace("flash", "pro")
old = Gen(FLASH, system_instruction="You are system/not-model")
embedding = TextEmbeddingModel.from_pretrained("text-multilingual-embedding-002")
client = genai.Client(vertexai=True)


def extract(page: bytes, model: str | None = None):
    model = model or "gemini-2.0-flash-001"
    part = types.Part.from_bytes(data=page, mime_type="application/pdf")
    return client.models.generate_content(model=model, contents=[part])
''',
    "services/chat/azure.py": '''import os
from openai import AzureOpenAI
import litellm
from litellm import completion as complete
import cohere
from mistralai import Mistral
from anthropic import AsyncAnthropicBedrock

CONFIG = {"azure": {"endpoint": "https://acme.openai.azure.com", "deployment": "gpt-4o-prod"}, "mime": "image/png"}
client = AzureOpenAI(azure_endpoint=CONFIG["azure"]["endpoint"], api_version="2024-10-21")
answer = client.chat.completions.create(model=CONFIG["azure"]["deployment"], messages=[])
route = complete(model="vertex_ai/gemini-1.5-pro", messages=[], fallbacks=["groq/llama-3.1-8b-instant"])
embed = litellm.embedding("cohere/embed-english-v3.0", input=["a/b"])
rank = cohere.ClientV2().rerank(model="rerank-v3.5", query="q", documents=["doc/one"])
mistral = Mistral(api_key=os.environ["MISTRAL_API_KEY"])
said = mistral.chat.complete(model="mistral-small-latest", messages=[])
aws = AsyncAnthropicBedrock()


async def ask():
    return await aws.messages.create(model="anthropic.claude-3-5-haiku-20241022-v1:0", max_tokens=1, messages=[])
''',
    "notebooks/explore.ipynb": notebook(
        ("markdown", "# Explore\nTry `markdown/cell-model` and\n```python\npipeline(model='markdown/code-model')\n```\n"),
        ("code", "%pip install -q setfit==1.1.0 umap-learn\n!pip install 'bertopic>=0.16'  # not keybert\n"),
        ("code", "from setfit import SetFitModel\nCHECKPOINT = 'sentence-transformers/paraphrase-mpnet-base-v2'\n"
                 "import pandas as pd\ndf = pd.read_csv('data/tickets.csv')\n"),
        ("code", "model = SetFitModel.from_pretrained(CHECKPOINT)\n!huggingface-cli download cell/shell-model\n"
                 "print('printed/nb-model')\n"),
        ("code", "%%bash\nollama pull phi3:mini\n"),
        ("code", "from datasets import load_dataset\ntickets = load_dataset('SetFit/sst2', split='train')\n"
                 "from bertopic import BERTopic\ntopics = BERTopic(embedding_model='all-MiniLM-L12-v2')\n")),
    "ml/churn/conda.yaml": '''name: churn
channels: [conda-forge]
dependencies:
- python=3.10.12
- scikit-learn=1.5.2
- xgboost
- pip:
  - mlflow==2.19.0
''',
    "ml/churn/score.py": '''import mlflow
import joblib
import xgboost as xgb
from sagemaker.huggingface import HuggingFaceModel
from pathlib import Path

ROOT = Path(__file__).parent
champion = mlflow.pyfunc.load_model("models:/churn/3")
scaler = joblib.load("artifacts/scaler.joblib")
booster = xgb.Booster()
booster.load_model("artifacts/churn.ubj")
hub = HuggingFaceModel(env={"HF_MODEL_ID": "ProsusAI/finbert", "HF_TASK": "text/classification"}, role="arn:aws:iam::1:role/x")
mlflow.set_experiment("/teams/churn")
mlflow.log_param("model", "param/not-model")
''',
    "ml/requirements.lock": '''# generated by pip-compile
vllm==0.6.4.post1 \\
    --hash=sha256:''' + "12" * 32 + ''' \\
    --hash=sha256:''' + "34" * 32 + '''
    # via -r requirements.in
outlines-core==0.1.26
    # via outlines
''',
}
PLATFORM_EXPECTED = [
    ("model", "sentence-transformers/paraphrase-MiniLM-L3-v2", "Makefile"),
    ("model", "mistral:7b-instruct", "Makefile"),
    ("library", "vllm", "Makefile"),
    ("library", "ray", "Makefile"),
    ("container", "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime", ".github/workflows/ci.yml"),
    ("container", "ghcr.io/mlflow/mlflow:v2.19.0", ".github/workflows/ci.yml"),
    ("library", "lm-eval", ".github/workflows/ci.yml", {"version": "0.4.7"}),
    ("model", "TinyLlama/TinyLlama-1.1B-Chat-v1.0", ".github/workflows/ci.yml"),
    ("model", "openai/gpt-oss-20b", ".github/workflows/ci.yml"),
    ("model", "anthropic.claude-3-haiku-20240307-v1:0", "services/summary/bedrock.py", {"provider": "bedrock"}),
    ("model", "us.amazon.nova-lite-v1:0", "services/summary/bedrock.py", {"provider": "bedrock"}),
    ("model", "amazon.titan-embed-text-v2:0", "services/summary/bedrock.py", {"provider": "bedrock"}),
    ("model", "gemini-1.5-flash-002", "services/extract/vertex.py", {"provider": "google"}),
    ("model", "text-multilingual-embedding-002", "services/extract/vertex.py", {"provider": "google"}),
    ("model", "gemini-2.0-flash-001", "services/extract/vertex.py", {"provider": "google"}),
    ("model", "gpt-4o-prod", "services/chat/azure.py", {"provider": "azure"}),
    ("model", "vertex_ai/gemini-1.5-pro", "services/chat/azure.py", {"provider": "google-vertex"}),
    ("model", "groq/llama-3.1-8b-instant", "services/chat/azure.py", {"provider": "groq"}),
    ("model", "cohere/embed-english-v3.0", "services/chat/azure.py", {"provider": "cohere"}),
    ("model", "rerank-v3.5", "services/chat/azure.py", {"provider": "cohere"}),
    ("model", "mistral-small-latest", "services/chat/azure.py", {"provider": "mistral"}),
    ("model", "anthropic.claude-3-5-haiku-20241022-v1:0", "services/chat/azure.py", {"provider": "bedrock"}),
    ("library", "setfit", "notebooks/explore.ipynb", {"version": "1.1.0"}),
    ("library", "bertopic", "notebooks/explore.ipynb"),
    ("model", "sentence-transformers/paraphrase-mpnet-base-v2", "notebooks/explore.ipynb"),
    ("model", "cell/shell-model", "notebooks/explore.ipynb"),
    ("model", "phi3:mini", "notebooks/explore.ipynb"),
    ("model", "all-MiniLM-L12-v2", "notebooks/explore.ipynb"),
    ("dataset", "SetFit/sst2", "notebooks/explore.ipynb"),
    ("dataset", "data/tickets.csv", "notebooks/explore.ipynb"),
    ("library", "scikit-learn", "ml/churn/conda.yaml", {"version": "1.5.2"}),
    ("library", "xgboost", "ml/churn/conda.yaml"),
    ("library", "mlflow", "ml/churn/conda.yaml", {"version": "2.19.0"}),
    ("model", "models:/churn/3", "ml/churn/score.py"),
    ("model", "artifacts/scaler.joblib", "ml/churn/score.py"),
    ("model", "artifacts/churn.ubj", "ml/churn/score.py"),
    ("model", "ProsusAI/finbert", "ml/churn/score.py"),
    ("library", "vllm", "ml/requirements.lock", {"version": "0.6.4.post1"}),
]
PLATFORM_TRAPS = ["comment/make-model", "weights/mini", "echo/make-model", "ci/evaluate", "actions/checkout", "echo/ci-model",
                  "ubuntu-latest", "application/json", "text/plain", "cohere.embed-multilingual-v3", "bedrock-2023-05-31",
                  "acme/project", "system/not-model", "application/pdf", "image/png", "a/b", "doc/one", "markdown/cell-model",
                  "markdown/code-model", "keybert", "printed/nb-model", "text/classification", "/teams/churn",
                  "param/not-model", "outlines", "hf"]

INDEPENDENT = {
    "service": (SERVICE, SERVICE_EXPECTED, SERVICE_TRAPS, []),
    "tuning2": (TUNING, TUNING_EXPECTED, TUNING_TRAPS, TUNING_EDGES),
    "web": (WEB, WEB_EXPECTED, WEB_TRAPS, []),
    "agents2": (AGENTS, AGENTS_EXPECTED, AGENTS_TRAPS, []),
    "vision2": (VISION, VISION_EXPECTED, VISION_TRAPS, []),
    "speech2": (SPEECH, SPEECH_EXPECTED, SPEECH_TRAPS, []),
    "serving2": (SERVING, SERVING_EXPECTED, SERVING_TRAPS, []),
    "platform": (PLATFORM, PLATFORM_EXPECTED, PLATFORM_TRAPS, []),
}
