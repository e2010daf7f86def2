variable "team" {
  type    = string
  default = "triage"
}

variable "open" {
  description = "Reachable from outside, for demonstrations."
  type        = bool
  default     = false
}

variable "database_password" {
  type      = string
  sensitive = true
}
