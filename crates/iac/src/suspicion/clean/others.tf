# Configuration with its protections in place, to weaken one at a time. Written for bartizan.

resource "kubernetes_pod" "a" {
  metadata {
    namespace = "apps"
  }
  spec {
    host_network                    = false
    host_pid                        = false
    host_ipc                        = false
    automount_service_account_token = false
    service_account_name            = "app"
    security_context {
      run_as_non_root = true
      run_as_user     = 1000
      seccomp_profile {
        type = "RuntimeDefault"
      }
    }
    container {
      image             = "registry.test/app@sha256:0123"
      image_pull_policy = "Always"
      security_context {
        privileged                 = false
        allow_privilege_escalation = false
        read_only_root_filesystem  = true
        run_as_non_root            = true
        capabilities {
          drop = ["ALL"]
        }
      }
      resources {
        limits = {
          cpu    = "500m"
          memory = "128Mi"
        }
        requests = {
          cpu    = "250m"
          memory = "64Mi"
        }
      }
      liveness_probe {
        http_get {
          path = "/live"
          port = 8080
        }
      }
    }
  }
}

resource "kubernetes_deployment" "a" {
  spec {
    template {
      spec {
        automount_service_account_token = false
        container {
          image = "registry.test/app@sha256:0123"
          security_context {
            privileged                 = false
            allow_privilege_escalation = false
            read_only_root_filesystem  = true
            capabilities {
              drop = ["ALL"]
            }
          }
          env {
            name = "TOKEN"
            value_from {
              secret_key_ref {
                name = "app"
                key  = "token"
              }
            }
          }
        }
      }
    }
  }
}

resource "kubernetes_network_policy" "a" {
  spec {
    policy_types = ["Ingress", "Egress"]
    ingress {
      from {
        ip_block {
          cidr = "10.0.0.0/8"
        }
      }
    }
    egress {
      to {
        ip_block {
          cidr = "10.0.0.0/8"
        }
      }
    }
  }
}

resource "kubernetes_role" "a" {
  rule {
    api_groups = ["apps"]
    resources  = ["deployments"]
    verbs      = ["get", "list"]
  }
}

resource "kubernetes_cluster_role" "a" {
  rule {
    api_groups = [""]
    resources  = ["pods"]
    verbs      = ["get"]
  }
}

resource "kubernetes_pod_security_policy" "a" {
  spec {
    privileged                 = false
    allow_privilege_escalation = false
    read_only_root_filesystem  = true
    host_network               = false
    host_pid                   = false
    host_ipc                   = false
  }
}

resource "kubernetes_service_account" "a" {
  automount_service_account_token = false
}

resource "kubernetes_ingress" "a" {
  spec {
    tls {
      secret_name = "certificate"
    }
  }
}

resource "alicloud_oss_bucket" "a" {
  acl = "private"
  logging {
    target_bucket = alicloud_oss_bucket.logs.id
  }
  server_side_encryption_rule {
    sse_algorithm     = "KMS"
    kms_master_key_id = alicloud_kms_key.a.id
  }
  versioning {
    status = "Enabled"
  }
}

resource "alicloud_db_instance" "a" {
  engine             = "MySQL"
  ssl_action         = "Open"
  tde_status         = "Enabled"
  security_ips       = ["10.23.12.24/32"]
  encryption_key     = alicloud_kms_key.a.id
  sql_collector_status = "Enabled"
}

resource "alicloud_security_group_rule" "a" {
  type              = "ingress"
  ip_protocol       = "tcp"
  policy            = "accept"
  port_range        = "443/443"
  cidr_ip           = "10.0.0.0/8"
  security_group_id = alicloud_security_group.a.id
}

resource "alicloud_disk" "a" {
  encrypted  = true
  kms_key_id = alicloud_kms_key.a.id
}

resource "alicloud_kms_key" "a" {
  automatic_rotation     = "Enabled"
  rotation_interval      = "365d"
  pending_window_in_days = 30
  is_enabled             = true
}

resource "alicloud_slb_listener" "a" {
  protocol          = "https"
  tls_cipher_policy = "tls_cipher_policy_1_2"
}

resource "alicloud_ram_account_password_policy" "a" {
  minimum_password_length      = 14
  require_lowercase_characters = true
  require_uppercase_characters = true
  require_numbers              = true
  require_symbols              = true
  max_password_age             = 60
  password_reuse_prevention    = 24
}

resource "alicloud_cs_kubernetes" "a" {
  endpoint_public_access_enabled = false
  audit_log_config {
    enabled = true
  }
}

resource "digitalocean_firewall" "a" {
  inbound_rule {
    protocol         = "tcp"
    port_range       = "22"
    source_addresses = ["192.168.1.0/24"]
  }
  outbound_rule {
    protocol              = "tcp"
    port_range            = "443"
    destination_addresses = ["192.168.1.0/24"]
  }
}

resource "digitalocean_loadbalancer" "a" {
  redirect_http_to_https = true
  forwarding_rule {
    entry_port     = 443
    entry_protocol = "https"
    target_port    = 443
  }
}

resource "digitalocean_droplet" "a" {
  monitoring = true
  ssh_keys   = [data.digitalocean_ssh_key.a.id]
}

resource "openstack_networking_secgroup_rule_v2" "a" {
  direction        = "ingress"
  protocol         = "tcp"
  port_range_min   = 22
  port_range_max   = 22
  remote_ip_prefix = "10.0.0.0/8"
}

resource "openstack_compute_instance_v2" "a" {
  key_pair   = "x"
  admin_pass = var.password
}

resource "nifcloud_security_group_rule" "a" {
  description = "inside only"
  type        = "IN"
  protocol    = "TCP"
  from_port   = 22
  to_port     = 22
  cidr_ip     = "10.0.0.0/16"
}

resource "nifcloud_db_instance" "a" {
  publicly_accessible     = false
  network_id              = nifcloud_private_lan.a.id
  backup_retention_period = 7
  password                = var.password
}

resource "nifcloud_load_balancer" "a" {
  instance_port      = 443
  load_balancer_port = 443
  ssl_policy_name    = "Standard Ciphers D ver1"
}

resource "github_repository" "a" {
  visibility           = "private"
  vulnerability_alerts = true
}

resource "github_branch_protection" "a" {
  require_signed_commits = true
  enforce_admins         = true
  required_pull_request_reviews {
    required_approving_review_count = 2
  }
}

resource "github_organization_webhook" "a" {
  configuration {
    url          = "https://x.test/"
    secret       = var.secret
    insecure_ssl = false
  }
}

resource "databricks_cluster" "a" {
  is_pinned          = true
  enable_elastic_disk = false
  aws_attributes {
    instance_profile_arn = databricks_instance_profile.a.id
  }
}

resource "databricks_ip_access_list" "a" {
  enabled      = true
  ip_addresses = ["10.0.0.0/24"]
}

resource "tencentcloud_cbs_storage" "a" {
  encrypt = true
}

resource "tencentcloud_instance" "a" {
  allocate_public_ip      = false
  disable_monitor_service = false
  disable_security_service = false
}

resource "tencentcloud_security_group_rule_set" "a" {
  ingress {
    action     = "ACCEPT"
    cidr_block = "10.0.0.0/22"
    protocol   = "TCP"
    port       = "80-90"
  }
}
