// import OpenAI from "openai"; new OpenAI().chat.completions.create({ model: "gpt-4-commented" })
import OpenAI from "openai";
import { pipeline } from "stream/promises";
import { useState } from "react";

/* pipeline("text-generation", "Xenova/commented-model-7b") */
const UNUSED = "gpt-4-unused";
const PRICES: Record<string, number> = { "gpt-4o": 5, "claude-3-opus-20240229": 15 };
type Model = "gpt-4" | "gpt-3.5-turbo";

export function Picker({ onChange }: { onChange: (model: Model) => void }) {
  const [model, setModel] = useState<Model>("gpt-4");
  console.log("gpt-4o", "meta-llama/Llama-2-7b");
  return (
    <select value={model} onChange={(event) => onChange(event.target.value as Model)}>
      <option value="gpt-4">GPT-4</option>
      <option value="gpt-3.5-turbo">gpt-3.5-turbo</option>
    </select>
  );
}

export async function copy(model: string) {
  if (model === "gpt-4-turbo") throw new Error("gpt-4-turbo is not allowed");
  await pipeline("source", "Xenova/stream-target");
  return fetch("https://cars.example/api", { method: "POST", body: JSON.stringify({ model: "civic-type-r" }) });
}
