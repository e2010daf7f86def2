"""Ways from a name to the call that uses it."""
import argparse
import functools
import os
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Annotated, NamedTuple, Optional

import click
import transformers
import typer
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings
from transformers import AutoModel, AutoTokenizer, HfArgumentParser, pipeline

try:
    from vllm import LLM
except ImportError:
    LLM = None

load = AutoModel.from_pretrained
ORG = "acme"
NAMES = ("bert", "gpt")
SIZES = {"small": "acme/small-1b", "large": "acme/large-7b"}
DEFAULT_SIZE = "small"
NESTED = {"models": {"chat": {"name": "acme/nested-7b", "revision": "main"}}, "list": ["acme/first", "acme/second"]}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Size(str, Enum):
    BIG = "acme/enum-70b"


class Row(NamedTuple):
    name: str = "acme/row"


@dataclass
class Arguments:
    model_name_or_path: str = field(default="acme/dataclass-7b", metadata={"help": "acme/help"})  #> acme/dataclass-7b
    output: str = "acme/output-dir"


class Settings(BaseSettings):
    llm_model: str = Field("acme/settings-7b", env="LLM")  #> acme/settings-7b
    name: str = "acme/not-a-model-7b"


class Base:
    model_id = "acme/base-class"

    @property
    def revision_name(self):
        return "acme/property"

    @staticmethod
    def static():
        return "acme/static"


class Derived(Base):
    cache = {}

    def __init__(self, name: Optional[str] = None, size="large"):
        self.name = name or "acme/or-default"
        self.size = size
        self.tokenizer = None

    def run(self):
        load(self.model_id)  #> acme/base-class
        load(self.name)  #> acme/or-default
        load(SIZES[self.size])  #> acme/large-7b
        load(self.revision_name)  #> acme/property
        load(self.static())  #> acme/static


def positional():
    AutoModel.from_pretrained(f"{ORG}/{NAMES[0]}")  #> acme/bert
    AutoModel.from_pretrained("/".join([ORG, "joined"]))  #> acme/joined
    AutoModel.from_pretrained("{org}/{name}".format(org=ORG, name="formatted"))  #> acme/formatted
    AutoModel.from_pretrained("acme/" "implicit")  #> acme/implicit
    AutoModel.from_pretrained(SIZES[DEFAULT_SIZE])  #> acme/small-1b
    AutoModel.from_pretrained(SIZES.get("large"))  #> acme/large-7b
    AutoModel.from_pretrained(NESTED["models"]["chat"]["name"], revision=NESTED["models"]["chat"]["revision"])  #> acme/nested-7b
    AutoModel.from_pretrained(NESTED["list"][1])  #> acme/second
    AutoModel.from_pretrained(Size.BIG.value)  #> acme/enum-70b
    AutoModel.from_pretrained(Size.BIG)  #> acme/enum-70b
    AutoModel.from_pretrained(Row().name)  #> acme/row
    AutoModel.from_pretrained(Row(name="acme/given-row").name)  #> acme/given-row
    AutoModel.from_pretrained(SimpleNamespace(model="acme/namespace").model)  #> acme/namespace
    AutoModel.from_pretrained(getattr(SIZES, "x", "acme/getattr-default"))  #> acme/getattr-default
    getattr(transformers, "AutoModel").from_pretrained("acme/by-getattr")  #> acme/by-getattr
    cls = transformers.AutoModelForCausalLM
    cls.from_pretrained("acme/by-class")  #> acme/by-class


def loops():
    for name, path in {"a": "acme/items-a", "b": "acme/items-b"}.items():
        load(path)  #> acme/items-a; acme/items-b
    for index, path in enumerate(["acme/enum-a", "acme/enum-b"]):
        load(path)  #> acme/enum-a; acme/enum-b
    for label, path in zip(["x", "y"], ["acme/zip-a", "acme/zip-b"]):
        load(path)  #> acme/zip-a; acme/zip-b
    for entry in [{"id": "acme/dict-a"}, {"id": "acme/dict-b"}]:
        load(entry["id"])  #> acme/dict-a; acme/dict-b
    models = [load(name) for name in ("acme/comp-a", "acme/comp-b")]  #> acme/comp-a; acme/comp-b
    by_name = {name: load(name) for name in ["acme/map-a"]}  #> acme/map-a
    return models, by_name, list(map(load, ["acme/mapped"]))


def environment():
    load(os.environ.get("MODEL", "acme/env-get"))  #> acme/env-get
    load(os.getenv("MODEL", default="acme/getenv"))  #> acme/getenv
    load(os.environ["MODEL"])
    name = os.environ.get("OTHER")
    if not name:
        name = "acme/if-not"
    load(name)  #> acme/if-not
    os.environ.setdefault("THIRD", "acme/setdefault")


def partials():
    loader = partial(AutoModel.from_pretrained, "acme/partial")  #> acme/partial
    loader()
    quick = functools.partial(pipeline, "text-generation", model="acme/partial-pipeline")  #> acme/partial-pipeline
    options = {"pretrained_model_name_or_path": "acme/spread"}
    AutoModel.from_pretrained(**options)  #> acme/spread
    return quick


def assignments(flag):
    name = "acme/first-bound"
    load(name)  #> acme/first-bound
    name = "acme/second-bound"
    load(name)  #> acme/second-bound
    one, two = "acme/tuple-a", "acme/tuple-b"
    load(two)  #> acme/tuple-b
    if (walrus := "acme/walrus"):
        load(walrus)  #> acme/walrus
    chosen = "acme/yes" if flag else "acme/no"
    load(chosen)  #> acme/yes; acme/no
    match flag:
        case 1:
            picked = "acme/case-1"
        case _:
            picked = "acme/case-2"
    load(picked)  #> acme/case-1; acme/case-2
    prefix = "acme"
    prefix += "/augmented"
    load(prefix)  #> acme/augmented
    late = {}
    late["model"] = "acme/subscript"
    load(late["model"])  #> acme/subscript
    config = SimpleNamespace()
    config.model = "acme/attribute"
    load(config.model)  #> acme/attribute


@lru_cache
def cached(name: str = "acme/cached"):
    return load(name)  #> acme/cached


def called(name):
    return load(name)  #> acme/from-caller; acme/from-caller-2


called("acme/from-caller")
called(name="acme/from-caller-2")


def nested_call(size="small"):
    def inner():
        return load(SIZES[size])  #> acme/small-1b

    return inner()


def command_line():
    parser = ArgumentParser()
    parser.add_argument("--model-path", type=str, default="acme/argparse", help="acme/help-text-7b")
    parser.add_argument("-t", "--tokenizer", default=SIZES["large"])
    parser.add_argument("base", nargs="?", default="acme/positional")
    args = parser.parse_args()
    load(args.model_path)  #> acme/argparse
    AutoTokenizer.from_pretrained(args.tokenizer)  #> acme/large-7b
    load(args.base)  #> acme/positional
    run(args)


def run(options: Namespace):
    LLM(model=options.model_path, revision=COMMIT)  #> acme/argparse


def huggingface():
    (arguments,) = HfArgumentParser(Arguments).parse_args_into_dataclasses()
    load(arguments.model_name_or_path)  #> acme/dataclass-7b


@click.command()
@click.option("--model", "-m", default="acme/click")
def by_click(model):
    load(model)  #> acme/click


app = typer.Typer()


@app.command()
def by_typer(
    model: str = typer.Option("acme/typer", help="x"),
    other: Annotated[str, typer.Option(help="y")] = "acme/typer-annotated",
):
    load(model)  #> acme/typer
    load(other)  #> acme/typer-annotated


class Request(BaseModel):
    model: str = "acme/request-7b"


def handle(request: Request, settings: Settings):
    load(request.model)  #> acme/request-7b
    load(settings.llm_model)  #> acme/settings-7b


settings = Settings()
load(settings.llm_model)  #> acme/settings-7b
