"""Models of hubs, as code loads them. Not a use: AutoModel.from_pretrained("doc/string")."""
import torch
import transformers
import open_clip
import spacy
import timm
import tensorflow_hub as hub
import whisper
import nltk
import stanza
from diffusers import StableDiffusionPipeline, ControlNetModel, DiffusionPipeline as DP
from faster_whisper import WhisperModel
from huggingface_hub import HfApi, InferenceClient, hf_hub_download, snapshot_download
from peft import AutoPeftModelForCausalLM, PeftModel, LoraConfig
from sentence_transformers import CrossEncoder, SentenceTransformer
from torchvision.models import resnet50, ResNet50_Weights, get_model
from torchvision import models as tvm
from transformers import (
    AutoModelForCausalLM as Causal,
    AutoProcessor,
    AutoTokenizer,
    BitsAndBytesConfig,
    GPT2LMHeadModel,
    pipeline,
)
from trl import SFTTrainer
from ultralytics import YOLO
from unsloth import FastLanguageModel
from vllm import LLM, SamplingParams

model_id = "mistralai/Mistral-7B-v0.1"

tokenizer = AutoTokenizer.from_pretrained(model_id, use_fast=True)  #> mistralai/Mistral-7B-v0.1
model = Causal.from_pretrained(  #> mistralai/Mistral-7B-v0.1
    model_id,
    quantization_config=BitsAndBytesConfig(load_in_4bit=True),
    device_map="auto",
)
processor = transformers.AutoProcessor.from_pretrained("openai/whisper-tiny")  #> openai/whisper-tiny
gpt2 = GPT2LMHeadModel.from_pretrained("gpt2")  #> gpt2
summarise = pipeline("summarization", "facebook/bart-large-cnn", device=0)  #> facebook/bart-large-cnn
zero_shot = transformers.pipeline(task="zero-shot-classification", model="facebook/bart-large-mnli")  #> facebook/bart-large-mnli
asr = pipeline(model="openai/whisper-large-v3")  #> openai/whisper-large-v3
by_default = pipeline("sentiment-analysis")
tuned = PeftModel.from_pretrained(model, "tloen/alpaca-lora-7b")  #> tloen/alpaca-lora-7b
auto = AutoPeftModelForCausalLM.from_pretrained("ybelkada/opt-350m-lora")  #> ybelkada/opt-350m-lora
config = LoraConfig(base_model_name_or_path="facebook/opt-350m", task_type="CAUSAL_LM")  #> facebook/opt-350m
fast, tok = FastLanguageModel.from_pretrained(model_name="unsloth/llama-3-8b-bnb-4bit", max_seq_length=2048)  #> unsloth/llama-3-8b-bnb-4bit
trainer = SFTTrainer(model="facebook/opt-125m", train_dataset=None)  #> facebook/opt-125m
embedder = SentenceTransformer("all-mpnet-base-v2", device="cpu")  #> all-mpnet-base-v2
ranker = CrossEncoder("BAAI/bge-reranker-v2-m3")  #> BAAI/bge-reranker-v2-m3
pipe = StableDiffusionPipeline.from_pretrained(  #> CompVis/stable-diffusion-v1-4
    "CompVis/stable-diffusion-v1-4",
)
control = ControlNetModel.from_pretrained("lllyasviel/sd-controlnet-canny")  #> lllyasviel/sd-controlnet-canny
pipe.load_lora_weights("sayakpaul/sd-model-finetuned-lora-t4")  #> sayakpaul/sd-model-finetuned-lora-t4
pipe.load_ip_adapter("h94/IP-Adapter", subfolder="models", weight_name="ip.bin")  #> h94/IP-Adapter
turbo = DP.from_pretrained("stabilityai/sdxl-turbo").to("cuda")  #> stabilityai/sdxl-turbo
weights = hf_hub_download("TheBloke/Llama-2-7B-GGUF", filename="llama-2-7b.Q4_K_M.gguf")  #> TheBloke/Llama-2-7B-GGUF
folder = snapshot_download(repo_id="bigscience/bloom-560m", revision="main")  #> bigscience/bloom-560m
rows = hf_hub_download(repo_id="HuggingFaceH4/no_robots", filename="x.json", repo_type="dataset")  #> dataset HuggingFaceH4/no_robots
client = InferenceClient("HuggingFaceH4/zephyr-7b-beta", token="x")  #> HuggingFaceH4/zephyr-7b-beta; service huggingface-inference
answer = client.text_generation("Hello")
info = HfApi().model_info("google/flan-t5-base")  #> google/flan-t5-base
resnet = resnet50(weights=ResNet50_Weights.IMAGENET1K_V2)  #> resnet50
older = tvm.vgg16(pretrained=True)  #> vgg16
named = get_model("swin_t", weights="DEFAULT")  #> swin_t
plain = tvm.alexnet()
vit = timm.create_model("vit_small_patch14_dinov2.lvd142m", pretrained=True)  #> vit_small_patch14_dinov2.lvd142m
clip, _, preprocess = open_clip.create_model_and_transforms("hf-hub:laion/CLIP-ViT-g-14-laion2B-s12B-b42K")  #> laion/CLIP-ViT-g-14-laion2B-s12B-b42K
midas = torch.hub.load("intel-isl/MiDaS", "MiDaS_small", pretrained=True)  #> intel-isl/MiDaS:MiDaS_small
yolo5 = torch.hub.load(repo_or_dir="ultralytics/yolov5", model="yolov5s")  #> ultralytics/yolov5:yolov5s
use = hub.KerasLayer("https://tfhub.dev/google/universal-sentence-encoder/4")  #> https://tfhub.dev/google/universal-sentence-encoder/4
nlp = spacy.load("en_core_web_trf", disable=["ner"])  #> en_core_web_trf
stanza.download("en")  #> en
nltk.download("punkt")  #> dataset punkt
speech = whisper.load_model("medium.en")  #> medium.en
faster = WhisperModel("distil-large-v3", device="cuda")  #> distil-large-v3
yolo = YOLO("yolo11n-seg.pt")  #> yolo11n-seg.pt
engine = LLM(model="Qwen/Qwen2.5-1.5B-Instruct", dtype="half")  #> Qwen/Qwen2.5-1.5B-Instruct
print("loading", "meta-llama/Llama-2-70b-hf")
model.push_to_hub("acme/my-model")
