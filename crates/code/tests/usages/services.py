"""Clients of providers."""
import json
import os

import anthropic
import boto3
import cohere
import google.generativeai as genai
import litellm
import ollama
import openai
import replicate
import requests
import voyageai
from anthropic import AsyncAnthropic
from google import genai as google_genai
from google.genai import types
from groq import Groq
from litellm import acompletion
from mistralai import Mistral
from openai import AsyncOpenAI, AzureOpenAI, OpenAI
from together import Together
from vertexai.generative_models import GenerativeModel

SYSTEM_PROMPT = "You are a helpful assistant."
MODELS = {"fast": "gpt-4o-mini", "smart": "o1-preview"}

client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])  #> service openai
local = OpenAI(base_url="http://localhost:11434/v1", api_key="ollama")  #> service http://localhost:11434/v1
azure = AzureOpenAI(azure_endpoint=os.environ["ENDPOINT"], api_version="2024-06-01")  #> service azure-openai


def chat(question: str) -> str:
    response = client.chat.completions.create(  #> gpt-4o-mini; prompt SYSTEM_PROMPT
        model=MODELS["fast"],
        messages=[
            {"role": "system", "content": SYSTEM_PROMPT},
            {"role": "user", "content": question},
        ],
    )
    return response.choices[0].message.content


def think(question):
    return client.responses.create(model=MODELS["smart"], input=question)  #> o1-preview


def embed(texts, model="text-embedding-3-large"):
    return [row.embedding for row in client.embeddings.create(input=texts, model=model).data]  #> text-embedding-3-large


def picture():
    return client.images.generate(model="dall-e-3", prompt="a cat", n=1)  #> dall-e-3


def speech():
    with client.audio.speech.with_streaming_response.create(model="tts-1-hd", voice="alloy", input="hi") as answer:  #> tts-1-hd
        return answer


def structured():
    return client.beta.chat.completions.parse(model="gpt-4o-2024-08-06", messages=[])  #> gpt-4o-2024-08-06


def on_azure():
    return azure.chat.completions.create(model="my-deployment", messages=[])  #> my-deployment


def at_home():
    return local.chat.completions.create(model="qwen2.5:14b", messages=[])  #> qwen2.5:14b


def old():
    openai.api_key = "x"
    openai.Embedding.create(input="x", engine="text-embedding-ada-002")  #> text-embedding-ada-002
    return openai.ChatCompletion.create(model="gpt-3.5-turbo-0613", messages=[])  #> gpt-3.5-turbo-0613


class Claude:
    MODEL = "claude-3-7-sonnet-20250219"

    def __init__(self, key=None):
        self.client = AsyncAnthropic(api_key=key)  #> service anthropic

    async def ask(self, text):
        message = await self.client.messages.create(  #> claude-3-7-sonnet-20250219; prompt system-prompt
            model=self.MODEL, max_tokens=100, system="Answer in French.", messages=[{"role": "user", "content": text}]
        )
        return message.content


def stream():
    with anthropic.Anthropic().messages.stream(model="claude-opus-4-0", max_tokens=5, messages=[]) as s:  #> service anthropic; claude-opus-4-0
        return list(s)


def google():
    genai.configure(api_key="k")  #> service google-genai
    model = genai.GenerativeModel("gemini-1.5-flash-latest")  #> gemini-1.5-flash-latest
    vertex = GenerativeModel(model_name="gemini-1.0-pro")  #> gemini-1.0-pro
    new = google_genai.Client()  #> service google-genai
    new.models.generate_content(  #> gemini-2.5-pro
        model="gemini-2.5-pro", contents="x", config=types.GenerateContentConfig(system_instruction="Be terse.")  #> prompt system-prompt
    )
    genai.embed_content(model="models/text-embedding-004", content="x")  #> models/text-embedding-004
    return model.generate_content("x"), vertex


def others(q):
    Groq().chat.completions.create(model="mixtral-8x7b-32768", messages=[])  #> service groq; mixtral-8x7b-32768
    Together().chat.completions.create(model="meta-llama/Llama-3-70b-chat-hf", messages=[])  #> service together; meta-llama/Llama-3-70b-chat-hf
    Mistral(api_key="x").embeddings.create(model="mistral-embed", inputs=[q])  #> service mistral; mistral-embed
    co = cohere.Client("x")  #> service cohere
    co.embed(texts=[q], model="embed-english-v3.0", input_type="search_document")  #> embed-english-v3.0
    voyageai.Client().embed([q], model="voyage-3-large")  #> service voyage; voyage-3-large
    replicate.run("meta/meta-llama-3-8b-instruct", input={"prompt": q})  #> meta/meta-llama-3-8b-instruct
    ollama.generate("phi3", q)  #> phi3
    ollama.chat(model="llama3.2-vision", messages=[])  #> llama3.2-vision
    litellm.completion("bedrock/anthropic.claude-3-haiku-20240307-v1:0", messages=[])  #> bedrock/anthropic.claude-3-haiku-20240307-v1:0
    return acompletion(model="gemini/gemini-1.5-pro", messages=[])  #> gemini/gemini-1.5-pro


def bedrock(prompt):
    runtime = boto3.Session().client(service_name="bedrock-runtime", region_name="us-east-1")
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9})
    runtime.invoke_model(body=body, modelId="amazon.titan-text-express-v1")  #> amazon.titan-text-express-v1
    kwargs = {"modelId": "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "messages": []}
    return runtime.converse(**kwargs)  #> us.anthropic.claude-3-5-sonnet-20241022-v2:0


def by_hand(prompt):
    payload = {"model": "mistral-small", "messages": [{"role": "user", "content": prompt}]}
    headers = {"Authorization": "Bearer x"}
    requests.post("https://api.mistral.ai/v1/chat/completions", json=payload, headers=headers)  #> mistral-small
    requests.post("https://api.openai.com/v1/embeddings", data=json.dumps({"model": "text-embedding-3-small", "input": "x"}))  #> text-embedding-3-small
    url = "https://api-inference.huggingface.co/models/facebook/bart-large-xsum"
    return requests.post(url, headers=headers, json={"inputs": prompt})  #> facebook/bart-large-xsum
