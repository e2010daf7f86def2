//! Who provides a model: from what it is called, and from what calls it.

use super::naming::{is_hub_id, is_of_family, starts_any};

/// Providers that write their name before a slash or colon.
pub(super) const PREFIXES: &[&str] = &[
    "openai",
    "azure",
    "anthropic",
    "google",
    "gemini",
    "vertex_ai",
    "vertexai",
    "google-gla",
    "google-vertex",
    "google_genai",
    "google_vertexai",
    "groq",
    "mistral",
    "mistralai",
    "cohere",
    "bedrock",
    "bedrock_converse",
    "ollama",
    "ollama_chat",
    "together",
    "together_ai",
    "togethercomputer",
    "fireworks",
    "fireworks_ai",
    "openrouter",
    "deepseek",
    "xai",
    "replicate",
    "huggingface",
    "hosted_vllm",
    "perplexity",
    "azure_openai",
    "watsonx",
    "databricks",
    "litellm",
    "lm_studio",
    "nvidia",
    "nvidia_nim",
    "sagemaker",
    "github",
];

/// Those that write their name before a whole id, `together_ai/Qwen/Qwen2.5-7B`; what follows is the model's own name.
const ROUTERS: &[&str] = &[
    "hosted_vllm",
    "vllm",
    "huggingface",
    "together_ai",
    "together",
    "openrouter",
    "groq",
    "nvidia_nim",
    "deepinfra",
    "replicate",
];

/// Owners on the hub that are providers of their own models too. What they publish with weights is the hub's.
const PUBLISHERS: &[&str] = &["google", "openai"];

/// A model's name apart from its provider, where a colon parts them, `openai:gpt-4o`, or where a whole id follows,
/// `hosted_vllm/Qwen/Qwen2.5-7B`. Tags, as in `mistral:7b`, stay.
pub(crate) fn apart(name: &str) -> Option<(&'static str, &str)> {
    if let Some((router, id)) = name.split_once('/')
        && is_hub_id(id)
        && let Some(router) = ROUTERS.iter().find(|known| **known == router)
    {
        return Some((*router, id));
    }
    let (provider, model) = name.split_once(':')?;
    let provider = PREFIXES.iter().find(|known| **known == provider)?;
    let is_name = is_of_family(&model.to_ascii_lowercase()) || model.contains('/');
    let is_family = is_of_family(provider);
    (is_name || !is_family && !model.is_empty()).then_some((*provider, model))
}

/// A provider's plain name: `google` for `google-gla`.
pub(crate) fn plain(prefix: &'static str) -> &'static str {
    match prefix {
        "azure" | "azure_openai" => "azure-openai",
        "gemini" | "google-gla" | "google_genai" => "google",
        "vertex_ai" | "vertexai" | "google-vertex" | "google_vertexai" => "google-vertex",
        "mistralai" => "mistral",
        "bedrock" | "bedrock_converse" => "aws-bedrock",
        "ollama_chat" => "ollama",
        "together_ai" | "togethercomputer" => "together",
        "fireworks_ai" => "fireworks",
        "nvidia_nim" => "nvidia",
        "hosted_vllm" | "vllm" => "huggingface",
        other => other,
    }
}

/// Who provides what a package calls, by the words in the callee's path: `langchain_groq.ChatGroq`.
pub(crate) fn by_callee(path: &str) -> Option<&'static str> {
    let known: &[(&str, &str)] = &[
        ("azure", "azure-openai"),
        ("bedrock", "aws-bedrock"),
        ("groq", "groq"),
        ("together", "together"),
        ("fireworks", "fireworks"),
        ("nvidia", "nvidia"),
        ("deepseek", "deepseek"),
        ("xai", "xai"),
        ("voyage", "voyage"),
        ("cerebras", "cerebras"),
        ("perplexity", "perplexity"),
        ("mistral", "mistral"),
        ("cohere", "cohere"),
        ("anthropic", "anthropic"),
        ("ollama", "ollama"),
        ("openrouter", "openrouter"),
        ("replicate", "replicate"),
        ("huggingface", "huggingface"),
        ("transformers", "huggingface"),
        ("databricks", "databricks"),
        ("watsonx", "watsonx"),
        ("langchain_ibm", "watsonx"),
        ("elevenlabs", "elevenlabs"),
        ("deepgram", "deepgram"),
        ("google-vertex", "google-vertex"),
        ("vertexai", "google-vertex"),
        ("google", "google"),
        ("gemini", "google"),
        ("@ai-sdk/openai", "openai"),
    ];
    let lower = path.to_ascii_lowercase();
    known.iter().find(|(word, _)| lower.contains(word)).map(|(_, provider)| *provider)
}

/// Who provides a model, by its name alone.
pub(crate) fn by_name(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let known: &[(&[&str], &str)] = &[
        (
            &[
                "gpt-",
                "chatgpt-",
                "o1",
                "o3",
                "o4-",
                "text-embedding-",
                "text-davinci",
                "dall-e",
                "whisper-1",
                "tts-1",
            ],
            "openai",
        ),
        (&["claude-"], "anthropic"),
        (&["gemini-", "text-bison", "chat-bison", "imagen-"], "google"),
        (&["command-", "embed-english", "embed-multilingual", "rerank-"], "cohere"),
        (&["amazon.", "anthropic.", "meta.", "us.", "eu.", "apac.", "cohere.", "ai21."], "aws-bedrock"),
        (&["mistral-", "open-mi", "codestral", "ministral"], "mistral"),
        (&["grok-"], "xai"),
        (&["deepseek-chat", "deepseek-reasoner"], "deepseek"),
    ];
    let told = known.iter().find(|(starts, _)| starts_any(&lower, starts)).map(|(_, provider)| *provider);
    let told = told.filter(|_| !lower.starts_with("gpt-oss"));
    told.or_else(|| {
        // `groq/llama-3.3-70b-versatile`, as routers of requests write it.
        let (prefix, model) = lower.split_once('/')?;
        // Routers spell names small; `mistralai/Mistral-7B-v0.1` is the hub's.
        if name.split_once('/').is_some_and(|(_, model)| model.bytes().any(|byte| byte.is_ascii_uppercase()))
        {
            return None;
        }
        let prefix = PREFIXES.iter().find(|known| **known == prefix)?;
        if PUBLISHERS.contains(prefix) && (model.starts_with("whisper-") || by_name(model).is_none()) {
            return None;
        }
        is_of_family(model).then(|| plain(prefix))
    })
}

/// Who provides a model, by its name alone; what has the form of the hub's ids is the hub's.
pub(crate) fn by_name_or_hub(name: &str) -> Option<&'static str> {
    by_name(name).or_else(|| is_hub_id(name).then_some("huggingface"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routers_and_the_hub_spell_the_same_model_differently() {
        assert_eq!(by_name("mistralai/Mistral-7B-Instruct-v0.2"), None);
        assert_eq!(by_name("mistralai/mistral-large-2411"), Some("mistral"));
        assert_eq!(by_name("gpt-4o"), Some("openai"));
        for (name, expected) in [
            ("google/gemini-2.0-flash", "google"),
            ("google/gemma-2-2b", "huggingface"),
            ("google/flan-t5-base", "huggingface"),
            ("openai/gpt-4o", "openai"),
            ("openai/gpt-oss-20b", "huggingface"),
            ("openai/whisper-large-v3", "huggingface"),
        ] {
            assert_eq!(by_name_or_hub(name), Some(expected), "{name}");
        }
        assert_eq!(apart("hosted_vllm/org/m-7b"), Some(("hosted_vllm", "org/m-7b")));
        assert_eq!(apart("groq/llama-3.1-8b-instant"), None);
    }
}
