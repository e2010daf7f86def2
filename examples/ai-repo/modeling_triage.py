"""The triage model."""

import torch
from torch import nn
from transformers import PreTrainedModel

from .configuration_triage import TriageConfig


class TriageModel(PreTrainedModel):
    config_class = TriageConfig

    def __init__(self, config):
        super().__init__(config)
        self.layers = nn.ModuleList(nn.Linear(config.hidden_size, config.hidden_size) for _ in range(config.num_hidden_layers))
        self.classifier = nn.Linear(config.hidden_size, 2)

    def forward(self, inputs):
        for layer in self.layers:
            inputs = torch.relu(layer(inputs))
        return self.classifier(inputs)
