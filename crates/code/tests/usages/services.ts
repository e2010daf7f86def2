// Clients of providers in TypeScript.
import OpenAI, { AzureOpenAI, toFile } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { GoogleGenerativeAI } from "@google/generative-ai";
import { Mistral } from "@mistralai/mistralai";
import { CohereClient } from "cohere-ai";
import Groq from "groq-sdk";
import Together from "together-ai";
import ollama, { Ollama } from "ollama";
import Replicate from "replicate";
import { HfInference, InferenceClient } from "@huggingface/inference";
import { BedrockRuntimeClient, ConverseCommand, InvokeModelCommand } from "@aws-sdk/client-bedrock-runtime";
import { VertexAI } from "@google-cloud/vertexai";
import axios from "axios";
import { pipeline, AutoTokenizer, env } from "@huggingface/transformers";
import { OpenAIEmbeddings } from "@langchain/openai";
import { Pinecone } from "@pinecone-database/pinecone";
import { ChromaClient } from "chromadb";
import { QdrantClient } from "@qdrant/js-client-rest";
import * as ort from "onnxruntime-node";
import { CreateMLCEngine } from "@mlc-ai/web-llm";

const SYSTEM = "You are helpful.";
export const CHAT_MODEL = process.env.CHAT_MODEL || "gpt-4o";
const models = { small: "gpt-4o-mini", embed: "text-embedding-3-large" } as const;

const openai = new OpenAI({ apiKey: process.env.OPENAI_API_KEY }); //> service openai
const azure = new AzureOpenAI({ deployment: "gpt-4-eu", apiVersion: "2024-10-21" }); //> service azure-openai; gpt-4-eu
const lmstudio = new OpenAI({ baseURL: "http://127.0.0.1:1234/v1" }); //> service http://127.0.0.1:1234/v1

export async function chat(question: string, model: string = "gpt-4.1-nano") {
  const first = await openai.chat.completions.create({ //> gpt-4o; prompt SYSTEM
    model: CHAT_MODEL,
    messages: [{ role: "system", content: SYSTEM }, { role: "user", content: question }],
  });
  const second = await openai.beta.chat.completions.parse({ model, messages: [] }); //> gpt-4.1-nano
  const vectors = await openai.embeddings.create({ model: models.embed, input: question }); //> text-embedding-3-large
  const text = await openai.audio.transcriptions.create({ file: await toFile("x"), model: "whisper-1" }); //> whisper-1
  await lmstudio.chat.completions.create({ model: "lmstudio-community/Meta-Llama-3-8B-Instruct-GGUF", messages: [] }); //> lmstudio-community/Meta-Llama-3-8B-Instruct-GGUF
  return [first, second, vectors, text];
}

class Service {
  private readonly client = new Anthropic(); //> service anthropic
  private model = "claude-3-5-sonnet-20241022";
  async ask(text: string) {
    const params = { model: this.model, max_tokens: 10, messages: [{ role: "user" as const, content: text }] };
    return await this.client.messages.create(params); //> claude-3-5-sonnet-20241022
  }
}

export async function google() {
  const ai = new GoogleGenAI({ apiKey: "x" }); //> service google-genai
  await ai.models.generateContent({ model: "gemini-2.5-flash", contents: "x" }); //> gemini-2.5-flash
  const old = new GoogleGenerativeAI("key"); //> service google-genai
  const model = old.getGenerativeModel({ model: "gemini-pro-vision" }); //> gemini-pro-vision
  const vertex = new VertexAI({ project: "p" }).getGenerativeModel({ model: "gemini-1.0-pro-002" }); //> gemini-1.0-pro-002
  return model.generateContent("x");
}

export async function others() {
  await new Mistral({}).chat.complete({ model: "mistral-small-latest", messages: [] }); //> mistral-small-latest
  await new CohereClient({}).rerank({ model: "rerank-v3.5", query: "", documents: [] }); //> rerank-v3.5
  await new Groq().chat.completions.create({ model: "llama-3.1-70b-versatile", messages: [] }); //> llama-3.1-70b-versatile
  await new Together().chat.completions.create({ model: "Qwen/Qwen2.5-7B-Instruct-Turbo", messages: [] }); //> Qwen/Qwen2.5-7B-Instruct-Turbo
  await ollama.chat({ model: "deepseek-r1:8b", messages: [] }); //> deepseek-r1:8b
  await new Ollama({ host: "http://x:11434" }).generate({ model: "mistral-nemo", prompt: "" }); //> mistral-nemo
  await new Replicate().run("black-forest-labs/flux-schnell", { input: {} }); //> black-forest-labs/flux-schnell
  await new HfInference("t").featureExtraction({ model: "sentence-transformers/all-MiniLM-L6-v2", inputs: "" }); //> sentence-transformers/all-MiniLM-L6-v2
  await new InferenceClient("t").chatCompletion({ model: "meta-llama/Llama-3.1-8B-Instruct", messages: [] }); //> meta-llama/Llama-3.1-8B-Instruct
  const bedrock = new BedrockRuntimeClient({ region: "us-east-1" });
  await bedrock.send(new InvokeModelCommand({ modelId: "amazon.titan-embed-text-v2:0", body: "" })); //> amazon.titan-embed-text-v2:0
  await bedrock.send(new ConverseCommand({ modelId: "anthropic.claude-3-haiku-20240307-v1:0" })); //> anthropic.claude-3-haiku-20240307-v1:0
  await fetch("https://openrouter.ai/api/v1/chat/completions", { method: "POST", body: JSON.stringify({ model: "anthropic/claude-3.5-sonnet", messages: [] }) }); //> anthropic/claude-3.5-sonnet
  await axios.post("http://localhost:11434/api/generate", { model: "codellama:7b", prompt: "" }); //> codellama:7b
}

export async function inBrowser() {
  env.allowLocalModels = false;
  const classify = await pipeline("zero-shot-classification", "Xenova/nli-deberta-v3-xsmall", { quantized: true }); //> Xenova/nli-deberta-v3-xsmall
  const tokenizer = await AutoTokenizer.from_pretrained("Xenova/bert-base-uncased"); //> Xenova/bert-base-uncased
  const session = await ort.InferenceSession.create("./model.onnx"); //> ./model.onnx
  const engine = await CreateMLCEngine("Llama-3.1-8B-Instruct-q4f32_1-MLC"); //> Llama-3.1-8B-Instruct-q4f32_1-MLC
  return [classify, tokenizer, session, engine];
}

export const stores = () => [
  new Pinecone({ apiKey: "x" }), //> vector-store pinecone
  new ChromaClient({ path: "http://localhost:8000" }), //> vector-store chromadb
  new QdrantClient({ url: "http://localhost:6333" }), //> vector-store qdrant
  new OpenAIEmbeddings({ model: models.small }), //> gpt-4o-mini
];
