"""Frameworks for applications and agents."""
import autogen
import dspy
import instructor
from agents import Agent, Runner, function_tool
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from crewai import LLM, Agent as CrewAgent, Crew, Task
from haystack.components.embedders import SentenceTransformersTextEmbedder
from haystack.components.generators import OpenAIGenerator
from haystack.components.generators.chat import HuggingFaceLocalChatGenerator
from langchain import hub
from langchain.chat_models import init_chat_model
from langchain.prompts import ChatPromptTemplate
from langchain_anthropic import ChatAnthropic
from langchain_aws import ChatBedrockConverse
from langchain_chroma import Chroma
from langchain_cohere import CohereRerank
from langchain_community.embeddings import HuggingFaceBgeEmbeddings, OllamaEmbeddings
from langchain_community.llms import LlamaCpp, Ollama
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
from langchain_huggingface import HuggingFaceEndpoint, HuggingFacePipeline
from langchain_ollama import ChatOllama
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings
from langgraph.prebuilt import create_react_agent
from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.ollama import Ollama as LlamaOllama
from llama_index.llms.openai import OpenAI
from mem0 import Memory
from openai import OpenAI as Client
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.openai import OpenAIModel
from semantic_kernel.connectors.ai.open_ai import AzureChatCompletion, OpenAIChatCompletion
from smolagents import CodeAgent, DuckDuckGoSearchTool, InferenceClientModel, LiteLLMModel

ANSWER_PROMPT = """You answer questions about {topic}."""

llm = ChatOpenAI(model_name="gpt-3.5-turbo-16k", temperature=0)  #> gpt-3.5-turbo-16k
embeddings = OpenAIEmbeddings(model="text-embedding-ada-002")  #> text-embedding-ada-002
azure = AzureChatOpenAI(azure_deployment="gpt-4o-eu", api_version="2024-05-01-preview")  #> gpt-4o-eu
claude = ChatAnthropic(model="claude-3-5-haiku-latest", max_tokens=100)  #> claude-3-5-haiku-latest
gemini = ChatGoogleGenerativeAI(model="gemini-1.5-pro")  #> gemini-1.5-pro
vectors = GoogleGenerativeAIEmbeddings(model="models/embedding-001")  #> models/embedding-001
bedrock = ChatBedrockConverse(model="anthropic.claude-3-opus-20240229-v1:0")  #> anthropic.claude-3-opus-20240229-v1:0
local = ChatOllama(model="llama3.1:70b")  #> llama3.1:70b
older = Ollama(model="mistral")  #> mistral
nomic = OllamaEmbeddings(model="nomic-embed-text")  #> nomic-embed-text
bge = HuggingFaceBgeEmbeddings(model_name="BAAI/bge-large-en")  #> BAAI/bge-large-en
endpoint = HuggingFaceEndpoint(repo_id="mistralai/Mistral-7B-Instruct-v0.3")  #> mistralai/Mistral-7B-Instruct-v0.3
piped = HuggingFacePipeline.from_model_id(model_id="gpt2-medium", task="text-generation")  #> gpt2-medium
rerank = CohereRerank(model="rerank-multilingual-v3.0")  #> rerank-multilingual-v3.0
cpp = LlamaCpp(model_path="./models/llama-2-7b.Q4_0.gguf")  #> ./models/llama-2-7b.Q4_0.gguf
any_model = init_chat_model("gpt-4.1", model_provider="openai")  #> gpt-4.1
prefixed = init_chat_model("anthropic:claude-sonnet-4-0")  #> claude-sonnet-4-0
store = Chroma(collection_name="docs", embedding_function=embeddings)  #> vector-store chromadb
prompt = ChatPromptTemplate.from_messages([("system", ANSWER_PROMPT), ("human", "{question}")])  #> prompt prompt
shared = hub.pull("hwchase17/react")  #> prompt hwchase17/react
messages = [SystemMessage(content="Only JSON."), HumanMessage(content="x")]  #> prompt system-prompt


@tool
def add(a: int, b: int) -> int:  #> tool add
    """Adds."""
    return a + b


graph = create_react_agent("openai:gpt-4.1-mini", tools=[add])  #> agent graph; gpt-4.1-mini

Settings.llm = OpenAI(model="gpt-4-turbo", temperature=0.1)  #> gpt-4-turbo
Settings.embed_model = HuggingFaceEmbedding(model_name="BAAI/bge-base-en-v1.5")  #> BAAI/bge-base-en-v1.5
writer = Anthropic(model="claude-3-haiku-20240307")  #> claude-3-haiku-20240307
cheap = LlamaOllama(model="gemma2:2b", request_timeout=60.0)  #> gemma2:2b
documents = SimpleDirectoryReader("./data").load_data()  #> dataset ./data
index = VectorStoreIndex.from_documents(documents, embed_model="local:BAAI/bge-small-en-v1.5")  #> vector-store VectorStoreIndex; BAAI/bge-small-en-v1.5

generator = OpenAIGenerator(model="gpt-4o-mini")  #> gpt-4o-mini
embedder = SentenceTransformersTextEmbedder(model="sentence-transformers/all-MiniLM-L12-v2")  #> sentence-transformers/all-MiniLM-L12-v2
at_home = HuggingFaceLocalChatGenerator(model="HuggingFaceH4/zephyr-7b-beta", task="text-generation")  #> HuggingFaceH4/zephyr-7b-beta

lm = dspy.LM("openai/gpt-4o", api_key="x")  #> openai/gpt-4o
dspy.configure(lm=dspy.LM(model="ollama_chat/llama3.2", api_base="http://localhost:11434"))  #> ollama_chat/llama3.2

planner = LLM(model="gpt-4", temperature=0.7)  #> gpt-4
researcher = CrewAgent(role="Senior Researcher", goal="x", backstory="y", llm=planner)  #> agent Senior Researcher
editor = CrewAgent(role="Editor", goal="x", backstory="y", llm="gemini/gemini-2.0-flash-exp")  #> agent Editor; gemini/gemini-2.0-flash-exp
crew = Crew(agents=[researcher, editor], tasks=[], manager_llm="gpt-4o")  #> gpt-4o

config_list = [{"model": "gpt-4-32k", "api_key": "x"}]
assistant = autogen.AssistantAgent("assistant", llm_config={"config_list": config_list, "seed": 42})  #> agent assistant; gpt-4-32k
user = autogen.UserProxyAgent(name="user", human_input_mode="NEVER")  #> agent user
modern = AssistantAgent("weather", model_client=OpenAIChatCompletionClient(model="gpt-4o-2024-11-20"))  #> agent weather; gpt-4o-2024-11-20

helper = PydanticAgent("google-gla:gemini-1.5-flash", system_prompt="Be concise.")  #> agent helper; gemini-1.5-flash; prompt system-prompt
second = PydanticAgent(OpenAIModel("gpt-4o"), name="second")  #> agent second; gpt-4o
triage = Agent(name="Triage", instructions="Route.", model="o3-mini")  #> agent Triage; o3-mini; prompt system-prompt


@function_tool
def weather(city: str) -> str:  #> tool weather
    return "sunny"


coder = CodeAgent(tools=[DuckDuckGoSearchTool()], model=InferenceClientModel(model_id="Qwen/Qwen2.5-72B-Instruct"))  #> agent coder; tool DuckDuckGoSearchTool; Qwen/Qwen2.5-72B-Instruct
lite = LiteLLMModel("anthropic/claude-3-7-sonnet-latest")  #> anthropic/claude-3-7-sonnet-latest
kernel = OpenAIChatCompletion(ai_model_id="gpt-4o", service_id="chat")  #> gpt-4o
kernel_azure = AzureChatCompletion(deployment_name="sk-gpt4", endpoint="https://x.openai.azure.com")  #> sk-gpt4
structured = instructor.from_openai(Client())  #> service openai
structured.chat.completions.create(model="gpt-4o-mini", response_model=dict, messages=[])  #> gpt-4o-mini
memory = Memory.from_config(  #> gpt-4.1-mini; BAAI/bge-small-en
    {
        "llm": {"provider": "openai", "config": {"model": "gpt-4.1-mini"}},
        "embedder": {"provider": "huggingface", "config": {"model": "BAAI/bge-small-en"}},
    }
)
provider = instructor.from_provider("anthropic/claude-3-5-sonnet-20241022")  #> anthropic/claude-3-5-sonnet-20241022
