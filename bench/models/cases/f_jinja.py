"""Chat templates in template files, tokenizer configurations and plain JSON."""
import json

import templates
from common import ident, words

FAM = "jinja"


def tok(tpl, **kw):
    d = {"add_bos_token": True, "added_tokens_decoder": {"0": {"content": "<unk>", "lstrip": False, "special": True}}, "bos_token": "<s>", "eos_token": "</s>", "clean_up_tokenization_spaces": False, "model_max_length": 4096, "tokenizer_class": "LlamaTokenizer", "chat_template": tpl}
    d.update(kw)
    return json.dumps(d, indent=2)


def build(s):
    rng = s.rng(FAM)
    forms = [("chat_template.jinja", lambda t: t), ("tokenizer_config.json", tok), ("chat_template.json", lambda t: json.dumps({"chat_template": t})), ("tokenizer_config.json", lambda t: tok([{"name": "default", "template": templates.BENIGN[0][1]}, {"name": "tool_use", "template": t}])),
             ("prompt.j2", lambda t: t), ("processor_config.json", lambda t: json.dumps({"processor_class": "LlavaProcessor", "chat_template": t})), ("template.jinja2", lambda t: t)]
    for tech, t in templates.HOSTILE:
        good = rng.choice(templates.BENIGN)[1]
        full = rng.choice([t, good + t, t + good])
        name, f = rng.choice(forms[:4] + forms)
        s.add(FAM, "malicious", name, f(full).encode(), "template injection: %s, in %s" % (tech, name), "ssti")
    for tech, t in rng.sample(templates.HOSTILE[:40], 12):
        name, f = forms[rng.choice([1, 2, 3])]
        data = f(t)
        esc = "".join("\\u%04x" % ord(c) if c in "_.c" else c for c in data) if False else data.replace("_", "\\u005f")
        json.loads(esc)
        s.add(FAM, "malicious", name, esc.encode(), "template injection with JSON escapes: %s" % tech, "ssti")
    for tech, t in templates.BACKDOOR:
        for name, f in (forms[0], forms[1]):
            s.add(FAM, "suspicious", name, f(t).encode(), "template backdoor: %s" % tech, "template-backdoor")
    for tech, t in templates.BENIGN:
        for i in (0, rng.choice([1, 1, 3])):
            name, f = forms[i]
            s.add(FAM, "benign", name, f(t).encode(), "ordinary template: %s" % tech)
    for i in range(4):
        name, f = forms[rng.choice([2, 5, 6])]
        tech, t = rng.choice(templates.BENIGN)
        s.add(FAM, "benign", name, f(t).encode(), "ordinary template: %s in %s" % (tech, name))
    s.add(FAM, "benign", "tokenizer_config.json", tok(None).encode(), "no template")
    s.add(FAM, "benign", "chat_template.jinja", b"", "empty template")
    s.add(FAM, "benign", "prompt.jinja", b"Summarise the text.\n\n{{ text }}\n\nSummary:", "prompt without control flow")
    s.add(FAM, "review", "chat_template.jinja", b"{% for m in messages %}{{ m.content }", "template that does not parse")
    s.add(FAM, "review", "page.html", b"<html><body>{% block content %}{{ user.name }}{% endblock %}</body></html>", "web page template")
