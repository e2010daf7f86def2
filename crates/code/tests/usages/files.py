"""Models and data that lie in files."""
import os
import pickle
from pathlib import Path

import cv2
import h5py
import joblib
import lightgbm as lgb
import mlflow
import numpy as np
import onnxruntime as rt
import pandas as pd
import polars as pl
import tensorflow as tf
import torch
import xgboost as xgb
from catboost import CatBoostClassifier
from datasets import Dataset, load_dataset, load_from_disk
from keras.models import load_model
from llama_cpp import Llama
from safetensors.torch import load_file
from sklearn.datasets import fetch_20newsgroups, fetch_openml, load_breast_cancer
from torchvision import datasets as vision_datasets
from torchvision.datasets import MNIST
import tensorflow_datasets as tfds

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL_DIR = Path("artifacts")
DATA = Path(__file__).resolve().parent / "data"

with open("models/vectorizer.pkl", "rb") as handle:
    vectorizer = pickle.load(handle)  #> models/vectorizer.pkl
classifier = pickle.load(open(os.path.join(HERE, "models", "clf.pickle"), "rb"))  #> models/clf.pickle
scaler = joblib.load(MODEL_DIR / "scaler.joblib")  #> artifacts/scaler.joblib
state = torch.load("checkpoints/epoch_10.pth", map_location="cpu", weights_only=True)  #> checkpoints/epoch_10.pth
script = torch.jit.load("net_scripted.pt")  #> net_scripted.pt
tensors = load_file("out/adapter_model.safetensors")  #> out/adapter_model.safetensors
session = rt.InferenceSession(str(MODEL_DIR / "net.onnx"), providers=["CPUExecutionProvider"])  #> artifacts/net.onnx
keras_model = load_model("model.h5")  #> model.h5
saved = tf.saved_model.load("export/1/")  #> export/1/
lite = tf.lite.Interpreter(model_path="mobile.tflite")  #> mobile.tflite
booster = xgb.Booster()
booster.load_model("xgb.ubj")  #> xgb.ubj
trees = lgb.Booster(model_file="lgb.txt")  #> lgb.txt
cat = CatBoostClassifier()
cat.load_model("cat.cbm")  #> cat.cbm
gguf = Llama(model_path="models/q4.gguf", n_ctx=2048)  #> models/q4.gguf
face = cv2.dnn.readNetFromCaffe("deploy.prototxt", "res10.caffemodel")  #> res10.caffemodel
registered = mlflow.pyfunc.load_model("models:/churn/Production")  #> models:/churn/Production

train = pd.read_csv("data/train.csv", sep=";")  #> dataset data/train.csv
test = pd.read_parquet(DATA / "test.parquet")  #> dataset data/test.parquet
remote = pd.read_csv("https://example.org/iris.csv")  #> dataset https://example.org/iris.csv
lazy = pl.scan_parquet("s3://bucket/events/*.parquet")  #> dataset s3://bucket/events/*.parquet
array = np.load("features.npy")  #> dataset features.npy
h5 = h5py.File("data/train.h5", "r")  #> dataset data/train.h5
own = load_dataset("json", data_files={"train": "train.jsonl", "test": "test.jsonl"})  #> dataset train.jsonl; dataset test.jsonl
squad = load_dataset("rajpurkar/squad", split="validation")  #> dataset rajpurkar/squad
glue = load_dataset("glue", "mrpc")  #> dataset glue
images = load_dataset("imagefolder", data_dir="./pictures")  #> dataset ./pictures
tokenised = load_from_disk("data/tokenised")  #> dataset data/tokenised
built = Dataset.from_dict({"a": [1]})
mnist = MNIST("data", train=True, download=True)  #> dataset MNIST
cifar = vision_datasets.CIFAR100(root="./data", train=False)  #> dataset CIFAR100
flowers, info = tfds.load("tf_flowers", with_info=True)  #> dataset tf_flowers
(x, y), _ = tf.keras.datasets.fashion_mnist.load_data()  #> dataset fashion_mnist
cancer = load_breast_cancer()  #> dataset breast_cancer
news = fetch_20newsgroups(subset="train")  #> dataset 20newsgroups
adult = fetch_openml(name="adult", version=2)  #> dataset adult
lines = tf.data.TextLineDataset("poems.txt")  #> dataset poems.txt

train.to_csv("out.csv")
joblib.dump(scaler, "saved/scaler.joblib")
torch.save(state, "saved/net.pt")
with open("notes.txt") as notes:
    text = notes.read()
