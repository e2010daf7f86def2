"""Fits and saves real models as their users do, scans them, and fails on any finding of medium or above.

    python real_models.py OUT --binary target/release/bartizan

Libraries that are not installed are left out and named. Beside `bench/census/requirements.txt` it was run with Python 3.11
and gguf 0.19.0, h5py 3.16.0, lz4 4.4.5, mlflow-skinny 3.17.2, onnx 1.23.2, onnxscript 0.7.2, safetensors 0.8.0,
sentencepiece 0.2.3, skl2onnx 1.20.0 and skops 0.16.0. No library needs the network.
"""

import argparse
import bz2
import gzip
import json
import lzma
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent / "census"))

import objects  # noqa: E402

BAD = ("medium", "high", "critical")


def dump(thing, path):
    with open(path, "wb") as out:
        pickle.dump(thing, out)


def sklearn(out):
    import joblib
    import numpy as np
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (
        GradientBoostingRegressor, HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier,
        StackingClassifier, VotingClassifier,
    )  # fmt: skip
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer, StandardScaler
    from sklearn.svm import SVC
    import pandas as pd

    x, labels, values = objects.data()
    table = pd.DataFrame(x, columns=list("abcd")).assign(word=["u", "v", "w"] * 20)
    columns = ColumnTransformer([("n", StandardScaler(), list("abcd")), ("w", OneHotEncoder(), ["word"])])
    pair = [("a", LogisticRegression()), ("b", SVC())]
    models = {
        "logistic": LogisticRegression().fit(x, labels),
        "forest": RandomForestClassifier(n_estimators=10).fit(x, labels),
        "boosting": GradientBoostingRegressor(n_estimators=10).fit(x, values),
        "histogram": HistGradientBoostingClassifier(max_iter=5).fit(x, labels),
        "isolation": IsolationForest(n_estimators=10).fit(x),
        "neighbours": KNeighborsClassifier(algorithm="kd_tree").fit(x, labels),
        "gaussian": GaussianProcessRegressor(RBF() + WhiteKernel()).fit(x, values),
        "perceptron": MLPClassifier((5,), max_iter=20).fit(x, labels),
        "calibrated": CalibratedClassifierCV(SVC(), method="isotonic", cv=2).fit(x, labels),
        "grid": GridSearchCV(SVC(), {"C": [1, 2]}, cv=2).fit(x, labels),
        "stack": StackingClassifier(pair, cv=2).fit(x, labels),
        "vote": VotingClassifier(pair).fit(x, labels),
        "columns": make_pipeline(columns, LogisticRegression()).fit(table, labels),
        "text": make_pipeline(TfidfVectorizer(), SGDClassifier()).fit(objects.TEXTS, [0, 1] * 10),
        "function": make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()).fit(x, labels),
        "spline": make_pipeline(SplineTransformer(), LogisticRegression()).fit(x, labels),
    }
    for name, model in models.items():
        dump(model, out / f"{name}.pkl")
        joblib.dump(model, out / f"{name}.joblib")
    for name in ("forest", "text"):
        for method in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
            joblib.dump(models[name], out / f"{name}.{method}.joblib", compress=(method, 3))
        joblib.dump(models[name], out / f"{name}.joblib.gz")
        for protocol in range(5):
            (out / f"{name}.protocol{protocol}.pickle").write_bytes(pickle.dumps(models[name], protocol))
        for opener, end in ((gzip.open, "gz"), (bz2.open, "bz2"), (lzma.open, "xz")):
            with opener(out / f"{name}.pkl.{end}", "wb") as file:
                pickle.dump(models[name], file)


def numpy_arrays(out):
    import numpy as np

    np.save(out / "floats.npy", np.ones((3, 3)))
    np.save(out / "structured.npy", np.zeros(3, [("a", "i4"), ("b", "U5")]))
    np.save(out / "objects.npy", np.array([{"a": 1}, None, "text"], object), allow_pickle=True)
    np.savez(out / "several.npz", a=np.ones(3), b=np.array(["x"]))
    np.savez_compressed(out / "compressed.npz", a=np.ones(3))
    dump({"generator": np.random.default_rng(1), "state": np.random.RandomState(1)}, out / "random.pkl")


def pandas(out):
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": pd.date_range("2020", periods=2, tz="UTC")})
    frame["d"] = frame["b"].astype("category")
    for end in ("pkl", "pkl.gz", "pkl.bz2", "pkl.xz", "pkl.zip", "pickle"):
        frame.to_pickle(out / f"frame.{end}")
    frame["a"].to_pickle(out / "series.pkl")


def xgboost(out):
    import xgboost as xgb

    x, labels, _ = objects.data()
    model = xgb.XGBClassifier(n_estimators=5).fit(x, labels)
    model.save_model(out / "model.json")
    model.save_model(out / "model.ubj")
    try:
        model.get_booster().save_model(out / "model.deprecated")
    except Exception:
        pass
    dump(model, out / "classifier.pkl")
    dump(model.get_booster(), out / "booster.pkl")
    model.get_booster().dump_model(out / "dump.txt")


def lightgbm(out):
    import joblib
    import lightgbm as lgb

    x, labels, _ = objects.data()
    model = lgb.LGBMClassifier(n_estimators=5, verbose=-1).fit(x, labels)
    model.booster_.save_model(out / "model.txt")
    dump(model, out / "classifier.pkl")
    dump(model.booster_, out / "booster.pkl")
    joblib.dump(model, out / "classifier.joblib")


def catboost(out):
    import catboost as cb

    x, labels, _ = objects.data()
    model = cb.CatBoostClassifier(iterations=5, verbose=False, allow_writing_files=False).fit(x, labels)
    model.save_model(str(out / "model.cbm"))
    model.save_model(str(out / "model.json"), format="json")
    dump(model, out / "classifier.pkl")


def statsmodels(out):
    import numpy as np
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    import pandas as pd

    x, labels, values = objects.data()
    noisy = values + np.random.RandomState(0).normal(size=60)
    frame = pd.DataFrame(x, columns=list("abcd")).assign(y=noisy)
    sm.OLS(noisy, x).fit().save(str(out / "ols.pickle"))
    sm.GLM(np.abs(noisy), x).fit().save(str(out / "glm.pickle"))
    smf.ols("y ~ a + b", frame).fit().save(str(out / "formula.pickle"))
    sm.tsa.ARIMA(noisy, order=(1, 0, 0)).fit().save(str(out / "arima.pickle"))
    sm.tsa.ExponentialSmoothing(noisy, trend="add", initialization_method="estimated").fit().save(str(out / "holt.pickle"))


def onnx(out):
    import numpy as np
    import onnx as o
    from onnx import TensorProto, helper, numpy_helper

    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 300])
    weight = numpy_helper.from_array(np.ones((4, 300), "f4"), "w")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [given], [result], [weight])
    model = helper.make_model(graph)
    o.save(model, out / "plain.onnx")
    o.save(model, out / "external.onnx", save_as_external_data=True, location="external.data", size_threshold=16)
    branch = lambda name, value: helper.make_graph(  # noqa: E731
        [helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.array([value], "f4")))],
        name, [], [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])],
    )  # fmt: skip
    node = helper.make_node("If", ["c"], ["z"], then_branch=branch("t", 1.0), else_branch=branch("e", 0.0))
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    chosen = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1])
    o.save(helper.make_model(helper.make_graph([node], "g", [condition], [chosen])), out / "branches.onnx")


def skl2onnx(out):
    from skl2onnx import to_onnx
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, labels, _ = objects.data()
    x = x.astype("f4")
    for name, model in {
        "logistic": LogisticRegression(), "forest": RandomForestClassifier(5), "boosting": GradientBoostingClassifier(),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    }.items():  # fmt: skip
        (out / f"{name}.onnx").write_bytes(to_onnx(model.fit(x, labels), x[:1]).SerializeToString())


def safetensors(out):
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"w": np.ones((2, 2), "f4"), "b": np.zeros(2, "f2")}, out / "model.safetensors", {"format": "np"})
    shards = {f"model-{n:05}-of-00002.safetensors": {f"w{n}": np.ones(4, "f4")} for n in (1, 2)}
    for name, tensors in shards.items():
        save_file(tensors, out / name, {"format": "pt"})
    index = {"metadata": {"total_size": 32}, "weight_map": {key: name for name, t in shards.items() for key in t}}
    (out / "model.safetensors.index.json").write_text(json.dumps(index))


def h5py(out):
    import h5py as h
    import numpy as np

    with h.File(out / "data.h5", "w") as file:
        file.create_dataset("group/data", data=np.ones((100, 10)), compression="gzip", chunks=True)
        file["group"].attrs["note"] = "a"


def keras(out):
    import keras as k

    x, labels, values = objects.data()
    dense = k.Sequential([k.layers.Input((4,)), k.layers.Dense(8, "relu"), k.layers.Dropout(0.1), k.layers.Dense(1)])
    dense.compile("adam", "mse")
    dense.fit(x, values, verbose=0)
    image = k.layers.Input((8, 8, 1))
    layer = k.layers.Flatten()(k.layers.MaxPooling2D()(k.layers.Conv2D(2, 3, activation="relu")(image)))
    convolution = k.Model(image, k.layers.Dense(2, "softmax")(layer))
    words = k.layers.Input((5,), dtype="int32")
    recurrent = k.Model(words, k.layers.Dense(1)(k.layers.LSTM(4)(k.layers.Embedding(20, 4)(words))))
    for name, model in {"dense": dense, "convolution": convolution, "recurrent": recurrent}.items():
        model.save(out / f"{name}.keras")
        model.save(out / f"{name}.h5")
        model.save_weights(out / f"{name}.weights.h5")
        (out / f"{name}.config.json").write_text(model.to_json())


def torch(out):
    import torch as t
    from torch import nn

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Linear(4, 4)

        def forward(self, x):
            if x.sum() > 0:
                return self.body(x)
            return x

    layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(72, 2))
    optimizer = t.optim.AdamW(layers.parameters())
    layers(t.ones(2, 1, 8, 8)).sum().backward()
    optimizer.step()
    t.save(layers.state_dict(), out / "state.pt")
    t.save(layers.state_dict(), out / "pytorch_model.bin")
    t.save(layers.state_dict(), out / "legacy.pth", _use_new_zipfile_serialization=False)
    t.save(layers, out / "module.pt")
    t.save(layers, out / "module.legacy.pth", _use_new_zipfile_serialization=False)
    t.save(nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2), 2), out / "transformer.pt")
    t.save(optimizer.state_dict(), out / "optimizer.pt")
    t.save(optimizer, out / "optimizer.whole.pt")
    t.save(t.optim.lr_scheduler.StepLR(optimizer, 1).state_dict(), out / "scheduler.pt")
    t.save(t.ones(3), out / "tensor.pt")
    t.save({"model": layers.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3,
            "args": argparse.Namespace(lr=0.1)}, out / "checkpoint.ckpt")  # fmt: skip
    t.save(objects.quantised(), out / "quantised.pt")
    t.save(objects.quantised().state_dict(), out / "quantised.state.pt")
    dump(layers, out / "module.pkl")
    dump(layers.state_dict(), out / "state.pkl")
    t.jit.script(Plain()).save(str(out / "scripted.pt"))
    t.jit.trace(layers, t.ones(1, 1, 8, 8)).save(str(out / "traced.pt"))
    t.jit.script(nn.LSTM(2, 2)).save(str(out / "recurrent.pt"))
    t.export.save(t.export.export(layers.eval(), (t.ones(1, 1, 8, 8),)), out / "exported.pt2")
    t.onnx.export(layers.eval(), (t.ones(1, 1, 8, 8),), str(out / "exported.onnx"), verbose=False)


def skops(out):
    import skops.io
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    x, labels, _ = objects.data()
    skops.io.dump(LogisticRegression().fit(x, labels), out / "logistic.skops")
    skops.io.dump(RandomForestClassifier(5).fit(x, labels), out / "forest.skops")


def gguf(out):
    import gguf as g
    import numpy as np

    writer = g.GGUFWriter(out / "model.gguf", "llama")
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<s>", "</s>", "a"])
    writer.add_chat_template("{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}")
    writer.add_tensor("token_embd.weight", np.ones((4, 32), "f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def mlflow(out):
    import mlflow.sklearn
    from sklearn.linear_model import LogisticRegression

    x, labels, _ = objects.data()
    for way in ("pickle", "cloudpickle"):
        mlflow.sklearn.save_model(LogisticRegression().fit(x, labels), out / way, serialization_format=way, pip_requirements=["scikit-learn"])


def flax(out):
    import flax.serialization
    import jax.numpy as jnp

    parameters = {"params": {"dense": {"kernel": jnp.ones((4, 4)), "bias": jnp.zeros(4)}}}
    (out / "flax_model.msgpack").write_bytes(flax.serialization.to_bytes(parameters))
    dump(parameters, out / "parameters.pkl")


def sentencepiece(out):
    import sentencepiece as s

    text = out / "text.txt"
    text.write_text("\n".join(objects.TEXTS * 20))
    s.SentencePieceTrainer.train(input=str(text), model_prefix=str(out / "tokenizer"), vocab_size=20, minloglevel=2)


def tokenizers(out):
    objects.tokenizer().save(str(out / "tokenizer.json"))


def transformers(out):
    import torch
    import transformers as t

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 50}
    tokenizer = t.PreTrainedTokenizerFast(tokenizer_object=objects.tokenizer(), unk_token="[UNK]")
    tokenizer.chat_template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}"
    models = {
        "bert": t.BertForSequenceClassification(t.BertConfig(**small)),
        "llama": t.LlamaForCausalLM(t.LlamaConfig(**small)),
        "gpt2": t.GPT2LMHeadModel(t.GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=50)),
    }
    for name, model in models.items():
        folder = out / name
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        torch.save(t.TrainingArguments(str(folder)), folder / "training_args.bin")
    torch.save(models["bert"], out / "bert.whole.pt")


def peft(out):
    import peft as p
    import transformers as t

    model = t.GPT2LMHeadModel(t.GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=50))
    p.get_peft_model(model, p.LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["c_attn"])).save_pretrained(out)


def lightning(out):
    import pytorch_lightning as pl
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    class Model(pl.LightningModule):
        def __init__(self, width=4):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(width, 1)

        def training_step(self, batch, _):
            return self.layer(batch[0]).sum()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False,
                         enable_model_summary=False, default_root_dir=out)  # fmt: skip
    trainer.fit(Model(), DataLoader(TensorDataset(torch.ones(8, 4)), 4))
    trainer.save_checkpoint(out / "model.ckpt")


def others(out):
    """One model each of libraries that models are pickled with."""
    for library in ("imblearn", "category_encoders", "umap", "hdbscan", "gensim", "nltk", "networkx", "lifelines"):
        try:
            makers = list(objects.SOURCES[library]())
        except Exception as error:
            print(f"  {library}: {error}")
            continue
        for label, make in makers:
            try:
                dump(make(), out / f"{library}.{label.replace('/', '_')}.pkl")
            except Exception as error:
                print(f"  {library} {label}: {type(error).__name__}: {str(error)[:80]}")


LIBRARIES = [
    sklearn, numpy_arrays, pandas, xgboost, lightgbm, catboost, statsmodels, onnx, skl2onnx, safetensors, h5py, keras, torch,
    skops, gguf, mlflow, flax, sentencepiece, tokenizers, transformers, peft, lightning, others,
]  # fmt: skip


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--binary", default="target/release/bartizan")
    arguments.add_argument("--scan-only", action="store_true", help="scan what an earlier run saved")
    arguments = arguments.parse_args()
    warnings.simplefilter("ignore")
    out = arguments.out
    if not arguments.scan_only:
        shutil.rmtree(out, ignore_errors=True)
        for library in LIBRARIES:
            folder = out / library.__name__
            folder.mkdir(parents=True)
            try:
                library(folder)
            except Exception as error:
                print(f"{library.__name__}: {type(error).__name__}: {str(error)[:200]}")
    counts = Counter(path.relative_to(out).parts[0] for path in out.rglob("*") if path.is_file())
    for name, count in sorted(counts.items()):
        print(f"{count:5} {name}")
    print(f"{sum(counts.values()):5} files")

    command = [arguments.binary, "scan", str(out), "--format", "json", "--no-config"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1, 3):
        print(done.stderr)
        return 2
    bad = [finding for finding in json.loads(done.stdout)["findings"] if finding["severity"] in BAD]
    for one in bad:
        evidence = "; ".join(f"{item['label']}={item['value']}" for item in one.get("evidence", []))
        print(f"{one['severity']} {one['rule']} {one['path']}: {one['message']} [{evidence[:300]}]")
    print(f"{len(bad)} findings of medium or above; exit code {done.returncode}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
