import { anthropic } from "@ai-sdk/anthropic";
import { createOpenAI, openai } from "@ai-sdk/openai";
import { bedrock } from "@ai-sdk/amazon-bedrock";
import { google } from "@ai-sdk/google";
import { mistral } from "@ai-sdk/mistral";
import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import { ollama } from "ollama-ai-provider";
import { convertToModelMessages, embedMany, generateObject, generateText, streamText, tool } from "ai";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { ChatAnthropic } from "@langchain/anthropic";
import { ChatOllama, OllamaEmbeddings } from "@langchain/ollama";
import { ChatBedrockConverse } from "@langchain/aws";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { HuggingFaceTransformersEmbeddings } from "@langchain/community/embeddings/huggingface_transformers";
import { MemoryVectorStore } from "langchain/vectorstores/memory";
import { initChatModel } from "langchain/chat_models/universal";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { Agent as OpenAIAgent, run } from "@openai/agents";
import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Settings, OpenAI, OpenAIEmbedding, VectorStoreIndex } from "llamaindex";
import { Ollama } from "@llamaindex/ollama";
import { z } from "zod";

const openrouter = createOpenRouter({ apiKey: "x" });
const custom = createOpenAI({ baseURL: "https://api.groq.com/openai/v1" });
const MODEL = openai("gpt-4o-mini"); //> gpt-4o-mini

export async function POST(request: Request) {
  const { messages } = await request.json();
  const result = streamText({ //> prompt system-prompt
    model: anthropic("claude-3-7-sonnet-20250219"), //> claude-3-7-sonnet-20250219
    system: "You help.",
    messages: convertToModelMessages(messages),
    tools: {
      weather: tool({ description: "Weather", parameters: z.object({ city: z.string() }) }), //> tool weather
    },
  });
  await generateObject({ model: google("gemini-2.0-flash-001"), schema: z.object({}), prompt: "x" }); //> gemini-2.0-flash-001
  await generateText({ model: MODEL, prompt: "x" });
  await generateText({ model: openai.responses("o4-mini"), prompt: "x" }); //> o4-mini
  await generateText({ model: custom("llama-3.3-70b-versatile"), prompt: "x" }); //> llama-3.3-70b-versatile
  await generateText({ model: openrouter.chat("deepseek/deepseek-chat"), prompt: "x" }); //> deepseek/deepseek-chat
  await generateText({ model: bedrock("anthropic.claude-3-sonnet-20240229-v1:0"), prompt: "x" }); //> anthropic.claude-3-sonnet-20240229-v1:0
  await generateText({ model: ollama("phi3:mini"), prompt: "x" }); //> phi3:mini
  await generateText({ model: "openai/gpt-5-mini", prompt: "x" }); //> openai/gpt-5-mini
  await embedMany({ model: mistral.textEmbeddingModel("mistral-embed"), values: [] }); //> mistral-embed
  return result.toDataStreamResponse();
}

const llm = new ChatOpenAI({ model: "gpt-4-turbo-preview", temperature: 0 }); //> gpt-4-turbo-preview
const claude = new ChatAnthropic({ modelName: "claude-3-haiku-20240307" }); //> claude-3-haiku-20240307
const local = new ChatOllama({ model: "llama3.2", baseUrl: "http://localhost:11434" }); //> llama3.2
const nomic = new OllamaEmbeddings({ model: "nomic-embed-text" }); //> nomic-embed-text
const converse = new ChatBedrockConverse({ model: "anthropic.claude-3-5-sonnet-20240620-v1:0" }); //> anthropic.claude-3-5-sonnet-20240620-v1:0
const e5 = new HuggingFaceTransformersEmbeddings({ model: "Xenova/e5-small-v2" }); //> Xenova/e5-small-v2
const universal = await initChatModel("claude-3-opus-20240229", { temperature: 0 }); //> claude-3-opus-20240229
const prompt = ChatPromptTemplate.fromTemplate("Answer {question}"); //> prompt prompt
const store = await MemoryVectorStore.fromTexts([], [], new OpenAIEmbeddings()); //> vector-store MemoryVectorStore
const graph = createReactAgent({ llm, tools: [] }); //> agent graph

const triage = new OpenAIAgent({ name: "Triage", instructions: "Route.", model: "gpt-4.1" }); //> agent Triage; gpt-4.1; prompt system-prompt
export const cook = new Agent({ name: "Cook", instructions: "Cook.", model: openai("gpt-4o") }); //> agent Cook; gpt-4o; prompt system-prompt
const search = createTool({ id: "search-web", description: "d", execute: async () => 1 }); //> tool search-web

const server = new McpServer({ name: "files", version: "1.0.0" }); //> mcp-server files
server.tool("read_file", { path: z.string() }, async ({ path }) => ({ content: [] })); //> tool read_file
server.registerTool("list", { description: "d" }, async () => ({ content: [] })); //> tool list
const transport = new StdioClientTransport({ command: "npx", args: ["-y", "@modelcontextprotocol/server-everything"] }); //> mcp-server @modelcontextprotocol/server-everything

Settings.llm = new OpenAI({ model: "gpt-4o-2024-05-13" }); //> gpt-4o-2024-05-13
Settings.embedModel = new OpenAIEmbedding({ model: "text-embedding-3-small" }); //> text-embedding-3-small
const small = new Ollama({ model: "gemma:2b" }); //> gemma:2b
