# Values of the demonstration.
team = "triage"
open = true
