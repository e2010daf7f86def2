"""Small repositories as teams write them, with what a bill of materials has to find in each, and what it must not.

Written without looking at how bartizan resolves names. Each is (files, expected, traps, lineage): `expected` holds
(type, name, file), `lineage` holds (child, relation, parent). Binary files are made by `binary`.
"""
import json
import struct


def safetensors(names=("w",), **metadata) -> bytes:
    """A safetensors file of 4x4 float tensors."""
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name in names:
        header[name] = {"dtype": "F32", "shape": [4, 4], "data_offsets": [at, at + 64]}
        at += 64
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


def gguf(**pairs) -> bytes:
    """A GGUF file (version 3) without tensors, all values strings or unsigned 32-bit numbers."""
    out = b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs))
    for key, value in pairs.items():
        key = key.replace("__", ".").encode()
        out += struct.pack("<Q", len(key)) + key
        if isinstance(value, int):
            out += struct.pack("<II", 4, value)
        else:
            out += struct.pack("<IQ", 8, len(value.encode())) + value.encode()
    return out


RAG = {
    "app/config.py": '''"""Settings. Example: MODEL = "example/in-docstring"."""
import os
from dataclasses import dataclass

EMBEDDING_MODEL = os.getenv("EMBEDDING_MODEL", "BAAI/bge-small-en-v1.5")
LLM = os.environ.get("LLM", "mistral-large-latest")


@dataclass
class Settings:
    reranker: str = "cross-encoder/ms-marco-MiniLM-L-6-v2"
    top_k: int = 5
''',
    "app/index.py": '''from langchain_huggingface import HuggingFaceEmbeddings
from langchain_community.vectorstores import FAISS
from sentence_transformers import CrossEncoder
import qdrant_client as qc

MODELS = {"embed": "intfloat/multilingual-e5-large", "rank": "BAAI/bge-reranker-base"}
# embeddings = HuggingFaceEmbeddings(model_name="old/commented-model")


def build(docs, name="thenlper/gte-large"):
    embeddings = HuggingFaceEmbeddings(model_name=MODELS["embed"])
    ranker = CrossEncoder(MODELS.get("rank"))
    other = HuggingFaceEmbeddings(model_name=name)
    client = qc.QdrantClient(url="http://localhost:6333")
    return FAISS.from_documents(docs, embeddings), ranker, other, client
''',
    "app/chat.py": '''from mistralai import Mistral
import cohere
from google import genai

LARGE = "mistral-large-2411"


async def answer(question: str, model: str = "command-r-plus-08-2024"):
    client = Mistral()
    first = await client.chat.complete_async(model=LARGE, messages=[{"role": "user", "content": question}])
    second = cohere.ClientV2().chat(model=model, messages=[])
    third = genai.Client().models.generate_content(model="gemini-2.0-flash", contents=question)
    print("model=not/a-model", first, second)
    return third
''',
    "requirements/base.txt": "langchain-huggingface==0.1.2\nqdrant-client>=1.9\nfaiss-cpu\n-r extra.txt\n",
    "requirements/extra.txt": "cohere==5.11.0 --hash=sha256:" + "0" * 64 + "\n# not-a-package==1\nmistralai[agents]~=1.2\n",
    "docker-compose.yml": '''services:
  qdrant:
    image: qdrant/qdrant:v1.9.2
  tei:
    image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.5
    command: ["--model-id", "BAAI/bge-large-en-v1.5", "--port", "80"]
  llm:
    image: vllm/vllm-openai:v0.6.3
    command: --model Qwen/Qwen2.5-7B-Instruct --max-model-len 4096
    environment:
      - HF_TOKEN=${HF_TOKEN}
''',
    "README.md": "# RAG\nUses `some/prose-model` in prose only.\n",
}
RAG_EXPECTED = [
    ("model", "BAAI/bge-small-en-v1.5", None),
    ("model", "intfloat/multilingual-e5-large", "app/index.py"),
    ("model", "BAAI/bge-reranker-base", "app/index.py"),
    ("model", "thenlper/gte-large", "app/index.py"),
    ("model", "mistral-large-2411", "app/chat.py"),
    ("model", "command-r-plus-08-2024", "app/chat.py"),
    ("model", "gemini-2.0-flash", "app/chat.py"),
    ("model", "BAAI/bge-large-en-v1.5", "docker-compose.yml"),
    ("model", "Qwen/Qwen2.5-7B-Instruct", "docker-compose.yml"),
    ("container", "qdrant/qdrant:v1.9.2", "docker-compose.yml"),
    ("container", "ghcr.io/huggingface/text-embeddings-inference:cpu-1.5", "docker-compose.yml"),
    ("container", "vllm/vllm-openai:v0.6.3", "docker-compose.yml"),
    ("library", "langchain-huggingface", "requirements/base.txt"),
    ("library", "qdrant-client", "requirements/base.txt"),
    ("library", "faiss-cpu", "requirements/base.txt"),
    ("library", "cohere", "requirements/extra.txt"),
    ("library", "mistralai", "requirements/extra.txt"),
]

TUNING = {
    "train.py": '''import argparse

import torch
from datasets import load_dataset, concatenate_datasets
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from trl import SFTTrainer

parser = argparse.ArgumentParser()
parser.add_argument("--base", default="meta-llama/Llama-3.1-8B")
parser.add_argument("--data", type=str, default="tatsu-lab/alpaca")
arguments = parser.parse_args()
ORG = "acme"


def main():
    """Not used: load_dataset("docstring/data")."""
    tokenizer = AutoTokenizer.from_pretrained(arguments.base, revision="0e9e39f249a16976918f6564b8830bc894c89659")
    model = AutoModelForCausalLM.from_pretrained(arguments.base, quantization_config=BitsAndBytesConfig(load_in_4bit=True))
    first = load_dataset(arguments.data, split="train")
    second = load_dataset(path="HuggingFaceH4/ultrachat_200k", revision="8049631c405ae6576f93f445c6b8166f76f5505a")
    third = load_dataset("json", data_files={"train": "data/own.jsonl"})
    judge = AutoModelForCausalLM.from_pretrained(f"{ORG}/judge-7b")
    adapted = PeftModel.from_pretrained(model, "acme/llama-lora")
    reference = torch.hub.load("facebookresearch/dinov2", "dinov2_vits14")
    SFTTrainer(model=adapted, train_dataset=concatenate_datasets([first, second, third])).train()
    return tokenizer, judge, reference
''',
    "out/adapter/adapter_config.json": json.dumps({"base_model_name_or_path": "meta-llama/Llama-3.1-8B", "peft_type": "LORA",
                                                    "revision": None, "r": 16}),
    "out/adapter/adapter_model.safetensors": safetensors(("base_model.model.l.lora_A.weight", "base_model.model.l.lora_B.weight")),
    "out/adapter/README.md": """---
base_model: meta-llama/Llama-3.1-8B
library_name: peft
license: llama3.1
datasets:
  - tatsu-lab/alpaca
---
# Adapter
""",
    "out/merged/model-q4.gguf": gguf(general__architecture="llama", general__name="merged", general__base_model__count=1,
                                     general__base_model__0__name="Llama 3.1 8B",
                                     general__base_model__0__repo_url="https://huggingface.co/meta-llama/Llama-3.1-8B"),
    "pyproject.toml": """[project]
name = "tuning"
version = "0.1.0"
dependencies = ["torch==2.4.1", "transformers>=4.45,<5", "trl", "peft==0.13.0"]

[project.optional-dependencies]
gpu = ["bitsandbytes==0.44.1"]
""",
    "environment.yml": "name: t\ndependencies:\n  - python=3.11\n  - numpy=1.26.4\n  - pip:\n      - accelerate==1.0.1\n",
    "data/own.jsonl": '{"text": "a"}\n',
}
TUNING_EXPECTED = [
    ("model", "meta-llama/Llama-3.1-8B", "train.py"),
    ("model", "acme/judge-7b", "train.py"),
    ("model", "acme/llama-lora", "train.py"),
    ("model", "facebookresearch/dinov2:dinov2_vits14", "train.py"),
    ("dataset", "tatsu-lab/alpaca", "train.py"),
    ("dataset", "HuggingFaceH4/ultrachat_200k", "train.py"),
    ("dataset", "data/own.jsonl", "train.py"),
    ("model-file", "out/adapter/adapter_model.safetensors", None),
    ("model-file", "out/merged/model-q4.gguf", None),
    ("library", "torch", "pyproject.toml"),
    ("library", "transformers", "pyproject.toml"),
    ("library", "trl", "pyproject.toml"),
    ("library", "peft", "pyproject.toml"),
    ("library", "bitsandbytes", "pyproject.toml"),
    ("library", "numpy", "environment.yml"),
    ("library", "accelerate", "environment.yml"),
]

AGENTS = {
    "src/agent.ts": '''import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import { openai } from "@ai-sdk/openai";
import { generateText, embed } from "ai";
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import { pipeline } from "@huggingface/transformers";

const MODEL = process.env.MODEL ?? "gpt-4.1-mini";
const config = { writer: "claude-sonnet-4-20250514", image: "gpt-image-1" };
// const old = "gpt-3.5-turbo-commented";

export async function run(question: string, critic = "o3-mini") {
  const client = new OpenAI();
  await client.chat.completions.create({ model: MODEL, messages: [] });
  await client.images.generate({ model: config.image, prompt: question });
  await client.responses.create({ model: critic, input: question });
  await new Anthropic().messages.create({ model: config.writer, max_tokens: 10, messages: [] });
  await generateText({ model: openai("gpt-4o-2024-11-20"), prompt: question });
  await embed({ model: openai.embedding("text-embedding-3-small"), value: question });
  const gemini = new ChatGoogleGenerativeAI({ model: "gemini-1.5-pro-002" });
  const classify = await pipeline("sentiment-analysis", "Xenova/distilbert-base-uncased-finetuned-sst-2-english");
  return { gemini, classify, note: "uses fake/string-model" };
}
''',
    "package.json": json.dumps({"name": "agents", "version": "1.0.0",
                                "dependencies": {"openai": "^4.67.0", "@anthropic-ai/sdk": "0.32.1", "ai": "4.0.0"},
                                "devDependencies": {"typescript": "5.6.3"}}),
    ".mcp.json": json.dumps({"mcpServers": {"files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem@0.6.2", "."]},
                                            "web": {"url": "https://mcp.example.org/sse"}}}),
    "crew.py": '''from crewai import Agent, Task, Crew, LLM
from pydantic_ai import Agent as PAgent
from agents import Agent as OAgent, Runner
import litellm
import boto3

llm = LLM(model="anthropic/claude-3-5-haiku-20241022")
researcher = Agent(role="researcher", goal="find", llm=llm)
typed = PAgent("openai:gpt-4o-mini", system_prompt="Be brief.")
helper = OAgent(name="helper", model="gpt-4.1-nano", instructions="Help.")
bedrock = boto3.client("bedrock-runtime")


def ask(q):
    bedrock.invoke_model(modelId="anthropic.claude-3-sonnet-20240229-v1:0", body=q)
    return litellm.completion(model="groq/llama-3.3-70b-versatile", messages=[])
''',
}
AGENTS_EXPECTED = [
    ("model", "gpt-4.1-mini", "src/agent.ts"),
    ("model", "gpt-image-1", "src/agent.ts"),
    ("model", "o3-mini", "src/agent.ts"),
    ("model", "claude-sonnet-4-20250514", "src/agent.ts"),
    ("model", "gpt-4o-2024-11-20", "src/agent.ts"),
    ("model", "text-embedding-3-small", "src/agent.ts"),
    ("model", "gemini-1.5-pro-002", "src/agent.ts"),
    ("model", "Xenova/distilbert-base-uncased-finetuned-sst-2-english", "src/agent.ts"),
    ("model", "anthropic/claude-3-5-haiku-20241022", "crew.py"),
    ("model", "gpt-4o-mini", "crew.py"),
    ("model", "gpt-4.1-nano", "crew.py"),
    ("model", "anthropic.claude-3-sonnet-20240229-v1:0", "crew.py"),
    ("model", "groq/llama-3.3-70b-versatile", "crew.py"),
    ("library", "openai", "package.json"),
    ("library", "@anthropic-ai/sdk", "package.json"),
    ("library", "ai", "package.json"),
    ("mcp-server", "files", ".mcp.json"),
    ("mcp-server", "web", ".mcp.json"),
]

VISION = {
    "infer.py": '''from pathlib import Path

import joblib
import numpy as np
import onnxruntime as ort
import pandas as pd
import timm
import torch
from diffusers import StableDiffusionXLPipeline as SDXL
from huggingface_hub import hf_hub_download, snapshot_download
from tensorflow import keras
from torchvision.models import resnet50, ResNet50_Weights
from ultralytics import YOLO

ROOT = Path(__file__).parent
detector = YOLO("weights/best.pt")
backbone = timm.create_model("vit_base_patch16_224.augreg_in21k", pretrained=True)
pipe = SDXL.from_pretrained("stabilityai/stable-diffusion-xl-base-1.0", torch_dtype=torch.float16)
session = ort.InferenceSession("weights/net.onnx")
scaler = joblib.load(open("weights/scaler.joblib", "rb"))
head = keras.models.load_model("weights/head.keras")
path = hf_hub_download(repo_id="briaai/RMBG-1.4", filename="model.onnx", revision="2ceba5a5efaec153162aedea169f76caf9b46cf8")
folder = snapshot_download("openai/clip-vit-base-patch32")
frame = pd.read_csv("data/train.csv")
''',
    "weights/head.safetensors": safetensors(("head.weight",)),
    "k8s/serve.yaml": '''apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: clip}
spec:
  predictor:
    model:
      modelFormat: {name: onnx}
      storageUri: hf://openai/clip-vit-large-patch14
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: vllm}
spec:
  template:
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai@sha256:''' + "ab" * 32 + '''
          args: ["--model", "google/gemma-2-9b-it"]
          env:
            - {name: EMBED_MODEL, value: nomic-ai/nomic-embed-text-v1.5}
''',
    "Dockerfile": '''FROM python:3.11-slim AS base
RUN pip install --no-cache-dir torch==2.5.1 "timm>=1.0" \\
    && huggingface-cli download facebook/detr-resnet-50
FROM base
RUN python -c "from transformers import pipeline; pipeline('image-classification', model='microsoft/resnet-50')"
ARG WHISPER=openai/whisper-small
ENV ASR_MODEL=${WHISPER}
''',
    "nb/explore.ipynb": json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["from_pretrained('markdown/model')"]},
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [],
         "source": ["!pip install -q evaluate==0.4.3 gradio\n", "from transformers import AutoModel\n", "name = 'facebook/dinov2-base'\n"]},
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [],
         "source": ["model = AutoModel.from_pretrained(name)\n"]}]}),
}
VISION_EXPECTED = [
    ("model", "weights/best.pt", "infer.py"),
    ("model", "vit_base_patch16_224.augreg_in21k", "infer.py"),
    ("model", "stabilityai/stable-diffusion-xl-base-1.0", "infer.py"),
    ("model", "weights/net.onnx", "infer.py"),
    ("model", "weights/scaler.joblib", "infer.py"),
    ("model", "weights/head.keras", "infer.py"),
    ("model", "briaai/RMBG-1.4", "infer.py"),
    ("model", "openai/clip-vit-base-patch32", "infer.py"),
    ("dataset", "data/train.csv", "infer.py"),
    ("model-file", "weights/head.safetensors", None),
    ("model", "openai/clip-vit-large-patch14", "k8s/serve.yaml"),
    ("model", "google/gemma-2-9b-it", "k8s/serve.yaml"),
    ("model", "nomic-ai/nomic-embed-text-v1.5", "k8s/serve.yaml"),
    ("container", "python:3.11-slim", "Dockerfile"),
    ("library", "torch", "Dockerfile"),
    ("library", "timm", "Dockerfile"),
    ("model", "facebook/detr-resnet-50", "Dockerfile"),
    ("model", "microsoft/resnet-50", "Dockerfile"),
    ("model", "openai/whisper-small", "Dockerfile"),
    ("library", "evaluate", "nb/explore.ipynb"),
    ("library", "gradio", "nb/explore.ipynb"),
    ("model", "facebook/dinov2-base", "nb/explore.ipynb"),
]

REPOSITORIES = {
    "rag": (RAG, RAG_EXPECTED, ["example/in-docstring", "old/commented-model", "not/a-model", "some/prose-model", "not-a-package"], []),
    "tuning": (TUNING, TUNING_EXPECTED, ["docstring/data", "json"], [
        ("out/adapter/adapter_model.safetensors", "adapter", "meta-llama/Llama-3.1-8B"),
        ("out/merged/model-q4.gguf", "base", "meta-llama/Llama-3.1-8B"),
        ("out/adapter", "trained-on", "tatsu-lab/alpaca"),
    ]),
    "agents": (AGENTS, AGENTS_EXPECTED, ["gpt-3.5-turbo-commented", "fake/string-model"], []),
    "vision": (VISION, VISION_EXPECTED, ["markdown/model"], []),
}
