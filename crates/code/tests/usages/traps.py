"""Nothing here is a use.

    from transformers import AutoModel
    AutoModel.from_pretrained("doc/string-model-7b")
"""
import logging
import os
import sys
import unittest

import pandas as pd
from datasets import load_dataset
from transformers import AutoModel, AutoTokenizer, TrainingArguments

logger = logging.getLogger("gpt-4o")
URL = "https://huggingface.co/some/url-model-7b"
UNUSED = "unused/constant-7b"
DOCS = {"model": "dead/dictionary-7b"}
HELP = "Use --model meta-llama/Llama-2-7b-hf or gpt-4"

# model = AutoModel.from_pretrained("commented/out-7b")


def helper(name):
    """Loads AutoModel.from_pretrained("docs/in-function")."""
    logger.info("loading model google/flan-t5-xl")
    print("try gpt-4o or claude-3-opus-20240229")
    raise ValueError("model bert-base-uncased is not supported")


class Test(unittest.TestCase):
    def test_name(self):
        self.assertEqual(os.path.basename("facebook/opt-6.7b"), "opt-6.7b")


def dynamic(path):
    model = AutoModel.from_pretrained(path)
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    below = AutoModel.from_pretrained(os.path.join(path, "encoder"))
    data = load_dataset(path, "csv")
    frame = pd.read_csv(sys.stdin)
    arguments = TrainingArguments(output_dir="acme/finetuned-model", hub_model_id="acme/finetuned-model")
    model.save_pretrained("acme/saved-model")
    model.push_to_hub("acme/pushed-model")
    return tokenizer, below, data, frame, arguments


def sizes():
    return {"gpt-4o": 128000, "claude-3-opus-20240229": 200000}


def price(model):
    if model == "gpt-4-turbo" or model.startswith("claude-3"):
        return 1
    return sizes().get(model)
