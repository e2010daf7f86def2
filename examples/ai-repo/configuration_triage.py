"""Configuration of the triage model."""

from transformers import PretrainedConfig


class TriageConfig(PretrainedConfig):
    model_type = "triage"

    def __init__(self, hidden_size=64, num_hidden_layers=2, **kwargs):
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        super().__init__(**kwargs)
