import OpenAI from "openai";
import { config as shared } from "./config";

const client = new OpenAI(); //> service openai

enum Models {
  Fast = "gpt-3.5-turbo",
  Smart = "gpt-4",
}

const DEFAULTS = { model: "gpt-4o", nested: { embed: "text-embedding-3-small" } };
const settings = { ...DEFAULTS, temperature: 0 };
const { model: renamed, nested: { embed } } = DEFAULTS;
const LIST = ["gpt-4o-mini", "o1-mini"];
const version = "4.1";

interface Options {
  model?: string;
}

async function ask(options: Options = {}) {
  const { model = "gpt-4.1-mini" } = options;
  return client.chat.completions.create({ model, messages: [] }); //> gpt-4.1-mini
}

const arrow = async ({ model = "o3" }: Options) => client.responses.create({ model, input: "x" }); //> o3

export class Bot {
  static readonly DEFAULT = "gpt-4o-2024-08-06";
  constructor(private readonly model: string = Bot.DEFAULT) {}
  ask() {
    return client.chat.completions.create({ model: this.model, messages: [] }); //> gpt-4o-2024-08-06
  }
}

export async function all(flag: boolean, name?: string) {
  await client.chat.completions.create({ model: Models.Fast, messages: [] }); //> gpt-3.5-turbo
  await client.chat.completions.create({ ...settings, messages: [] }); //> gpt-4o
  await client.chat.completions.create({ model: renamed, messages: [] }); //> gpt-4o
  await client.embeddings.create({ model: embed, input: "" }); //> text-embedding-3-small
  await client.chat.completions.create({ model: flag ? "gpt-4-turbo" : Models.Smart, messages: [] }); //> gpt-4-turbo; gpt-4
  await client.chat.completions.create({ model: name ?? "gpt-4o-audio-preview", messages: [] }); //> gpt-4o-audio-preview
  await client.chat.completions.create({ model: `gpt-${version}-nano`, messages: [] }); //> gpt-4.1-nano
  await client.chat.completions.create({ model: import.meta.env.VITE_MODEL || "gpt-5", messages: [] }); //> gpt-5
  for (const model of LIST) {
    await client.chat.completions.create({ model, messages: [] }); //> gpt-4o-mini; o1-mini
  }
  await Promise.all(LIST.map((model) => client.chat.completions.create({ model, messages: [] }))); //> gpt-4o-mini; o1-mini
  await client.chat.completions.create({ model: shared.model, messages: [] });
  await client.chat.completions.create({ model: process.env.MODEL!, messages: [] });
}
